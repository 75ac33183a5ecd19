"""The parts of a stack, which stop and go on with what they have."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from sqlalchemy.exc import DBAPIError
from temporalio.service import RPCError

from local_stack.stack import START_WAIT
from tests.e2e.shop import Shop


@asynccontextmanager
async def stopped(shop: Shop, part: str) -> AsyncIterator[None]:
    """Stop a part for as long as the context lasts; it then goes on with its data and port."""
    child = shop.stack.children[part]
    await child.stop()
    try:
        yield
    finally:
        child.start()
        await child.wait_until(lambda: answers(shop, part), START_WAIT)


async def answers(shop: Shop, part: str) -> bool:
    """Whether it lives; it may be waiting for another that is away."""
    try:
        match part:
            case "postgres":
                async with shop.database.connect():
                    return True
            case "temporal":
                return await shop.temporal.service_client.check_health()
            case "simulator":
                return (await shop.http.get(f"{shop.simulator}/clock")).is_success
            case "api" | "bridge" | "worker":
                url: str = getattr(shop.stack.addresses, f"{part}_url")
                return (await shop.http.get(f"{url}/livez")).is_success
            case _:
                raise ValueError(f"nobody knows how to ask {part}")
    except (DBAPIError, OSError, RPCError, RuntimeError, httpx.TransportError):
        return False
