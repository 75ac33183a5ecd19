"""What a run keeps of what it found, each once."""

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.discrepancy_rows import (
    DiscrepancyResolution,
    DiscrepancyRows,
    StoredDiscrepancy,
)
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.reconciliation_store import ReconciliationStore
from adapters.postgres.reconciliation_tables import discrepancies
from adapters.postgres.sealing import Sealer
from payments.methods import PaymentMethod
from payments.money import Currency
from payments.notice import Notice
from payments.payment import Payment
from payments.progress import Progress
from payments.reconciliation import Batch, FinishedRun, StartedRun, Tally
from payments.reconciling import Discrepancy, DiscrepancyKind, RunKind
from payments.request import PaymentRequest
from payments.status import AttemptStatus
from tests.adapters.postgres.reconciliations import (
    batch_of,
    difference_of,
    examined_of,
    new_run,
    started_of,
)
from tests.payments.samples import NOW, after, opening_of, placement_of

Paying = Callable[[PaymentRequest], Awaitable[Progress]]
Listing = Callable[[PaymentRequest], Awaitable[list[StoredDiscrepancy]]]
AMOUNT = DiscrepancyKind.AMOUNT_DIFFERS


@pytest.fixture
async def batch(reconciliation: ReconciliationStore) -> Batch:
    batch = batch_of(new_run())
    await reconciliation.begin(started_of(batch))
    return batch


@pytest.fixture
async def later(reconciliation: ReconciliationStore) -> Batch:
    """The first batch of the next run."""
    later = batch_of(new_run(), at=after(hours=2))
    await reconciliation.begin(started_of(later))
    return later


@pytest.fixture
async def file_run(reconciliation: ReconciliationStore) -> str:
    run_id = new_run()
    await reconciliation.begin(StartedRun(run_id=run_id, kind=RunKind.FILE, at=NOW))
    return run_id


@pytest.fixture
async def payment(store: PaymentStore, order: PaymentRequest) -> Payment:
    """One that waits for its customer."""
    await store.place(placement_of(order))
    await store.record_opened(opening_of(order))
    stored = await store.payment(order.order_id)
    assert stored is not None
    return stored


@pytest.fixture
def listed(engine: AsyncEngine, sealer: Sealer) -> Listing:
    async def of(order: PaymentRequest) -> list[StoredDiscrepancy]:
        own = discrepancies.c
        query = select(discrepancies).where(own.order_id == order.order_id)
        async with engine.connect() as connection:
            rows = (await connection.execute(query.order_by(own.discrepancy_id))).all()
        return [DiscrepancyRows(sealer).stored(row) for row in rows]

    return of


async def read_rows(reconciliation: ReconciliationStore, run_id: str) -> list[dict[str, str]]:
    text = b"".join([piece async for piece in reconciliation.rows_csv(run_id)]).decode()
    return list(csv.DictReader(io.StringIO(text)))


async def test_what_an_earlier_run_saw_and_is_still_open_was_seen_before(
    reconciliation: ReconciliationStore, batch: Batch, later: Batch, payment: Payment
) -> None:
    old, new = (difference_of(payment.request, kind) for kind in (AMOUNT, DiscrepancyKind.OVERDUE))
    names = {old.gateway_order_id}
    await reconciliation.record(batch, [examined_of(payment, 1, old)])
    await reconciliation.record(later, [examined_of(payment, 1, old, new)])

    by_the_first = await reconciliation.seen_before(batch, names)
    by_the_second = await reconciliation.seen_before(later, names)
    await reconciliation.record(later, [examined_of(payment)])

    assert old.key not in by_the_first
    assert by_the_second == {old.key}
    assert await reconciliation.seen_before(later, names) == set()


