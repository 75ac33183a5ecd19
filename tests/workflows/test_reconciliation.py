"""Reconciliation on a real Temporal server; books, orders and gateway are in memory."""

import asyncio
import uuid
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import pytest
from temporalio.api.history.v1 import ActivityTaskScheduledEventAttributes
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from payments.alerts import AlertCode
from payments.errors import (
    GatewayBusyError,
    GatewayRefusedError,
    GatewayUnreachableError,
    PermanentError,
)
from payments.reconciliation import Tally
from payments.reconciling import DiscrepancyKind, RunKind
from payments.status import AttemptStatus, PaymentStatus
from tests.conftest import TEMPORAL
from tests.workflows.conftest import HouseFactory, until
from tests.workflows.memory import status_of
from tests.workflows.office import Office, office_at
from tests.workflows.reconciling import Books, MemoryNumber, awaiting
from tests.workflows.samples import AMOUNT, request
from workflows.names import DOCUMENTS_QUEUE, PAYMENT_WORKFLOW, workflow_id
from workflows.orders import OrderSignals
from workflows.reconciliation import Phase, ReconciliationWorkflow

pytestmark = pytest.mark.temporal

# So many events, and Temporal suggests to go on as a new run: a batch or two.
FEW_EVENTS = 10

OfficeOf = Callable[[Books], Office]


@pytest.fixture
def office_of(temporal: WorkflowEnvironment) -> OfficeOf:
    return lambda books: office_at(temporal.client, books)


@pytest.fixture
def books() -> Books:
    """Five orders, all of them waiting for their customer, in order."""
    prefix = uuid.uuid4().hex[:8]
    return {f"{prefix}-{n}": awaiting(f"{prefix}-{n}") for n in range(5)}


async def test_every_attempt_is_asked_about_once_in_pages(
    office_of: OfficeOf, books: Books
) -> None:
    office = office_of(books)
    names = [f"{order_id}~1" for order_id in books]

    tally = await office.reconcile(batch_size=2)

    assert tally == Tally(checked=5)
    assert office.gateway.asked == dict.fromkeys(names, 1)
    assert [batch.after for batch in office.runs.batches] == ["", names[1], names[3]]


async def test_what_an_order_can_repair_is_told_to_it_once_and_counted_as_repaired(
    office_of: OfficeOf, books: Books
) -> None:
    office = office_of(books)
    name = f"{_first(books)}~1"
    office.gateway.pay(name)

    tally = await office.reconcile()

    (told,) = office.orders.told
    assert (told.gateway_order_id, told.status) == (name, AttemptStatus.PAID)
    assert told.transaction_id == f"T-{name}"
    assert (tally.checked, tally.repaired) == (5, 1)
    assert tally.found == {DiscrepancyKind.STATE_DIFFERS: 1}
    assert [each.is_recheck for each in office.runs.recorded] == [False, True]
    assert {each.until for each in office.runs.recorded} == {office.runs.begun[0].at}
    assert office.reports.mailed == []


async def test_what_no_order_repaired_in_its_time_is_reported(
    office_of: OfficeOf, books: Books
) -> None:
    office = office_of(books)
    office.gateway.pay(f"{_first(books)}~1")
    office.orders.is_repairing = False

    tally = await office.reconcile()

    assert (tally.checked, tally.repaired) == (5, 0)
    assert tally.found == {DiscrepancyKind.STATE_DIFFERS: 1}
    assert len(office.orders.told) == 1
    assert len(office.reports.mailed) == 1


async def test_what_is_for_a_human_is_told_to_no_order(office_of: OfficeOf, books: Books) -> None:
    office = office_of(books)
    order_id = _first(books)
    office.gateway.reports_amount_of(f"{order_id}~1", request(order_id, price=1))

    tally = await office.reconcile()

    (found,) = office.runs.open.values()
    assert (found.kind, found.theirs) == (DiscrepancyKind.AMOUNT_DIFFERS, "1")
    assert found.ours == str(AMOUNT.value)
    assert tally.found == {DiscrepancyKind.AMOUNT_DIFFERS: 1}
    assert office.orders.told == []
    assert len(office.reports.mailed) == 1


