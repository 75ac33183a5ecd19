"""Differences as people see them: listed, resolved, alerted of, and sealed."""

import asyncio
from dataclasses import replace

import pytest
import tink
from sqlalchemy import Column, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.audit_verdict import verify
from adapters.postgres.discrepancy_rows import DiscrepancyResolution, StoredDiscrepancy
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.reconciliation_store import ReconciliationStore
from adapters.postgres.reconciliation_tables import (
    discrepancies,
    reconciliation_rows,
    reconciliation_runs,
)
from adapters.postgres.sealing import Sealer
from payments.errors import DiscrepancyUnknownError, PermanentError
from payments.reconciliation import FinishedRun, StartedRun, Tally
from payments.reconciling import DiscrepancyKind, RunKind
from payments.request import PaymentRequest
from tests.adapters.postgres.reconciliations import batch_of, difference_of, examined_of
from tests.adapters.postgres.rows import audit_details, audited
from tests.payments.samples import NOW, TERMS, after, placement_of

RUN = "run-1"


@pytest.fixture
async def own_store(fresh_engine: AsyncEngine, sealer: Sealer) -> PaymentStore:
    return PaymentStore(fresh_engine, sealer, TERMS)


@pytest.fixture
async def runs(fresh_engine: AsyncEngine, sealer: Sealer) -> ReconciliationStore:
    runs = ReconciliationStore(fresh_engine, sealer)
    await runs.begin(StartedRun(run_id=RUN, kind=RunKind.FILE, at=NOW))
    return runs


@pytest.fixture
async def found(runs: ReconciliationStore, order: PaymentRequest) -> StoredDiscrepancy:
    await runs.record_file(RUN, [difference_of(order)], NOW)
    (found,) = await runs.discrepancies()
    return found


async def test_open_ones_are_listed_page_by_page(
    runs: ReconciliationStore, order: PaymentRequest
) -> None:
    for kind in DiscrepancyKind:
        await runs.record_file(RUN, [difference_of(order, kind)], NOW)

    first = await runs.discrepancies(limit=4)
    rest = await runs.discrepancies(after=first[-1].discrepancy_id)

    assert [each.found.kind for each in (*first, *rest)] == list(DiscrepancyKind)
    assert len(first) == 4
    assert first[0].found == difference_of(order)


class TestResolve:
    async def test_it_says_who_and_why_and_is_audited(
        self,
        runs: ReconciliationStore,
        own_store: PaymentStore,
        fresh_engine: AsyncEngine,
        order: PaymentRequest,
        found: StoredDiscrepancy,
    ) -> None:
        await own_store.place(placement_of(order))

        resolved = await runs.resolve_discrepancy(
            found.discrepancy_id, "ani", "seen", after(days=1)
        )

        assert resolved.resolved is not None
        assert resolved.resolved.resolution is DiscrepancyResolution.RESOLVED
        assert (resolved.resolved.actor, resolved.resolved.note) == ("ani", "seen")
        assert await runs.discrepancies() == ()
        assert await runs.discrepancies(open_only=False) == (resolved,)
        assert (await audited(fresh_engine, order.order_id))[-1] == (
            "discrepancy.resolved",
            "ani",
            "resolve_discrepancy",
        )
        assert (await audit_details(fresh_engine, order.order_id))[-1] == {
            "discrepancy": str(found.discrepancy_id),
            "kind": "state_differs",
            "gateway_order_id": f"{order.order_id}~1",
            "transaction_id": "trx-1",
        }
        assert (await verify(fresh_engine)).broken is None

    async def test_one_that_is_closed_stays_as_it_is(
        self,
        runs: ReconciliationStore,
        own_store: PaymentStore,
        fresh_engine: AsyncEngine,
        order: PaymentRequest,
        found: StoredDiscrepancy,
    ) -> None:
        await own_store.place(placement_of(order))

        answers = await asyncio.gather(
            *(
                runs.resolve_discrepancy(found.discrepancy_id, actor, "seen", after(days=1))
                for actor in ("ani", "budi", "citra")
            )
        )

        assert len({each.resolved for each in answers}) == 1
        events = [event for event, _, _ in await audited(fresh_engine, order.order_id)]
        assert events.count("discrepancy.resolved") == 1

    async def test_one_of_an_order_that_is_not_stored_can_be_resolved(
        self, runs: ReconciliationStore, found: StoredDiscrepancy
    ) -> None:
        await runs.record_file(RUN, [difference_of("FOREIGN")], NOW)

        for each in await runs.discrepancies():
            await runs.resolve_discrepancy(each.discrepancy_id, "ani", "not ours", NOW)

        assert found.is_open
        assert await runs.discrepancies() == ()

    async def test_one_that_was_resolved_and_is_found_changed_is_a_new_one(
        self, runs: ReconciliationStore, order: PaymentRequest, found: StoredDiscrepancy
    ) -> None:
        await runs.resolve_discrepancy(found.discrepancy_id, "ani", "seen", NOW)

        await runs.record_file(RUN, [difference_of(order)], after(days=1))
        assert await runs.discrepancies() == ()
        await runs.record_file(RUN, [difference_of(order, theirs="refunded")], after(days=1))

        (again,) = await runs.discrepancies()
        assert again.discrepancy_id > found.discrepancy_id
        assert len(await runs.discrepancies(open_only=False)) == 2

    async def test_one_that_is_not_there_is_named(self, runs: ReconciliationStore) -> None:
        with pytest.raises(DiscrepancyUnknownError, match="no difference 999 is stored") as raised:
            await runs.resolve_discrepancy(999, "ani", "seen", NOW)

        assert isinstance(raised.value, PermanentError)
        assert raised.value.code == "discrepancy_unknown"


