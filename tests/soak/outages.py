"""Parts of the stack that stop or are killed, and go on after a while with what they have."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal, NamedTuple

from local_stack.mail_catcher import HANG_UP, MISBEHAVE
from tests.e2e.shop import Shop
from tests.faults.parts import stopped
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
    async with stopped(shop, blow.part):
        yield


@asynccontextmanager
async def _misbehaving(shop: Shop, how: str) -> AsyncIterator[None]:
    file = shop.stack.mail_dir.with_name(MISBEHAVE)
    file.write_text(how)
    try:
        yield
    finally:
        file.unlink()
