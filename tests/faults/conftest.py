"""A whole service of which tests stop parts, and start them again."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest
from sqlalchemy.exc import DBAPIError
from temporalio.service import RPCError

from local_stack.ports import Ports
from local_stack.stack import START_WAIT, Stack, run_stack
from tests.e2e.shop import Shop, open_shop

Without = Callable[[str], AbstractAsyncContextManager[None]]
# Nobody asks by himself: what is found was told by a webhook, at once or later.
WINDOWS = {"PAYMENTS_FIRST_ASK_SECONDS": "240", "PAYMENTS_ABSENCE_SECONDS": "2"}
SERVERS = ("API", "BRIDGE", "CODEC", "WORKER")


@pytest.fixture(scope="session")
async def breakable_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    state_dir = tmp_path_factory.mktemp("a service to break")
    # Not the usual ones: while a part is away, nobody else shall take its place.
    ports = Ports()
    own = {f"PAYMENTS_{server}_PORT": str(ports.choose()) for server in SERVERS}
    async with run_stack(state_dir, {**os.environ, **WINDOWS, **own}, throw_away=True) as running:
        yield running
        async with open_shop(running) as shop:
            verdict = await shop.audit_verdict()
        assert verdict.broken is None, verdict


@pytest.fixture
async def breakable_shop(breakable_stack: Stack) -> AsyncIterator[Shop]:
    async with open_shop(breakable_stack) as shop:
        yield shop


@pytest.fixture
def without(breakable_shop: Shop) -> Without:
    """Stop a part for as long as the context lasts; it then goes on with its data and port."""

    @asynccontextmanager
    async def stopped(part: str) -> AsyncIterator[None]:
        child = breakable_shop.stack.children[part]
        await child.stop()
        try:
            yield
        finally:
            child.start()
            await child.wait_until(lambda: answers(breakable_shop, part), START_WAIT)

    return stopped


async def answers(shop: Shop, part: str) -> bool:
    try:
        match part:
            case "postgres":
                async with shop.database.connect():
                    return True
            case "temporal":
                return await shop.temporal.service_client.check_health()
            case _:
                return (await shop.http.get(f"{shop.simulator}/clock")).is_success
    except (DBAPIError, OSError, RPCError, RuntimeError, httpx.TransportError):
        return False
