"""Every part is killed in turn, then all at once, while customers keep coming.

Nothing is lost and nothing doubled: at the gateway, in the database, in the feed, in the mailbox.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import cycle

import httpx
import pytest

from local_stack.polling import comes_true
from local_stack.processes import Child, ChildError, running
from local_stack.stack import START_WAIT, Stack, run_stack, said
from tests.e2e.shop import Shop, open_shop, until
from tests.faults.customers import Customers
from tests.faults.invariants import violations
from tests.faults.parts import answers
from tests.faults.traces import traces
from tests.figures import tell

pytestmark = [pytest.mark.e2e, pytest.mark.proof]

ROUNDS = 3
# What others need first is started first, when all have died at once.
ENGINES = ("postgres", "temporal")
SERVERS = ("bridge", "api")
WORKER = "worker"
PARTS = (WORKER, *SERVERS, *ENGINES)
# How long a part is away, and how long all goes well, before the next one dies.
AWAY_SECONDS = 2.0
WELL_SECONDS = 4.0
DIES_WITHIN = timedelta(seconds=10)
UNTIL_ALL_RUNS_END_SECONDS = 300
# A notification of a refund that nobody took is made up for by asking, and that is soon; no
# customer's time runs out because this machine is slow.
WINDOWS = {"PAYMENTS_REFUND_RETRY_SECONDS": "5", "PAYMENTS_PAYMENT_WINDOW_SECONDS": "3600"}


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    state_dir = tmp_path_factory.mktemp("a service under fire")
    async with run_stack(state_dir, {**os.environ, **WINDOWS}, throw_away=True) as running_stack:
        yield running_stack


@pytest.fixture
async def shop(stack: Stack) -> AsyncIterator[Shop]:
    async with open_shop(stack) as shop:
        yield shop


@pytest.mark.parametrize("workers", [2, 1], ids=["two workers", "one worker"])
async def test_whatever_is_killed_under_load_nothing_is_lost_and_nothing_doubled(
    shop: Shop, workers: int, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    customers = Customers(shop)
    is_enough = asyncio.Event()

    async with AsyncExitStack() as more:
        names = [WORKER, *[await another_worker(shop.stack, more) for _ in range(workers - 1)]]
        async with asyncio.TaskGroup() as meanwhile:
            meanwhile.create_task(customers.come_until(is_enough))
            kills = await kill_in_turn(shop, names, customers)
            is_enough.set()
        await all_runs_end(shop, customers.fates)

    # Our own connections died with the database.
    await shop.database.dispose()
    left = await traces(shop, customers.fates)
    lost, doubled = left.lost(customers.fates), left.doubled(customers.fates)
    broken = await violations(shop, customers.fates)
    figures = {
        "name": "kills.under_load",
        "workers": workers,
        "kills": dict(kills),
        "orders": dict(Counter(customers.fates.values())),
        "requests_repeated": customers.repeated,
        "mails_repeated": left.repeated_mails,
        "counted": left.counted(),
        "lost": lost.total(),
        "doubled": doubled.total(),
        "violations": len(broken),
        "seconds": round(time.monotonic() - began, 1),
    }
    tell(capsys, figures)
    assert (dict(lost), dict(doubled)) == ({}, {})
    assert not broken


async def another_worker(stack: Stack, more: AsyncExitStack) -> str:
    name = f"{WORKER}-{len(stack.children)}"
    worker = await more.enter_async_context(running(stack.program(name, WORKER), stack.logs))
    stack.children[name] = worker
    more.callback(stack.children.pop, name)
    await worker.wait_until(said(worker, "worker.started"), START_WAIT)
    return name


async def kill_in_turn(shop: Shop, workers: Sequence[str], customers: Customers) -> Counter[str]:
    """How often each part died, each time with orders under way."""
    kills: Counter[str] = Counter()
    next_worker = cycle(workers)
    turns = [(next(next_worker) if part == WORKER else part,) for part in PARTS * ROUNDS]
    for victims in [*turns, (*ENGINES, *SERVERS, *workers)]:
        await asyncio.sleep(WELL_SECONDS)
        await until(lambda: some_are_under_way(customers))
        children = [shop.stack.children[name] for name in victims]
        await killed(children)
        await asyncio.sleep(AWAY_SECONDS)
        for child in children:
            await started_again(shop, child)
        kills.update(victims)
    return kills


async def some_are_under_way(customers: Customers) -> bool | None:
    """Nothing can be lost of orders that nobody makes."""
    return bool(customers.under_way) or None


async def killed(children: Sequence[Child]) -> None:
    for child in children:
        child.kill()
    assert await comes_true(lambda: all(child.exit_code for child in children), DIES_WITHIN)


async def started_again(shop: Shop, child: Child) -> None:
    """As whoever supervises processes does: again and again, until it stays and answers."""
    async with asyncio.timeout(START_WAIT.total_seconds()):
        while True:
            child.start()
            try:
                await child.wait_until(lambda: is_there(shop, child), START_WAIT)
            except ChildError:
                # PostgreSQL does not start while sessions of the killed one are still ending.
                await asyncio.sleep(0.5)
            else:
                return


async def is_there(shop: Shop, child: Child) -> bool:
    match child.name:
        case "postgres" | "temporal":
            return await answers(shop, child.name)
        case "api" | "bridge":
            return await is_ready(shop, child.name)
        case _:
            return "worker.started" in child.said()


async def is_ready(shop: Shop, server: str) -> bool:
    addresses = shop.stack.addresses
    url = addresses.api_url if server == "api" else addresses.bridge_url
    try:
        return (await shop.http.get(f"{url}/readyz")).is_success
    except httpx.TransportError:
        return False


async def all_runs_end(shop: Shop, order_ids: Collection[str]) -> None:
    async with asyncio.timeout(UNTIL_ALL_RUNS_END_SECONDS):
        await asyncio.gather(*(shop.run(order_id).result() for order_id in order_ids))
