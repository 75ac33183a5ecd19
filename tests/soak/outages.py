"""Parts of the stack that stop or are killed, and go on after a while with what they have."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, NamedTuple

import httpx

from local_stack.mail_catcher import HANG_UP, MISBEHAVE
from local_stack.stack import START_WAIT
from tests.e2e.shop import Shop
from tests.faults.conftest import answers
from tests.soak.customers import Diary
from tests.soak.schedule import Outage, Trouble


class Blow(NamedTuple):
    part: str
    how: Literal["stop", "kill"]


BLOWS = {
    Trouble.DATABASE_STOPS: Blow("postgres", "stop"),
    Trouble.TEMPORAL_STOPS: Blow("temporal", "stop"),
    Trouble.WORKER_IS_KILLED: Blow("worker", "kill"),
    Trouble.BRIDGE_IS_KILLED: Blow("bridge", "kill"),
    Trouble.API_IS_KILLED: Blow("api", "kill"),
}
MAILS = {Trouble.MAIL_IS_REFUSED: "451 4.3.0 Try again later", Trouble.MAIL_HANGS_UP: HANG_UP}


async def strike(shop: Shop, outage: Outage, diary: Diary) -> None:
    await asyncio.sleep(outage.begins_after)
    blow = BLOWS.get(outage.trouble)
    while_it_lasts = (
        _misbehaving(shop, MAILS[outage.trouble]) if blow is None else _without(shop, blow)
    )
    async with while_it_lasts:
        diary.note(outage.trouble, "now")
        await asyncio.sleep(outage.lasts)
        diary.note(outage.trouble, "no more")
    diary.note(outage.trouble, "is over")


@asynccontextmanager
async def _without(shop: Shop, blow: Blow) -> AsyncIterator[None]:
    child = shop.stack.children[blow.part]
    if blow.how == "kill":
        child.kill()
    # Also waits for the end of what was killed.
    await child.stop()
    try:
        yield
    finally:
        child.start()
        await child.wait_until(lambda: _is_back(shop, blow.part), START_WAIT)


@asynccontextmanager
async def _misbehaving(shop: Shop, how: str) -> AsyncIterator[None]:
    file = shop.stack.mail_dir.with_name(MISBEHAVE)
    file.write_text(how)
    try:
        yield
    finally:
        file.unlink()


async def _is_back(shop: Shop, part: str) -> bool:
    addresses = shop.stack.addresses
    servers = {
        "worker": addresses.worker_url,
        "bridge": addresses.bridge_url,
        "api": addresses.api_url,
    }
    if part not in servers:
        return await answers(shop, part)
    try:
        # Alive, not ready: it may be waiting for another part that is away.
        return (await shop.http.get(f"{servers[part]}/livez")).is_success
    except httpx.TransportError:
        return False