async def test_when_the_worker_stops_amid_a_batch_another_goes_on_and_counts_nothing_twice(
    office_of: OfficeOf, books: Books
) -> None:
    office = office_of(books)
    names = [f"{order_id}~1" for order_id in books]
    gateway = office.gateway
    gateway.pay(names[0])
    gateway.held_back[names[3]] = asyncio.Event()
    async with office.documents():
        async with office.worker():
            run = await office.start(batch_size=5)
            await until(lambda: gateway.asked[names[3]] == 1)
        assert (await run.describe()).status is WorkflowExecutionStatus.RUNNING
        gateway.held_back.clear()

        async with office.worker():
            tally = await run.result()

    assert (tally.checked, tally.repaired) == (5, 1)
    assert tally.found == {DiscrepancyKind.STATE_DIFFERS: 1}
    assert len(office.orders.told) == 1
    assert gateway.asked[names[3]] == 2


async def test_a_batch_that_fails_after_it_was_recorded_counts_nothing_twice(
    office_of: OfficeOf, books: Books
) -> None:
    office = office_of(books)
    office.gateway.pay(f"{_first(books)}~1")
    office.orders.failures_left = 1

    tally = await office.reconcile()

    assert (tally.checked, tally.repaired) == (5, 1)
    assert tally.found == {DiscrepancyKind.STATE_DIFFERS: 1}
    assert len(office.orders.told) == 1


async def test_a_run_that_goes_on_as_a_new_one_keeps_its_count_and_its_id() -> None:
    prefix = uuid.uuid4().hex[:8]
    books = {f"{prefix}-{n:02}": awaiting(f"{prefix}-{n:02}") for n in range(6)}
    async with AsyncExitStack() as parts:
        server = await parts.enter_async_context(
            await WorkflowEnvironment.start_local(
                dev_server_existing_path=TEMPORAL,
                dev_server_log_level="error",
                dev_server_extra_args=(
                    "--dynamic-config-value",
                    f"limit.historyCount.suggestContinueAsNew={FEW_EVENTS}",
                ),
            )
        )
        office = office_at(server.client, books)
        for order_id in books:
            office.gateway.pay(f"{order_id}~1")
        await parts.enter_async_context(office.worker())
        await parts.enter_async_context(office.documents())
        run = await office.start(batch_size=1)

        tally = await run.result()

        assert run.first_execution_run_id != (await run.describe()).run_id
    assert (tally.checked, tally.repaired) == (6, 6)
    assert tally.found == {DiscrepancyKind.STATE_DIFFERS: 6}
    assert [each.run_id for each in office.runs.begun] == [run.id]
    assert {batch.since for batch in office.runs.batches} == {office.runs.batches[0].since}


@pytest.mark.parametrize(
    "error", [GatewayUnreachableError("no route"), GatewayRefusedError("401", "the server key")]
)
async def test_an_attempt_that_the_gateway_does_not_answer_about_is_counted_and_ends_no_run(
    office_of: OfficeOf, books: Books, error: Exception
) -> None:
    office = office_of(books)
    office.gateway.answers_with[f"{_first(books)}~1"] = [error]

    tally = await office.reconcile()

    assert (tally.checked, tally.unanswered) == (5, 1)
    assert tally.found == {}


async def test_a_busy_gateway_is_waited_for_once(office_of: OfficeOf, books: Books) -> None:
    office = office_of(books)
    once, twice, long = (f"{order_id}~1" for order_id in list(books)[:3])
    busy = GatewayBusyError("slow down", timedelta(milliseconds=1))
    for name, errors in ((once, [busy]), (twice, [busy, busy])):
        office.gateway.answers_with[name] = list(errors)
    office.gateway.answers_with[long] = [GatewayBusyError("slow down", timedelta(hours=1))]

    tally = await office.reconcile()

    assert tally.unanswered == 2
    assert [office.gateway.asked[name] for name in (once, twice, long)] == [2, 2, 1]


async def test_the_gateway_is_asked_no_faster_than_the_rate(
    office_of: OfficeOf, books: Books
) -> None:
    office = office_of(books)
    rate = 20.0
    begun = asyncio.get_running_loop().time()

    async with office.worker(rate), office.documents():
        await (await office.start()).result()

    since = [at - begun for at in sorted(office.gateway.asked_at)]
    assert len(since) == len(books)
    assert all(at > n / rate - 0.001 for n, at in enumerate(since))


async def test_a_daily_run_mails_its_report_once_and_keeps_it(
    office_of: OfficeOf, books: Books
) -> None:
    office = office_of(books)

    await office.reconcile(RunKind.RECENT)

    (run_id,) = office.runs.reports
    assert office.reports.mailed == [run_id]
    assert office.runs.pdfs == {run_id: 1}
    assert office.reports.alerts == []