class TestRecord:
    async def test_a_difference_seen_again_is_the_same_one(
        self,
        reconciliation: ReconciliationStore,
        payment: Payment,
        batch: Batch,
        later: Batch,
        listed: Listing,
    ) -> None:
        found = difference_of(payment.request)
        await reconciliation.record(batch, [examined_of(payment, 1, found)])

        changed = replace(found, theirs="expired")
        tally = await reconciliation.record(later, [examined_of(payment, 1, changed)])

        (kept,) = await listed(payment.request)
        assert kept.found == changed
        assert (kept.first_seen_at, kept.last_seen_at) == (batch.at, later.at)
        assert (kept.first_run_id, kept.last_run_id) == (batch.run_id, later.run_id)
        assert (tally.found, tally.repaired) == ({"state_differs": 1}, 0)

    async def test_what_is_found_no_more_is_repaired_and_a_new_one_when_it_is_found_again(
        self,
        reconciliation: ReconciliationStore,
        payment: Payment,
        batch: Batch,
        later: Batch,
        listed: Listing,
    ) -> None:
        found = difference_of(payment.request)
        await reconciliation.record(batch, [examined_of(payment, 1, found)])

        gone = await reconciliation.record(later, [examined_of(payment)])
        third = batch_of(new_run(), at=after(hours=3))
        await reconciliation.begin(started_of(third))
        await reconciliation.record(third, [examined_of(payment, 1, found)])

        repaired, again = await listed(payment.request)
        assert gone.repaired == 1
        assert repaired.resolved is not None
        assert repaired.resolved.resolution is DiscrepancyResolution.REPAIRED
        assert (repaired.resolved.actor, repaired.resolved.at) == (later.run_id, later.at)
        assert again.is_open
        assert (again.first_seen_at, again.first_run_id) == (third.at, third.run_id)

    async def test_a_batch_that_is_repeated_counts_the_same_and_changes_nothing(
        self,
        reconciliation: ReconciliationStore,
        payment: Payment,
        batch: Batch,
        later: Batch,
        listed: Listing,
    ) -> None:
        gone = difference_of(payment.request, AMOUNT)
        await reconciliation.record(batch, [examined_of(payment, 1, gone)])
        examined = [examined_of(payment, 1, difference_of(payment.request))]

        first = await reconciliation.record(later, examined)
        before = await listed(payment.request), await read_rows(reconciliation, later.run_id)
        again = await reconciliation.record(later, examined)

        assert first == again
        assert (first.checked, first.repaired) == (1, 1)
        assert before == (
            await listed(payment.request),
            await read_rows(reconciliation, later.run_id),
        )

    async def test_a_gateway_that_did_not_answer_repairs_nothing(
        self,
        reconciliation: ReconciliationStore,
        payment: Payment,
        batch: Batch,
        later: Batch,
        listed: Listing,
    ) -> None:
        found = difference_of(payment.request)
        await reconciliation.record(batch, [examined_of(payment, 1, found)])

        tally = await reconciliation.record(later, [examined_of(payment, was_answered=False)])

        assert tally == Tally(checked=1, unanswered=1)
        (kept,) = await listed(payment.request)
        assert kept.is_open
        assert kept.last_run_id == batch.run_id

    async def test_two_runs_at_once_keep_a_difference_once(
        self, reconciliation: ReconciliationStore, payment: Payment, listed: Listing
    ) -> None:
        batches = [batch_of(new_run()) for _ in range(6)]
        found = [difference_of(payment.request, kind) for kind in DiscrepancyKind]
        for batch in batches:
            await reconciliation.begin(started_of(batch))

        await asyncio.gather(
            *(
                reconciliation.record(
                    batch, [examined_of(payment, 1, *(reversed(found) if odd % 2 else found))]
                )
                for odd, batch in enumerate(batches)
            )
        )

        kept = await listed(payment.request)
        assert sorted(each.found.kind for each in kept) == sorted(DiscrepancyKind)

    async def test_a_second_look_of_the_same_run_leaves_the_rows_of_the_first_one(
        self, reconciliation: ReconciliationStore, payment: Payment, batch: Batch
    ) -> None:
        await reconciliation.record(
            batch, [examined_of(payment, 1, difference_of(payment.request))]
        )
        rows = await read_rows(reconciliation, batch.run_id)

        again = replace(batch, at=after(hours=2), is_recheck=True)
        for _ in range(2):
            await reconciliation.record(again, [examined_of(payment)])

        assert await read_rows(reconciliation, batch.run_id) == rows
        assert rows[0]["differences"] == "state_differs"


class TestResolvedByAHuman:
    @pytest.fixture
    async def resolved(
        self, reconciliation: ReconciliationStore, payment: Payment, batch: Batch, listed: Listing
    ) -> Discrepancy:
        found = difference_of(payment.request, AMOUNT)
        await reconciliation.record(batch, [examined_of(payment, 1, found)])
        (kept,) = await listed(payment.request)
        await reconciliation.resolve_discrepancy(kept.discrepancy_id, "ani", "agreed", NOW)
        return found

    async def test_it_does_not_come_back_as_it_was(
        self,
        reconciliation: ReconciliationStore,
        payment: Payment,
        resolved: Discrepancy,
        later: Batch,
        file_run: str,
        listed: Listing,
    ) -> None:
        tally = await reconciliation.record(later, [examined_of(payment, 1, resolved)])
        counts = await reconciliation.record_file(file_run, [resolved], after(hours=3))

        assert (tally, counts) == (Tally(checked=1), {})
        assert [each.is_open for each in await listed(payment.request)] == [False]
        (row,) = await read_rows(reconciliation, later.run_id)
        assert row["differences"] == ""

    async def test_one_that_has_changed_is_a_new_one_until_it_is_as_it_was(
        self,
        reconciliation: ReconciliationStore,
        payment: Payment,
        resolved: Discrepancy,
        later: Batch,
        file_run: str,
        listed: Listing,
    ) -> None:
        changed = replace(resolved, theirs="349999")
        counts = await reconciliation.record_file(file_run, [changed], NOW)
        (_, new) = await listed(payment.request)

        tally = await reconciliation.record(later, [examined_of(payment, 1, changed)])
        third = batch_of(new_run(), at=after(hours=3))
        await reconciliation.begin(started_of(third))
        gone = await reconciliation.record(third, [examined_of(payment, 1, resolved)])

        assert (counts, tally.found) == ({"amount_differs": 1}, {"amount_differs": 1})
        assert new.is_open
        assert new.found == changed
        assert gone == Tally(checked=1, repaired=1)


