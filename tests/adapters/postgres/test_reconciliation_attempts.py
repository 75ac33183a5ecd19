"""Which attempts a run looks at, and in what portions."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Column, LargeBinary, event, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.next_attempts import next_attempts
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.reconciliation_store import ReconciliationStore
from adapters.postgres.reconciliation_tables import discrepancies
from adapters.postgres.sealing import Sealer
from adapters.postgres.tables import orders, payment_attempts, payment_links
from payments.commands import AnsweredRefund, UnmatchedAnswer
from payments.methods import PaymentMethod
from payments.reconciliation import Attempts, Batch, FinishedRun, StartedRun, Tally
from payments.reconciling import DiscrepancyKind, RunKind
from payments.refunds import RefundAnswer, RefundOutcome
from payments.request import PaymentRequest, gateway_order_id
from payments.status import AttemptStatus
from tests.adapters.postgres.reconciliations import (
    batch_of,
    difference_of,
    examined_of,
    new_run,
    started_of,
)
from tests.adapters.postgres.rows import report_by, wanted_of
from tests.payments.samples import (
    NOW,
    REQUEST,
    TERMS,
    after,
    answer_of,
    opening_of,
    placement_of,
    report_of,
)

Opening = Callable[[str], Awaitable[PaymentRequest]]
# In the order of the bytes, in which neither "~" nor a shorter name is last by accident.
NAMES = ("A", "A-1", "A.1", "B", "a", "a_1")


@pytest.fixture
def own_store(fresh_engine: AsyncEngine, sealer: Sealer) -> PaymentStore:
    return PaymentStore(fresh_engine, sealer, TERMS)


@pytest.fixture
def runs(fresh_engine: AsyncEngine, sealer: Sealer) -> ReconciliationStore:
    return ReconciliationStore(fresh_engine, sealer)


@pytest.fixture
def open_order(own_store: PaymentStore) -> Opening:
    async def place_and_open(order_id: str) -> PaymentRequest:
        order = replace(REQUEST, order_id=order_id, method=PaymentMethod.GOPAY)
        await own_store.place(placement_of(order))
        await own_store.record_opened(opening_of(order))
        return order

    return place_and_open


@contextmanager
def rows_fetched(engine: AsyncEngine) -> Iterator[list[int]]:
    """How many rows each statement brought."""
    fetched: list[int] = []

    def count(_: Any, cursor: Any, statement: str, *__: Any) -> None:
        if statement.lstrip().startswith("SELECT"):
            fetched.append(cursor.rowcount)

    event.listen(engine.sync_engine, "after_cursor_execute", count)
    yield fetched
    event.remove(engine.sync_engine, "after_cursor_execute", count)


async def accepted_at(engine: AsyncEngine, order_id: str, at: datetime) -> None:
    own = payment_attempts.c.order_id == order_id
    async with engine.begin() as connection:
        await connection.execute(update(payment_attempts).where(own).values(accepted_at=at))


async def all_of(runs: ReconciliationStore, batch: Batch) -> list[list[str]]:
    """The pages of a run, each begun where the one before ended."""
    pages = []
    while page := (await runs.attempts(batch)).readable:
        pages.append([gateway_order_id(each.order_id, number) for each, number in page])
        batch = replace(batch, after=pages[-1][-1])
    return pages


async def test_pages_are_in_order_and_each_goes_on_where_the_last_one_ended(
    runs: ReconciliationStore, open_order: Opening
) -> None:
    for name in reversed(NAMES):
        await open_order(name)

    pages = await all_of(runs, batch_of("run-1", size=4))

    assert pages == [[f"{name}~1" for name in NAMES[:4]], [f"{name}~1" for name in NAMES[4:]]]


async def test_a_whole_payment_is_given_for_each_attempt(
    runs: ReconciliationStore, own_store: PaymentStore, open_order: Opening
) -> None:
    order = await open_order("A")

    ((payment, number),) = (await runs.attempts(batch_of("run-1"))).readable

    assert payment == await own_store.payment(order.order_id)
    assert number == 1


@pytest.mark.parametrize("kind", [RunKind.OPEN, RunKind.RECENT])
async def test_no_statement_of_a_batch_brings_more_rows_than_the_batch_has(
    fresh_engine: AsyncEngine, runs: ReconciliationStore, open_order: Opening, kind: RunKind
) -> None:
    for number in range(9):
        await open_order(f"A-{number}")

    with rows_fetched(fresh_engine) as fetched:
        page = await runs.attempts(batch_of("run-1", kind=kind, size=2))

    assert len(page.readable) == 2
    assert 3 <= len(fetched) <= 5
    assert max(fetched) == 2


async def test_an_open_run_leaves_out_what_has_ended(
    runs: ReconciliationStore, own_store: PaymentStore, open_order: Opening
) -> None:
    await open_order("A")
    paid, expired = await open_order("B"), await open_order("C")
    await own_store.record_answer(answer_of(paid, report_by(paid, AttemptStatus.PAID)))
    await own_store.record_answer(answer_of(expired, AttemptStatus.EXPIRED, is_closed=True))

    assert await all_of(runs, batch_of("run-1")) == [["A~1"]]


class TestRecent:
    async def test_what_was_accepted_since_then(
        self, runs: ReconciliationStore, open_order: Opening
    ) -> None:
        await open_order("A")

        since, later = (
            batch_of("run-1", kind=RunKind.RECENT, since=at) for at in (NOW, after(seconds=1))
        )

        assert await all_of(runs, since) == [["A~1"]]
        assert await all_of(runs, later) == []

    async def test_what_was_accepted_before_the_run_began(
        self, runs: ReconciliationStore, open_order: Opening
    ) -> None:
        await open_order("A")
        batch = batch_of("run-1", kind=RunKind.RECENT, since=NOW)

        assert await all_of(runs, replace(batch, until=NOW)) == []
        assert await all_of(runs, replace(batch, until=after(seconds=1))) == [["A~1"]]

    async def test_an_older_one_with_an_open_difference_that_an_answer_can_close(
        self, runs: ReconciliationStore, open_order: Opening
    ) -> None:
        kinds = dict(zip("ABCDEFGHIJKL", DiscrepancyKind, strict=True))
        file_run = new_run()
        await runs.begin(StartedRun(run_id=file_run, kind=RunKind.FILE, at=NOW))
        for name, kind in kinds.items():
            order = await open_order(name)
            await runs.record_file(file_run, [difference_of(order, kind)], NOW)
        batch = batch_of("run-1", kind=RunKind.RECENT, since=after(days=9), size=4)

        pages = await all_of(runs, batch)

        files_only = {DiscrepancyKind.FEE_UNEXPECTED, DiscrepancyKind.DUPLICATE_ROW}
        asked = [f"{name}~1" for name, kind in kinds.items() if kind not in files_only]
        assert [name for page in pages for name in page] == asked
        for each in await runs.discrepancies():
            await runs.resolve_discrepancy(each.discrepancy_id, "ani", "seen", NOW)
        assert await all_of(runs, batch) == []

    @pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
    async def test_each_once_in_the_order_of_acceptance_and_then_the_older_ones(
        self, runs: ReconciliationStore, fresh_engine: AsyncEngine, open_order: Opening, size: int
    ) -> None:
        seconds = {"E": 1, "A": 0, "D": -1, "C": 1, "B": -9, "F": -5}
        for name, second in seconds.items():
            order = await open_order(name)
            await runs.record_file(new_run(), [difference_of(order)], NOW)
            await accepted_at(fresh_engine, name, after(seconds=second))
        batch = batch_of("run-1", kind=RunKind.RECENT, since=NOW, size=size)

        pages = await all_of(runs, batch)

        found = [name.removesuffix("~1") for page in pages for name in page]
        assert found == ["A", "C", "E", "B", "D", "F"]

    async def test_an_older_one_whose_refund_is_not_confirmed(
        self, runs: ReconciliationStore, own_store: PaymentStore, open_order: Opening
    ) -> None:
        refunded, paid = await open_order("A"), await open_order("B")
        for order in (refunded, paid):
            await own_store.record_answer(answer_of(order, report_by(order, AttemptStatus.PAID)))
        await own_store.request_refund(wanted_of(refunded, "r-1"))
        batch = batch_of("run-1", kind=RunKind.RECENT, since=after(days=9))
        assert await all_of(runs, batch) == []

        answer = RefundAnswer(outcome=RefundOutcome.ACCEPTED)
        await own_store.record_refund(
            AnsweredRefund(order_id="A", refund_key="r-1", answer=answer, at=after(hours=1))
        )

        assert await all_of(runs, batch) == [["A~1"]]

    async def test_an_older_one_with_money_that_matched_nothing(
        self, runs: ReconciliationStore, own_store: PaymentStore, open_order: Opening
    ) -> None:
        order = replace(REQUEST, order_id="A")
        for number in (1, 7):  # of the second, no attempt is stored: nobody can be asked about it
            report = report_of(order, AttemptStatus.PAID, f"trx-{number}")
            await own_store.record_unmatched(
                UnmatchedAnswer(order_id="A", number=number, report=report, at=NOW)
            )
        batch = batch_of("run-1", kind=RunKind.RECENT, since=after(days=9))
        assert await all_of(runs, batch) == []

        await own_store.place(placement_of(order))

        assert await all_of(runs, batch) == [["A~1"]]


@pytest.mark.parametrize("kind", [RunKind.OPEN, RunKind.RECENT])
async def test_a_page_reads_no_more_than_it_gives_however_many_attempts_there_are(
    fresh_engine: AsyncEngine, runs: ReconciliationStore, open_order: Opening, kind: RunKind
) -> None:
    await open_order("A")
    async with fresh_engine.begin() as connection:
        # Ten thousand rows may take longer than a statement of the service.
        await connection.execute(text("SET LOCAL statement_timeout = 0"))
        await connection.execute(text(_MANY_ORDERS))
        await connection.execute(text(_MANY_ATTEMPTS))
        await connection.execute(text("ANALYZE"))
    await runs.record_file(new_run(), [difference_of("B00500~1")], NOW)
    batch = batch_of(new_run(), kind=kind, since=NOW, size=10)

    for behind in ("", "B08000~1", "B00300~1"):
        async with fresh_engine.connect() as connection:
            await next_attempts(connection, replace(batch, after=behind))
            assert (await connection.execute(text(_READ))).scalar_one() <= 50


# Of each hundred one is open; the first half was accepted before the run's time.
_MANY_ORDERS = (
    "INSERT INTO orders SELECT (jsonb_populate_record(sample, jsonb_build_object("
    "'order_id', 'B' || lpad(n::text, 5, '0')))).*"
    " FROM orders AS sample, generate_series(1, 10000) AS n"
)
_MANY_ATTEMPTS = (
    "INSERT INTO payment_attempts SELECT (jsonb_populate_record(sample, jsonb_build_object("
    "'order_id', 'B' || lpad(n::text, 5, '0'),"
    "'accepted_at', sample.accepted_at + (n - 5000) * interval '1 second',"
    "'status', CASE WHEN n % 100 = 0 THEN 'pending' ELSE 'expired' END))).*"
    " FROM payment_attempts AS sample, generate_series(1, 10000) AS n"
)
# What this transaction has read of the attempts and of their indexes.
_READ = (
    "SELECT sum(pg_stat_get_xact_tuples_returned(each)) FROM ("
    "SELECT 'payment_attempts'::regclass::oid AS each"
    " UNION SELECT indexrelid FROM pg_index WHERE indrelid = 'payment_attempts'::regclass"
    ") AS own"
)


TAMPERED_WITH = [
    orders.c.sealed_request,
    orders.c.status,
    payment_attempts.c.sealed_nonce,
    payment_links.c.sealed_token,
]


async def _spoil(engine: AsyncEngine, column: Column[Any], order_id: str, value: Any = None) -> Any:
    """Write something else into the order's rows; what was there before."""
    own = column.table.c.order_id == order_id
    spoilt = b"spoilt" if isinstance(column.type, LargeBinary) else "spoilt"
    async with engine.begin() as connection:
        before = (await connection.execute(select(column).where(own))).scalar_one()
        await connection.execute(update(column.table).where(own).values({column: value or spoilt}))
    return before


