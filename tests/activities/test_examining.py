"""Batches of reconciliation on books, orders and a gateway in memory."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities.examining import heartbeats
from activities.reconciliation import ReconciliationActivities
from payments.cases import Case, CaseCode, CaseKey
from payments.changes import Terms
from payments.gateway import AttemptRef, StatusReport
from payments.payment import Payment
from payments.reconciliation import Batch, BatchResult
from payments.reconciling import DiscrepancyKind, RunKind
from payments.status import AttemptStatus
from tests.workflows.memory import MemoryRecords
from tests.workflows.reconciling import (
    AskedGateway,
    Books,
    MemoryOrders,
    MemoryReports,
    MemoryRuns,
    awaiting,
    paid,
)
from tests.workflows.samples import MERCHANT_ID

NAME = "SKT-1~1"
OPEN, RECENT = RunKind.OPEN, RunKind.RECENT


@dataclass
class ExactGateway(AskedGateway):
    """Notes which transaction it was asked about; None for an attempt as a whole."""

    asked_about: list[str | None] = field(default_factory=list)

    async def ask(self, attempt: AttemptRef) -> StatusReport | None:
        self.asked_about.append(None)
        return await super().ask(attempt)

    async def ask_about(self, attempt: AttemptRef, transaction_id: str) -> StatusReport | None:
        self.asked_about.append(transaction_id)
        return await super().ask(attempt)


class Desk:
    """One order, and what a batch does about it."""

    def __init__(self, payment: Payment, told: AttemptStatus) -> None:
        self.books: Books = {payment.order_id: payment}
        self.gateway = ExactGateway.of(self.books)
        self.gateway.held[NAME] = told
        self.orders = MemoryOrders(self.books, is_repairing=False)
        self.temporal = ActivityEnvironment()
        records = MemoryRecords(Terms(merchant_id=MERCHANT_ID, another_method=timedelta(days=1)))
        reports = MemoryReports(records)
        self.activities = ReconciliationActivities(
            self.gateway, MemoryRuns(self.books), self.orders, reports, reports, 1000
        )

    async def check(self, kind: RunKind = OPEN, run_id: str = "run-1") -> BatchResult:
        now = datetime.now(UTC)
        batch = Batch(run_id=run_id, kind=kind, since=now, after="", size=10, at=now)
        return await self.temporal.run(self.activities.check_batch, batch)


def overdue() -> Payment:
    payment = awaiting("SKT-1")
    long_ago = datetime.now(UTC) - timedelta(hours=1)
    return replace(payment, attempts=(replace(payment.attempts[0], expires_at=long_ago),))


def settled_back(payment: Payment, status: AttemptStatus) -> Payment:
    """A paid order whose money went again."""
    attempt = paid(payment).attempts[0]
    changed = replace(attempt.transactions[0], status=status)
    return replace(paid(payment), attempts=(attempt.with_changed(changed),))


async def test_an_order_that_waits_for_a_human_about_a_mismatch_is_not_told_again() -> None:
    key = CaseKey(code=CaseCode.MISMATCH, transaction_id=f"T-{NAME}")
    case = Case(key=key, attempt=1)
    waiting = replace(awaiting("SKT-1"), cases=(case,))
    of_a_human, of_nobody = (
        Desk(each, AttemptStatus.PAID) for each in (waiting, replace(waiting, cases=()))
    )

    found = [(await desk.check()).tally.found for desk in (of_a_human, of_nobody)]

    assert found == [{DiscrepancyKind.STATE_DIFFERS: 1}] * 2
    assert (len(of_a_human.orders.told), len(of_nobody.orders.told)) == (0, 1)


async def test_every_run_tells_the_same_difference_in_the_same_words() -> None:
    desk = Desk(awaiting("SKT-1"), AttemptStatus.PAID)

    await desk.check(run_id="run-1")
    await desk.check(run_id="run-2")

    assert [each.raw for each in desk.orders.told] == ['{"reconciliation": "state_differs"}'] * 2


@pytest.mark.parametrize("told", [AttemptStatus.PAID, AttemptStatus.PENDING])
async def test_what_an_order_learned_while_the_gateway_was_asked_is_no_difference(
    told: AttemptStatus,
) -> None:
    desk = Desk(overdue(), told)
    answer = desk.gateway.held_back[NAME] = asyncio.Event()
    checking = asyncio.create_task(desk.check())
    while not desk.gateway.asked_at:
        await asyncio.sleep(0)

    desk.books["SKT-1"] = paid(desk.books["SKT-1"])
    answer.set()
    result = await checking

    assert (result.tally.checked, result.tally.found) == (1, {})
    assert desk.orders.told == []


async def test_an_order_is_told_once_that_its_time_is_over_and_then_every_day() -> None:
    desk = Desk(overdue(), AttemptStatus.PENDING)
    runs = [(OPEN, "open-1"), (OPEN, "open-1"), (OPEN, "open-2"), (RECENT, "recent-1")]
    told = []

    for kind, run_id in runs:
        assert (await desk.check(kind, run_id)).tally.found == {DiscrepancyKind.OVERDUE: 1}
        told.append(len(desk.orders.told))

    # A batch that is repeated may not have told it the first time.
    assert told == [1, 2, 2, 3]


@pytest.mark.parametrize(
    ("status", "asked_about"),
    [(AttemptStatus.PARTIALLY_REFUNDED, f"T-{NAME}"), (AttemptStatus.REVERSED, None)],
)
async def test_an_attempt_whose_money_was_reversed_is_asked_about_as_a_whole(
    status: AttemptStatus, asked_about: str | None
) -> None:
    desk = Desk(settled_back(awaiting("SKT-1"), status), status)

    await desk.check()

    assert desk.gateway.asked_about == [asked_about]


async def test_a_batch_shows_that_it_lives_before_the_gateway_answers() -> None:
    desk = Desk(awaiting("SKT-1"), AttemptStatus.PENDING)
    answer = desk.gateway.held_back[NAME] = asyncio.Event()
    desk.temporal.on_heartbeat = lambda *_: answer.set()

    assert (await desk.check()).tally.checked == 1


async def test_heartbeats_go_on_for_as_long_as_there_is_work_and_no_longer() -> None:
    beats, is_third = list[asyncio.Task[object] | None](), asyncio.Event()

    def beat(*_: object) -> None:
        beats.append(asyncio.current_task())
        if len(beats) == 3:
            is_third.set()

    async def work() -> None:
        async with heartbeats(every=timedelta(milliseconds=1)):
            await is_third.wait()

    temporal = ActivityEnvironment()
    temporal.on_heartbeat = beat
    await temporal.run(work)
    await asyncio.sleep(0)

    assert len(beats) == 3
    assert all(beating is not None and beating.done() for beating in beats)
