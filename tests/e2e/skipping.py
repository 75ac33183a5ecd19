"""The service in this process, on a Temporal server that skips time for the runs it starts.

The gateway is the simulator in a process of its own; its clock is moved alongside.
"""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from adapters.keysets import load_aead, load_mac
from adapters.midtrans.gateway import MidtransGateway
from adapters.postgres.engine import create_engine
from adapters.postgres.schema import migrate
from adapters.postgres.sealing import Sealer
from adapters.temporal.converter import data_converter
from local_stack.alone import postgres_alone
from local_stack.mail_catcher import run_mail_catcher
from local_stack.ports import LOOPBACK
from local_stack.processes import running
from local_stack.stack import START_WAIT, Stack, planned, said
from settings import PREFIX, Settings
from starter.api import create_api
from starter.services import assembled
from tests.conftest import TEMPORAL
from tests.e2e.shop import Shop
from webhook_bridge.app import create_app
from webhook_bridge.inbox import Inbox
from worker import duties, worker_on
from workflows.names import SEARCH_ATTRIBUTES

SKIPPING = ("--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true")


@dataclass
class TimeMachine:
    """A shop whose time passes when told to, for a payment and for the gateway."""

    temporal: WorkflowEnvironment
    shop: Shop

    async def checkout(self, **changes: Any) -> dict[str, Any]:
        """Checkout an order now; from here on, time is skipped only when told to."""
        await self._set_gateway_clock(now=datetime.now(UTC).isoformat(), time_scale=0)
        with self.temporal.with_time_skipping_disabled():
            return await self.shop.checkout(**changes)

    async def pass_time(self, order_id: str, span: timedelta) -> None:
        """Let the time pass for the order's run first, for the gateway then."""
        await self.pass_run_time(order_id, span)
        await self._set_gateway_clock(advance_seconds=span.total_seconds())

    async def pass_run_time(self, order_id: str, span: timedelta) -> None:
        await self.temporal.fast_forward(self.shop.run(order_id), span)

    async def now(self, order_id: str) -> datetime:
        return await self.temporal.get_current_time(self.shop.run(order_id))

    async def _set_gateway_clock(self, **body: object) -> None:
        answer = await self.shop.http.put(f"{self.shop.simulator}/clock", json=body)
        assert answer.is_success, answer.text


@asynccontextmanager
async def time_machine(state_dir: Path) -> AsyncIterator[TimeMachine]:
    # Each question costs a second, and what is asked is the subject of other tests.
    stack = planned(state_dir, {**os.environ, "PAYMENTS_FIRST_ASK_SECONDS": "280"})
    async with AsyncExitStack() as parts:
        postgres = await parts.enter_async_context(postgres_alone(state_dir))
        url = await postgres.create_database("payments")
        await migrate(url)
        stack.environment["PAYMENTS_DATABASE_URL"] = url
        await parts.enter_async_context(
            run_mail_catcher(state_dir, port=stack.addresses.mail, certificates=stack.certificates)
        )
        gateway = await parts.enter_async_context(running(stack.simulator, stack.logs))
        await gateway.wait_until(said(gateway, "Midtrans simulator on"), START_WAIT)
        settings = _settings(stack)
        converter = data_converter(load_aead(settings.secret("keyset_temporal")), "default")
        temporal = await parts.enter_async_context(
            await WorkflowEnvironment.start_time_skipping_v2(
                dev_server_existing_path=TEMPORAL,
                dev_server_log_level="error",
                dev_server_extra_args=SKIPPING,
                search_attributes=list(SEARCH_ATTRIBUTES),
                data_converter=converter,
            )
        )
        api = await _serve(settings, temporal.client, parts)
        http = httpx.AsyncClient(
            verify=ssl.create_default_context(cafile=stack.certificates.ca),
            trust_env=False,
            timeout=30,
            mounts={stack.addresses.api_url: httpx.ASGITransport(api)},
        )
        await parts.enter_async_context(http)
        database = create_engine(url, application_name="tests")
        parts.push_async_callback(database.dispose)
        yield TimeMachine(temporal, Shop(stack, http, temporal.client, database))


def _settings(stack: Stack) -> Settings:
    given = {**stack.outer, **stack.environment}
    return Settings.model_validate(
        {
            name.removeprefix(PREFIX).lower(): value
            for name, value in given.items()
            if name.startswith(PREFIX)
        }
    )


async def _serve(settings: Settings, temporal: Client, parts: AsyncExitStack) -> FastAPI:
    """Run worker and bridge; return the API."""
    engine = create_engine(settings.secret("database_url"), application_name="tests")
    parts.push_async_callback(engine.dispose)
    gateway = MidtransGateway(settings.midtrans)
    parts.callback(gateway.shut_down)
    for queue, duty in duties(settings, engine, gateway, temporal).items():
        await parts.enter_async_context(worker_on(temporal, queue, duty))
    bridge = create_app(Inbox(temporal, (settings.secret("midtrans_server_key"),)))
    await parts.enter_async_context(_served(bridge, settings.bridge_port))
    sealer = Sealer(
        load_aead(settings.secret("keyset_database")), load_mac(settings.secret("keyset_lookup"))
    )
    return create_api(assembled(settings, engine, sealer, temporal).api_parts())


@asynccontextmanager
async def _served(app: ASGIApp, port: int) -> AsyncIterator[None]:
    config = uvicorn.Config(
        app, host=LOOPBACK, port=port, access_log=False, lifespan="off", log_config=None, ws="none"
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving
