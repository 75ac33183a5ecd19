"""A worker killed at any point of a reconciliation run: the run ends as if nothing had been."""

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from sqlalchemy import select, update

from adapters.postgres.reconciliation_tables import discrepancies, reconciliation_runs
from local_stack.stack import Stack, run_stack
from payments.reconciling import RunKind
from tests.crash.caller import PATIENCE_SECONDS
from tests.crash.ends import End, ends
from tests.crash.points import Point
from tests.crash.waves import Theatre
from tests.faults.invariants import violations
from tests.figures import tell
from workflows.names import PAYMENTS_QUEUE, reconciliation_id
from workflows.reconciliation import Reconciliation, ReconciliationWorkflow

pytestmark = [pytest.mark.e2e, pytest.mark.proof]

FINANCE = "finance@skaters.example"
# Only reconciliation finds money that no notification tells of, and nobody slows it down.
ASKS_ALONE = {
    "PAYMENTS_FIRST_ASK_SECONDS": "3600",
    "PAYMENTS_RECONCILE_RATE": "200",
    "PAYMENTS_FINANCE_EMAIL": FINANCE,
}
UNTOLD = 3
BATCH = 3
# Whoever comes too late finds nothing to repair, or to alert about: he gets another chance.
ROUNDS = 8


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    state_dir = tmp_path_factory.mktemp("runs that are interrupted")
    async with run_stack(state_dir, {**os.environ, **ASKS_ALONE}, throw_away=True) as stack:
        stack.children["worker"].kill()
        yield stack


@dataclass(frozen=True, kw_only=True)
class Undisturbed:
    """A run without a crash: every point that it passed, and how its orders have ended.

    `left` is what it left to a human.
    """

    points: Sequence[Point]
    end: End
    orders: Sequence[str]
    left: set[tuple[str, str]]


async def test_a_crash_at_every_point_of_a_run_changes_nothing_about_its_end(
    theatre: Theatre, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    async with living(theatre):
        wrong = await paid(theatre, amount=35_000, notify=True)
    undisturbed = await recorded(theatre)

    kills, orders = 0, [wrong, *undisturbed.orders]
    left = undisturbed.points
    for _ in range(ROUNDS):
        if not left:
            break
        untold, died, left = await crash(theatre, left)
        assert await ends(theatre.shop, untold) == dict.fromkeys(untold, undisturbed.end)
        orders += untold
        kills += died

    figures = {
        "name": "crash.reconciliation",
        "points": len(undisturbed.points) - len(left),
        "kills": kills,
        "seconds": round(time.monotonic() - began, 1),
    }
    tell(capsys, figures)
    assert not left
    await every_run_has_ended_and_was_reported_once(theatre)
    assert await open_differences(theatre) == undisturbed.left
    assert not await violations(theatre.shop, orders)


async def recorded(theatre: Theatre) -> Undisturbed:
    async with living(theatre):
        await reconcile(theatre)
        await let_it_be_old(theatre)
        untold = [await paid(theatre) for _ in range(UNTOLD)]
        run_id = await reconcile(theatre)
        await at_rest(theatre, untold)
        points = theatre.book.points_of([run_id])
    [end] = set((await ends(theatre.shop, untold)).values())
    assert end.status == "paid"
    left = await open_differences(theatre)
    return Undisturbed(points=points, end=end, orders=untold, left=left)


async def crash(
    theatre: Theatre, points: Sequence[Point]
) -> tuple[Sequence[str], int, Sequence[Point]]:
    """A run for each point, all at once: the orders that they repaired, the kills, what was missed.

    What is left to the last run is what nobody repaired whose worker died too late to look again.
    """
    async with living(theatre):
        untold = [await paid(theatre) for _ in range(UNTOLD)]
    await let_it_be_old(theatre)
    planned = {new_run_id(): point for point in points}
    theatre.book.plan(planned)
    async with theatre.lives(theatre.worker) as deaths, asyncio.timeout(PATIENCE_SECONDS):
        await asyncio.gather(*(reconcile(theatre, each) for each in planned))
    missed = list(theatre.book.left().values())
    async with living(theatre):
        await at_rest(theatre, untold)
        await reconcile(theatre)
    return untold, len(deaths), missed


@asynccontextmanager
async def living(theatre: Theatre) -> AsyncIterator[None]:
    """Nobody dies as long as the context lasts."""
    theatre.book.plan({})
    async with theatre.lives(theatre.worker):
        yield


def new_run_id() -> str:
    return f"{reconciliation_id(RunKind.RECENT)}-{uuid.uuid4().hex}"


async def reconcile(theatre: Theatre, run_id: str | None = None) -> str:
    handle = await theatre.shop.temporal.start_workflow(
        ReconciliationWorkflow.run,
        Reconciliation(kind=RunKind.RECENT, batch_size=BATCH, settle=timedelta(seconds=1)),
        id=run_id or new_run_id(),
        task_queue=PAYMENTS_QUEUE,
    )
    await handle.result()
    return handle.id


async def paid(theatre: Theatre, **payer: Any) -> str:
    """An order whose customer has paid; nobody was told, unless the payer says so."""
    caller = theatre.caller(theatre.shop.new_order_id())
    await caller.checkout("bca_va")
    await caller.customer("pay", **{"notify": False, **payer})
    if payer:
        await caller.status("checking")
    return caller.order_id


async def at_rest(theatre: Theatre, order_ids: Sequence[str]) -> None:
    for order_id in order_ids:
        caller = theatre.caller(order_id)
        await caller.status("paid")
        await caller.at_rest()


async def let_it_be_old(theatre: Theatre) -> None:
    """What is open now has been so for days, and nobody was alerted."""
    first_seen_at = discrepancies.c.first_seen_at - timedelta(days=2)
    aged = update(discrepancies).where(discrepancies.c.resolved_at.is_(None))
    async with theatre.shop.database.begin() as connection:
        await connection.execute(aged.values(first_seen_at=first_seen_at, alerted_at=None))


async def open_differences(theatre: Theatre) -> set[tuple[str, str]]:
    """What is left to a human: of which order, and what differs."""
    own = discrepancies.c
    query = select(own.order_id, own.kind).where(own.resolved_at.is_(None))
    async with theatre.shop.database.connect() as connection:
        return {(row.order_id, row.kind) for row in await connection.execute(query)}


async def every_run_has_ended_and_was_reported_once(theatre: Theatre) -> None:
    own = reconciliation_runs.c
    async with theatre.shop.database.connect() as connection:
        rows = (await connection.execute(select(own.finished_at, own.sealed_pdf))).all()
    mails = (
        message_from_bytes(file.read_bytes(), policy=policy.default)
        for file in theatre.shop.stack.mail_dir.glob("*.eml")
    )
    reports = {str(each["Message-ID"]) for each in mails if str(each["To"]) == FINANCE}
    assert all(row.finished_at and row.sealed_pdf for row in rows)
    assert len(reports) == len(rows)