class TestOverdue:
    async def test_one_is_told_until_somebody_was_alerted_or_it_is_closed(
        self, runs: ReconciliationStore, found: StoredDiscrepancy
    ) -> None:
        await runs.record_file(RUN, [difference_of("FOREIGN")], NOW)
        (_, other) = await runs.discrepancies()
        assert await runs.overdue(NOW - (after(seconds=1) - NOW)) == ()
        assert await runs.overdue(NOW) == (found, other)

        await runs.mark_alerted([found.discrepancy_id], after(days=1))
        await runs.mark_alerted([found.discrepancy_id], after(days=2))
        assert await runs.overdue(after(days=3)) == (other,)
        await runs.resolve_discrepancy(other.discrepancy_id, "ani", "seen", after(days=1))

        assert await runs.overdue(after(days=3)) == ()
        ((alerted),) = await runs.discrepancies()
        assert alerted.alerted_at == after(days=1)

    async def test_a_report_counts_the_open_and_the_overdue_ones(
        self, runs: ReconciliationStore, found: StoredDiscrepancy
    ) -> None:
        assert found.is_open
        await runs.record_file(RUN, [difference_of("FOREIGN")], after(hours=20))

        report = await runs.finish(FinishedRun(run_id=RUN, tally=Tally(), at=after(hours=24)))

        assert (report.open_discrepancies, report.overdue_discrepancies) == (2, 1)


class TestSealed:
    @pytest.fixture
    async def filled(
        self, runs: ReconciliationStore, own_store: PaymentStore, order: PaymentRequest
    ) -> ReconciliationStore:
        """Two runs with something in every column."""
        await own_store.place(placement_of(order))
        payment = await own_store.payment(order.order_id)
        assert payment is not None
        for number, run_id in enumerate(("run-2", "run-3")):
            batch = batch_of(run_id, at=after(hours=number))
            await runs.begin(StartedRun(run_id=run_id, kind=RunKind.OPEN, at=NOW))
            found = difference_of(order, transaction_id=run_id)
            for behind in ("", "A~1"):
                await runs.record(replace(batch, after=behind), [examined_of(payment, 1, found)])
            (kept,) = await runs.discrepancies()
            await runs.resolve_discrepancy(kept.discrepancy_id, "ani", "canary-note", NOW)
            await runs.finish(FinishedRun(run_id=run_id, tally=Tally(), at=NOW))
            await runs.store_pdf(run_id, b"%PDF")
        return runs

    @pytest.mark.parametrize(
        "column",
        [
            reconciliation_runs.c.sealed_report,
            reconciliation_runs.c.sealed_differences,
            reconciliation_runs.c.sealed_pdf,
            reconciliation_rows.c.sealed_rows,
        ],
        ids=str,
    )
    async def test_a_value_copied_to_another_row_does_not_open(
        self, fresh_engine: AsyncEngine, filled: ReconciliationStore, column: Column[bytes]
    ) -> None:
        await _read_all(filled)
        await _copy(fresh_engine, column)

        with pytest.raises(tink.TinkError):
            await _read_all(filled)

    @pytest.mark.parametrize(
        "column", [discrepancies.c.sealed_details, discrepancies.c.sealed_note], ids=str
    )
    async def test_of_a_difference_it_is_not_shown_and_hides_no_other(
        self, fresh_engine: AsyncEngine, filled: ReconciliationStore, column: Column[bytes]
    ) -> None:
        before = await filled.discrepancies(open_only=False)
        await _copy(fresh_engine, column)

        after_it = await filled.discrepancies(open_only=False)

        texts = [
            each.found.ours if column is discrepancies.c.sealed_details else each.resolved.note
            for each in after_it
            if each.resolved
        ]
        assert texts[0] == "unreadable"
        assert after_it[1:] == before[1:]


async def _copy(engine: AsyncEngine, column: Column[bytes]) -> None:
    """The last value of the column over the first."""
    query = select(column).where(column.is_not(None)).order_by(*column.table.primary_key)
    async with engine.begin() as connection:
        first, *_, last = (await connection.execute(query)).scalars().all()
        own = update(column.table).where(column == first)
        await connection.execute(own.values({column: last}))


async def _read_all(runs: ReconciliationStore) -> None:
    assert len(await runs.discrepancies(open_only=False)) == 2
    assert len(await runs.runs()) == 3
    for run_id in ("run-2", "run-3"):
        assert await runs.pdf(run_id) == b"%PDF"
        assert await runs.differences_csv(run_id)
        assert len([piece async for piece in runs.rows_csv(run_id)]) == 3


async def test_the_database_keeps_one_open_difference_of_a_key_by_itself(
    fresh_engine: AsyncEngine, found: StoredDiscrepancy
) -> None:
    async with fresh_engine.connect() as connection:
        row = (await connection.execute(select(discrepancies))).mappings().one()
    assert row["discrepancy_id"] == found.discrepancy_id
    again = {name: row[name] for name in row if name != "discrepancy_id"}

    with pytest.raises(IntegrityError, match="uq_discrepancies_open"):
        async with fresh_engine.begin() as connection:
            await connection.execute(insert(discrepancies).values(again))