class TestFileDifferences:
    async def test_what_a_file_says_is_not_refuted_by_an_answer_unless_it_repairs_itself(
        self,
        reconciliation: ReconciliationStore,
        payment: Payment,
        batch: Batch,
        file_run: str,
        listed: Listing,
    ) -> None:
        kinds = [
            AMOUNT,
            DiscrepancyKind.FEE_UNEXPECTED,
            DiscrepancyKind.DUPLICATE_ROW,
            DiscrepancyKind.THEIRS_MISSING,
            DiscrepancyKind.STATE_DIFFERS,
        ]
        found = [difference_of(payment.request, kind) for kind in kinds]
        counts = await reconciliation.record_file(file_run, found, NOW)

        tally = await reconciliation.record(batch, [examined_of(payment)])

        assert counts == {kind.value: 1 for kind in kinds}
        assert tally.repaired == 1
        still_open = [each.found.kind for each in await listed(payment.request) if each.is_open]
        assert still_open == sorted(kinds[:4])

    async def test_the_same_file_again_finds_nothing_new(
        self,
        reconciliation: ReconciliationStore,
        order: PaymentRequest,
        file_run: str,
        listed: Listing,
    ) -> None:
        found = [difference_of(order, AMOUNT)]
        await reconciliation.record_file(file_run, found, NOW)

        assert await reconciliation.record_file(file_run, found * 2, after(hours=1)) == {}

        (kept,) = await listed(order)
        assert kept.last_seen_at == after(hours=1)

    async def test_an_order_id_that_is_not_of_our_form_is_kept_as_it_is(
        self, reconciliation: ReconciliationStore, file_run: str
    ) -> None:
        foreign = difference_of(f"=FOREIGN {file_run}", DiscrepancyKind.OURS_MISSING)

        await reconciliation.record_file(file_run, [foreign], NOW)

        kept = (await reconciliation.differences_csv(file_run)).decode()
        assert f"'=FOREIGN {file_run}" in kept
        assert (foreign.order_id, "OURS_MISSING".lower() in kept) == (None, True)


class TestTally:
    async def test_money_is_counted_by_the_method_that_paid(
        self,
        reconciliation: ReconciliationStore,
        store: PaymentStore,
        paid_by_gopay: PaymentRequest,
        batch: Batch,
    ) -> None:
        paid = await store.payment(paid_by_gopay.order_id)
        assert paid is not None

        tally = await reconciliation.record(batch, [examined_of(paid)])

        assert tally == Tally(
            checked=1,
            captured={PaymentMethod.GOPAY: paid.request.amount.value},
            refunded={PaymentMethod.GOPAY: 0},
            found_by={"asking": 1},
        )
        (row,) = await read_rows(reconciliation, batch.run_id)
        assert row == {
            "order_id": paid.order_id,
            "gateway_order_id": f"{paid.order_id}~1",
            "transaction_id": "trx-1",
            "status": "paid",
            "method": "gopay",
            "captured": "350000",
            "refunded": "0",
            "paid_at": after(minutes=1).isoformat(timespec="seconds"),
            "found_by": "asking",
            "differences": "",
        }

    @pytest.mark.parametrize(
        ("told", "found_by"),
        [
            ([("paid", "{}")], "notification"),
            ([("pending", "{}")], "asking"),
            ([("paid", '{"reconciliation": "run-1"}')], "reconciliation"),
            ([("refunded", '{"reconciliation": "run-1"}')], "asking"),
            ([("paid", '{"reconciliation": "run-1"}'), ("paid", "{}")], "notification"),
            ([("paid", "{}"), ("paid", '{"reconciliation": "run-1"}')], "notification"),
        ],
    )
    async def test_how_we_heard_of_the_money_is_counted(
        self,
        reconciliation: ReconciliationStore,
        store: PaymentStore,
        paid_by_gopay: PaymentRequest,
        batch: Batch,
        told: list[tuple[str, str]],
        found_by: str,
    ) -> None:
        for status, raw in told:
            notice = Notice(
                gateway="midtrans",
                gateway_order_id=f"{paid_by_gopay.order_id}~1",
                transaction_id="trx-1",
                status=AttemptStatus(status),
                received_at=NOW,
                raw=raw,
            )
            await store.record_notice(paid_by_gopay.order_id, notice)
        paid = await store.payment(paid_by_gopay.order_id)
        assert paid is not None

        tally = await reconciliation.record(batch, [examined_of(paid)])

        assert tally.found_by == {found_by: 1}

    async def test_an_attempt_without_money_is_counted_as_looked_at_only(
        self,
        reconciliation: ReconciliationStore,
        store: PaymentStore,
        order: PaymentRequest,
        batch: Batch,
    ) -> None:
        await store.place(placement_of(order))
        placed = await store.payment(order.order_id)
        assert placed is not None

        tally = await reconciliation.record(batch, [examined_of(placed, was_answered=False)])

        assert tally == Tally(checked=1, unanswered=1)
        (row,) = await read_rows(reconciliation, batch.run_id)
        assert (row["status"], row["captured"], row["differences"]) == (
            "preparing",
            "",
            "unanswered",
        )

    async def test_a_batch_of_nothing_counts_nothing(
        self, reconciliation: ReconciliationStore, batch: Batch
    ) -> None:
        assert await reconciliation.record(batch, []) == Tally()
        assert await read_rows(reconciliation, batch.run_id) == []


