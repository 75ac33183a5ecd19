import asyncio
import socket
import sysconfig
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from adapters.keysets import AeadKeyset, load_aead, new_aead_keyset
from adapters.temporal.client import connect
from tests.webhook_bridge.collector import Collector
from tests.webhook_bridge.notifications import OLD_SERVER_KEY, SERVER_KEY
from webhook_bridge.app import create_app
from webhook_bridge.inbox import Inbox
from workflows.names import PAYMENTS_QUEUE, SEARCH_ATTRIBUTES

KEYS = (SERVER_KEY, OLD_SERVER_KEY)
WEBHOOK = "/webhooks/midtrans"
# Signals to one workflow queue up in Temporal: more at once would only wait longer.
LIMITS = httpx.Limits(max_connections=20)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@asynccontextmanager
async def running_temporal(port: int | None = None) -> AsyncIterator[str]:
    """A Temporal server; its address."""
    async with await WorkflowEnvironment.start_local(
        port=port,
        dev_server_existing_path=str(Path(sysconfig.get_path("scripts")) / "temporal"),
        dev_server_log_level="error",
        search_attributes=SEARCH_ATTRIBUTES,
    ) as environment:
        yield environment.client.service_client.config.target_host


@asynccontextmanager
async def serving(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """The app behind a real HTTP server, and a client for it."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, access_log=False, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        async with httpx.AsyncClient(
            base_url=url, limits=LIMITS, timeout=60, trust_env=False
        ) as client:
            yield client
    finally:
        server.should_exit = True
        await serving


@pytest.fixture(scope="session")
def keyset() -> AeadKeyset:
    return load_aead(new_aead_keyset())


@pytest.fixture(scope="session")
async def temporal_address() -> AsyncIterator[str]:
    async with running_temporal() as address:
        yield address


@pytest.fixture(scope="session")
async def temporal(temporal_address: str, keyset: AeadKeyset) -> Client:
    return await connect(keyset, environment={"TEMPORAL_ADDRESS": temporal_address})


@pytest.fixture(scope="session")
async def worker(temporal: Client) -> AsyncIterator[Worker]:
    async with Worker(temporal, task_queue=PAYMENTS_QUEUE, workflows=[Collector]) as worker:
        yield worker


@pytest.fixture(scope="session")
async def bridge(temporal: Client, worker: Worker) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(create_app(Inbox(temporal, KEYS))) as client:
        yield client