async def _recorded(runs: ReconciliationStore, run_id: str) -> Tally:
    """What a whole run over the open attempts comes to, in which the gateway confirms all."""
    batch = batch_of(run_id)
    await runs.begin(started_of(batch))
    attempts = await runs.attempts(batch)
    examined = [examined_of(payment, number) for payment, number in attempts.readable]
    tally = await runs.record(batch, examined, attempts.unreadable)
    await runs.finish(FinishedRun(run_id=run_id, tally=tally, at=after(hours=2)))
    return tally


class TestUnreadable:
    """One order was tampered with, or its key is missing."""

    @pytest.mark.parametrize("kind", [RunKind.OPEN, RunKind.RECENT])
    @pytest.mark.parametrize("column", TAMPERED_WITH, ids=str)
    async def test_a_run_goes_on_and_names_it(
        self,
        fresh_engine: AsyncEngine,
        runs: ReconciliationStore,
        open_order: Opening,
        column: Column[bytes],
        kind: RunKind,
    ) -> None:
        for name in "ABC":
            await open_order(name)
        await _spoil(fresh_engine, column, "B")
        batch = batch_of(new_run(), kind=kind, size=2)
        await runs.begin(started_of(batch))

        first = await runs.attempts(batch)
        second = await runs.attempts(replace(batch, after=first.last or ""))

        assert [payment.order_id for payment, _ in first.readable] == ["A"]
        assert [each.gateway_order_id for each in first.unreadable] == ["B~1"]
        assert [payment.order_id for payment, _ in second.readable] == ["C"]
        assert second.last is None

    async def test_it_is_listed_and_alerted_about_at_once(
        self, fresh_engine: AsyncEngine, runs: ReconciliationStore, open_order: Opening
    ) -> None:
        await open_order("A")
        await _spoil(fresh_engine, orders.c.sealed_request, "A")

        tally = await _recorded(runs, new_run())

        (kept,) = await runs.discrepancies()
        assert tally.found == {DiscrepancyKind.UNREADABLE: 1}
        assert (kept.found.kind, kept.found.order_id) == (DiscrepancyKind.UNREADABLE, "A")
        assert await runs.overdue(after(days=-1)) == (kept,)

    async def test_it_is_closed_once_it_can_be_read_again(
        self, fresh_engine: AsyncEngine, runs: ReconciliationStore, open_order: Opening
    ) -> None:
        await open_order("A")
        before = await _spoil(fresh_engine, orders.c.sealed_request, "A")
        await _recorded(runs, new_run())
        await _spoil(fresh_engine, orders.c.sealed_request, "A", before)

        tally = await _recorded(runs, new_run())

        assert tally.repaired == 1
        assert await runs.discrepancies() == ()

    async def test_a_difference_that_was_tampered_with_itself_stops_no_run(
        self, fresh_engine: AsyncEngine, runs: ReconciliationStore, open_order: Opening
    ) -> None:
        order = await open_order("A")
        await runs.record_file(new_run(), [difference_of(order)], NOW)
        async with fresh_engine.begin() as connection:
            await connection.execute(update(discrepancies).values(sealed_details=b"spoilt"))

        tally = await _recorded(runs, new_run())

        (run,) = await runs.runs()
        assert tally.checked == 1
        assert run.finished_at is not None