class TestRuns:
    async def test_the_first_report_of_a_run_stays(
        self, reconciliation: ReconciliationStore, batch: Batch, payment: Payment
    ) -> None:
        await reconciliation.record(
            batch, [examined_of(payment, 1, difference_of(payment.request))]
        )
        tally = Tally(checked=7, found={"overdue": 2, "state_differs": 1}, repaired=1)
        finished = FinishedRun(run_id=batch.run_id, tally=tally, at=after(days=1, hours=2))

        report = await reconciliation.finish(finished)
        differences = await reconciliation.differences_csv(batch.run_id)
        other = await reconciliation.finish(replace(finished, tally=Tally()))
        await reconciliation.begin(started_of(batch))

        assert report == other
        assert (report.tally, report.currency) == (tally, Currency.IDR)
        assert (report.started_at, report.finished_at) == (NOW, finished.at)
        assert report.open_discrepancies >= report.overdue_discrepancies >= 1
        stored = await reconciliation.run(batch.run_id)
        assert stored is not None
        assert (stored.checked, stored.found, stored.repaired) == (7, 3, 1)
        assert stored.report == report
        assert len(list(csv.DictReader(io.StringIO(differences.decode())))) == 1

    async def test_what_a_run_found_is_told_as_it_was_when_it_ended(
        self,
        reconciliation: ReconciliationStore,
        payment: Payment,
        batch: Batch,
        later: Batch,
    ) -> None:
        await reconciliation.record(
            batch, [examined_of(payment, 1, difference_of(payment.request))]
        )
        await reconciliation.finish(
            FinishedRun(run_id=batch.run_id, tally=Tally(), at=after(hours=1))
        )
        before = await reconciliation.differences_csv(batch.run_id)

        await reconciliation.record(later, [examined_of(payment)])

        assert await reconciliation.differences_csv(batch.run_id) == before
        (repaired,) = csv.DictReader(
            io.StringIO((await reconciliation.differences_csv(later.run_id)).decode())
        )
        assert (repaired["resolution"], repaired["resolved_by"]) == ("repaired", later.run_id)

    async def test_the_first_pdf_stays(
        self, reconciliation: ReconciliationStore, batch: Batch
    ) -> None:
        assert await reconciliation.pdf(batch.run_id) is None

        for pdf in (b"%PDF-1", b"%PDF-2"):
            await reconciliation.store_pdf(batch.run_id, pdf)

        assert await reconciliation.pdf(batch.run_id) == b"%PDF-1"

    async def test_runs_are_listed_newest_first_and_an_unknown_one_is_none(
        self, fresh_engine: AsyncEngine, sealer: Sealer
    ) -> None:
        own = ReconciliationStore(fresh_engine, sealer)
        for hours in (1, 3, 2):
            started = StartedRun(run_id=f"run-{hours}", kind=RunKind.OPEN, at=after(hours=hours))
            await own.begin(started)

        assert [run.run_id for run in await own.runs(2)] == ["run-3", "run-2"]
        assert all(run.report is None for run in await own.runs())
        assert await own.run("run-9") is None

    async def test_rows_come_batch_by_batch(
        self, reconciliation: ReconciliationStore, payment: Payment, batch: Batch
    ) -> None:
        for behind in ("", "A~1", "B~1"):
            await reconciliation.record(replace(batch, after=behind), [examined_of(payment)])

        pieces = [piece async for piece in reconciliation.rows_csv(batch.run_id)]

        assert [piece.count(b"\n") for piece in pieces] == [1, 1, 1, 1]
