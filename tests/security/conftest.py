"""API and bridge as an attacker meets them: on real parts, where it matters behind real HTTP."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from temporalio.testing import WorkflowEnvironment

from adapters.http_server import Ending, serve_http
from adapters.keysets import load_aead, load_mac, new_aead_keyset, new_mac_keyset
from adapters.postgres.schema import migrate
from adapters.postgres.sealing import Sealer
from adapters.temporal.client import ensure_search_attributes
from local_stack.alone import postgres_alone
from local_stack.ports import LOOPBACK, Ports
from tests.namespaces import namespace_of_its_own
from tests.starter.conftest import REFUND_KEY, Shop, http_of, open_shop
from tests.webhook_bridge.notifications import SERVER_KEY
from webhook_bridge.app import create_app
from webhook_bridge.inbox import Inbox
from workflows.names import SEARCH_ATTRIBUTES

START_WITHIN = 60


@asynccontextmanager
async def served(app: Starlette, **options: Any) -> AsyncIterator[int]:
    """The app behind the HTTP server that our processes use; its port."""
    port, stop = Ports().choose(), asyncio.Event()
    ending = Ending(stop, timedelta(seconds=1))
    serving = asyncio.create_task(serve_http(app, LOOPBACK, port, ending, **options))
    try:
        async with asyncio.timeout(START_WITHIN):
            while not await _listens(port):
                await asyncio.sleep(0.01)
        yield port
    finally:
        stop.set()
        await serving


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except ConnectionRefusedError:
        return False
    with closing(writer):
        return True


@pytest.fixture(scope="session")
async def shop(
    temporal: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Shop]:
    client = await namespace_of_its_own(temporal.client, load_aead(new_aead_keyset()))
    await ensure_search_attributes(client, SEARCH_ATTRIBUTES)
    sealer = Sealer(load_aead(new_aead_keyset()), load_mac(new_mac_keyset()))
    async with postgres_alone(tmp_path_factory.mktemp("security")) as postgres:
        url = await postgres.create_database("payments")
        await migrate(url)
        async with open_shop(url, client, sealer) as shop:
            yield shop


@pytest.fixture(scope="session")
def bridge_app(shop: Shop) -> Starlette:
    return create_app(Inbox(shop.temporal, (SERVER_KEY,)))


@pytest.fixture
async def bridge(bridge_app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=bridge_app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
        yield client


@pytest.fixture
async def http(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """The API as the shop's checkout calls it."""
    async with shop.http() as client:
        yield client


@pytest.fixture
async def desk(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """The API as the help desk calls it, which may give money back."""
    async with http_of(shop.api(), REFUND_KEY) as client:
        yield client


@pytest.fixture
async def customer(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """A browser: without any key, and never sent elsewhere by itself."""
    async with shop.http(key=None) as client:
        yield client


@pytest.fixture
def order_id() -> str:
    return f"SKT-{secrets.token_hex(6)}"