async def test_each_difference_that_is_open_for_too_long_is_alerted_about_once(
    office_of: OfficeOf, books: Books
) -> None:
    office = office_of(books)
    office.runs.too_long = (MemoryNumber(1), MemoryNumber(2))
    await office.reconcile()
    await office.reconcile(RunKind.RECENT)
    office.runs.too_long = (*office.runs.too_long, MemoryNumber(3))
    await office.reconcile()
    await office.reconcile()

    assert {alert.code for alert in office.reports.alerts} == {AlertCode.DISCREPANCY_OPEN}
    first, _, third, _ = office.runs.reports
    assert [alert.order_id for alert in office.reports.alerts] == [first, third]


async def test_what_cannot_be_mailed_holds_up_nothing_and_is_alerted_about_by_the_next_run(
    office_of: OfficeOf, books: Books
) -> None:
    office = office_of(books)
    office.runs.too_long = (MemoryNumber(1),)
    office.reports.refuses_with = PermanentError("the mail server refuses it for good")
    first = await office.reconcile(RunKind.RECENT)
    office.reports.refuses_with = None

    await office.reconcile()

    first_run, second_run = office.runs.reports
    assert first.checked == 5
    assert office.runs.pdfs == {first_run: 1}
    assert office.reports.mailed == []
    assert [alert.order_id for alert in office.reports.alerts] == [second_run]


@pytest.mark.parametrize(
    ("kind", "within"),
    [(RunKind.OPEN, timedelta(minutes=10)), (RunKind.RECENT, timedelta(hours=12))],
)
async def test_a_report_that_nobody_takes_up_is_given_up_before_it_blocks_later_runs(
    office_of: OfficeOf, books: Books, kind: RunKind, within: timedelta
) -> None:
    office = office_of(books)
    order_id = _first(books)
    office.gateway.reports_amount_of(f"{order_id}~1", request(order_id, price=1))
    async with office.worker():
        run = await office.start(kind)
        report = await _scheduled_on(run, DOCUMENTS_QUEUE)
        await run.terminate()

    assert report.schedule_to_close_timeout.ToTimedelta() == within


async def test_a_run_tells_how_far_it_has_come(office_of: OfficeOf, books: Books) -> None:
    office = office_of(books)
    names = [f"{order_id}~1" for order_id in books]
    office.gateway.held_back[names[2]] = asyncio.Event()
    async with office.worker(), office.documents():
        run = await office.start(batch_size=2)
        await until(lambda: office.gateway.asked[names[2]] == 1)

        amid = await run.query(ReconciliationWorkflow.progress)
        office.gateway.held_back[names[2]].set()
        await run.result()
        at_the_end = await run.query(ReconciliationWorkflow.progress)

    assert (amid.phase, amid.tally) == (Phase.CHECKING, Tally(checked=2))
    assert (at_the_end.phase, at_the_end.tally) == (Phase.DONE, Tally(checked=5))


async def test_an_order_whose_notification_was_lost_is_paid_by_reconciliation(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house(first_ask=3600)
    await house.checkout(order_id)
    office = office_at(house.client, house.records.payments)
    office.gateway.charges = house.gateway.charges
    office.gateway.pay(f"{order_id}~1")
    house.gateway.pay(f"{order_id}~1")

    async with office.worker(orders=OrderSignals(house.client, house.queue)):
        run = await office.start(settle=timedelta(hours=1))
        await until(lambda: status_of(house.records, order_id) is PaymentStatus.PAID)
        await run.terminate()


async def test_an_order_whose_run_has_ended_is_told_too(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house(first_ask=3600)
    await house.checkout(order_id)
    await house.handle(order_id).terminate()
    office = office_at(house.client, house.records.payments)
    office.gateway.charges = house.gateway.charges
    office.gateway.pay(f"{order_id}~1")
    house.gateway.pay(f"{order_id}~1")

    async with office.worker(orders=OrderSignals(house.client, house.queue)):
        run = await office.start(settle=timedelta(hours=1))
        await until(lambda: status_of(house.records, order_id) is PaymentStatus.PAID)
        await run.terminate()
    resumed = await house.client.get_workflow_handle(workflow_id(order_id)).describe()
    assert resumed.workflow_type == PAYMENT_WORKFLOW


async def _scheduled_on(
    run: WorkflowHandle[Any, Any], queue: str
) -> ActivityTaskScheduledEventAttributes:
    """The run's next activity on that queue, once it is scheduled."""
    async for event in run.fetch_history_events(wait_new_event=True):
        scheduled = event.activity_task_scheduled_event_attributes
        if scheduled.task_queue.name == queue:
            return scheduled
    raise AssertionError(f"the run ended without an activity on {queue}")


def _first(books: Books) -> str:
    return next(iter(books))