class TestToRecheck:
    async def test_the_attempts_that_the_run_found_to_differ_page_by_page(
        self, runs: ReconciliationStore, open_order: Opening
    ) -> None:
        batch = batch_of(new_run())
        await runs.begin(started_of(batch))
        orders = [await open_order(name) for name in NAMES]
        kinds = {"A": DiscrepancyKind.AMOUNT_DIFFERS}  # nothing that could repair itself
        await runs.record(
            batch,
            [
                examined_of(
                    payment,
                    1,
                    difference_of(
                        payment.request,
                        kinds.get(payment.order_id, DiscrepancyKind.STATE_DIFFERS),
                    ),
                )
                for payment, _ in (await runs.attempts(batch)).readable
            ],
        )
        again = replace(batch, at=after(hours=2), size=3)

        first = await runs.to_recheck(again)
        second = await runs.to_recheck(replace(again, after=first.last or ""))

        found = [payment.order_id for payment, _ in (*first.readable, *second.readable)]
        assert found == [order.order_id for order in orders if order.order_id != "A"]
        assert len(first.readable) == 3
        assert await runs.to_recheck(replace(again, run_id="another")) == Attempts()

    async def test_what_is_repaired_is_asked_again_by_the_same_batch_only(
        self, runs: ReconciliationStore, open_order: Opening
    ) -> None:
        order = await open_order("A")
        batch = batch_of(new_run())
        await runs.begin(started_of(batch))
        ((payment, _),) = (await runs.attempts(batch)).readable
        await runs.record(batch, [examined_of(payment, 1, difference_of(order))])
        again, later = (replace(batch, at=after(hours=hours)) for hours in (2, 3))

        tallies = [await runs.record(again, [examined_of(payment)]) for _ in range(2)]

        assert [tally.repaired for tally in tallies] == [1, 1]
        assert len((await runs.to_recheck(again)).readable) == 1
        assert await runs.to_recheck(later) == Attempts()
