"""The money of some days, and the log of who exported it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
import tink
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres import payment_pages
from adapters.postgres.audit_log import AuditLog
from adapters.postgres.audit_verdict import AuditVerdict, BrokenRow, Exported, Scope, verify
from adapters.postgres.chain_walk import Problem
from adapters.postgres.chains import chained
from adapters.postgres.finance_store import ExportRow, FinanceStore
from adapters.postgres.invoice_store import InvoiceStore
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.reconciliation_store import ReconciliationStore
from adapters.postgres.reconciliation_tables import finance_exports
from adapters.postgres.sealing import Sealer
from payments.commands import AnsweredRefund
from payments.invoice import ppn_in
from payments.methods import PaymentMethod
from payments.money import Currency, Money
from payments.reconciliation import StartedRun
from payments.reconciling import RunKind
from payments.refunds import RefundAnswer, RefundOutcome
from payments.request import PaymentRequest
from payments.status import AttemptStatus
from tests.adapters.postgres.rows import report_by, reverse, wanted_of
from tests.payments.samples import (
    MERCHANT,
    NOW,
    REQUEST,
    TERMS,
    after,
    answer_of,
    opening_of,
    placement_of,
)

Paying = Callable[..., Awaitable[PaymentRequest]]
START, END = after(minutes=1), after(minutes=2)


def rupiah(value: int) -> Money:
    return Money(value, Currency.IDR)


@pytest.fixture
def own_store(fresh_engine: AsyncEngine, sealer: Sealer) -> PaymentStore:
    return PaymentStore(fresh_engine, sealer, TERMS)


@pytest.fixture
def runs(fresh_engine: AsyncEngine, sealer: Sealer) -> ReconciliationStore:
    return ReconciliationStore(fresh_engine, sealer)


@pytest.fixture
def finance(fresh_engine: AsyncEngine, sealer: Sealer) -> FinanceStore:
    return FinanceStore(fresh_engine, sealer)


@pytest.fixture
def paid_order(own_store: PaymentStore) -> Paying:
    async def pay(order_id: str, at_second: float = 60) -> PaymentRequest:
        order = replace(REQUEST, order_id=order_id, method=PaymentMethod.GOPAY)
        await own_store.place(placement_of(order))
        await own_store.record_opened(opening_of(order))
        paid_at = after(seconds=at_second)
        report = replace(report_by(order, AttemptStatus.PAID), paid_at=paid_at)
        await own_store.record_answer(answer_of(order, report, at=after(hours=5)))
        return order

    return pay


async def rows_of(finance: FinanceStore) -> list[ExportRow]:
    return [row async for row in finance.rows(START, END)]


class TestRows:
    async def test_a_row_says_where_the_money_of_a_transaction_is(
        self,
        fresh_engine: AsyncEngine,
        sealer: Sealer,
        own_store: PaymentStore,
        runs: ReconciliationStore,
        finance: FinanceStore,
        paid_order: Paying,
    ) -> None:
        order = await paid_order("A")
        seller = replace(MERCHANT, is_pkp=True)
        await InvoiceStore(fresh_engine, sealer, seller).issue("A", after(hours=1))
        await own_store.request_refund(wanted_of(order, "r-1", 50_000))
        answer = RefundAnswer(outcome=RefundOutcome.ACCEPTED)
        await own_store.record_refund(
            AnsweredRefund(order_id="A", refund_key="r-1", answer=answer, at=after(hours=2))
        )
        await runs.begin(StartedRun(run_id="file-1", kind=RunKind.FILE, at=NOW))
        for fee in (9_999, 7_000):
            await runs.record_fees("file-1", {("A~1", "trx-1"): rupiah(fee)})

        assert await rows_of(finance) == [
            ExportRow(
                order_id="A",
                transaction_id="trx-1",
                paid_at=START,
                method=PaymentMethod.GOPAY,
                gross=rupiah(350_000),
                fee=rupiah(7_000),
                net=rupiah(293_000),
                tax=ppn_in(rupiah(350_000), START.date()).amount,
                refunded=rupiah(50_000),
            )
        ]

    async def test_what_is_not_known_is_none(
        self, finance: FinanceStore, paid_order: Paying
    ) -> None:
        await paid_order("A")

        (row,) = await rows_of(finance)

        assert (row.fee, row.net, row.tax, row.refunded) == (None, None, None, rupiah(0))

    async def test_what_the_customer_bore_of_the_fee_is_in_the_net_and_not_in_the_gross(
        self, own_store: PaymentStore, runs: ReconciliationStore, finance: FinanceStore
    ) -> None:
        order = replace(REQUEST, order_id="A", method=PaymentMethod.GOPAY)
        report = report_by(order, AttemptStatus.PAID)
        report = replace(
            report, amount=report.amount + rupiah(2_500), fee=rupiah(2_500), paid_at=START
        )
        await own_store.place(placement_of(order))
        await own_store.record_opened(opening_of(order))
        await own_store.record_answer(answer_of(order, report, at=after(hours=5)))
        await runs.begin(StartedRun(run_id="file-1", kind=RunKind.FILE, at=NOW))
        await runs.record_fees("file-1", {("A~1", "trx-1"): rupiah(7_000)})

        (row,) = await rows_of(finance)

        assert (row.gross, row.fee, row.net) == (rupiah(350_000), rupiah(7_000), rupiah(345_500))

    async def test_a_fee_copied_to_another_transaction_does_not_open(
        self,
        fresh_engine: AsyncEngine,
        runs: ReconciliationStore,
        finance: FinanceStore,
        paid_order: Paying,
    ) -> None:
        await runs.begin(StartedRun(run_id="file-1", kind=RunKind.FILE, at=NOW))
        for name, fee in (("A", 1_000), ("B", 2_000)):
            await paid_order(name)
            await runs.record_fees("file-1", {(f"{name}~1", "trx-1"): rupiah(fee)})
        assert [row.fee for row in await rows_of(finance)] == [rupiah(1_000), rupiah(2_000)]

        async with fresh_engine.begin() as connection:
            copied = "(SELECT sealed_fee FROM gateway_fees WHERE gateway_order_id = 'A~1')"
            await connection.execute(text(f"UPDATE gateway_fees SET sealed_fee = {copied}"))  # noqa: S608 - no values in it

        with pytest.raises(tink.TinkError):
            await rows_of(finance)

    async def test_money_that_the_bank_took_back_went_back(
        self, own_store: PaymentStore, finance: FinanceStore, paid_order: Paying
    ) -> None:
        await reverse(own_store, await paid_order("A"))

        (row,) = await rows_of(finance)

        assert (row.gross, row.refunded) == (rupiah(350_000), rupiah(350_000))

    async def test_the_time_is_when_the_money_came_and_its_end_is_left_out(
        self, finance: FinanceStore, paid_order: Paying
    ) -> None:
        for name, second in (("A", 119.9), ("B", 120), ("C", 60), ("D", 59.9)):
            await paid_order(name, second)

        assert [row.order_id for row in await rows_of(finance)] == ["C", "A"]

    @pytest.mark.parametrize("page", [1, 2, 3, 5])
    async def test_pages_change_nothing(
        self,
        runs: ReconciliationStore,
        finance: FinanceStore,
        paid_order: Paying,
        monkeypatch: pytest.MonkeyPatch,
        page: int,
    ) -> None:
        monkeypatch.setattr(payment_pages, "PAGE", page)
        for name in ("A", "B", "C", "D"):
            await paid_order(name)

        assert [row.order_id for row in await rows_of(finance)] == ["A", "B", "C", "D"]
        paid = [
            (payment.order_id, number, held.transaction_id)
            async for payment, number, held in runs.paid_between(START, END)
        ]
        assert paid == [(name, 1, "trx-1") for name in ("A", "B", "C", "D")]
        known = await runs.payments_of(["D", "X", "A", "D", "B"])
        assert sorted(known) == ["A", "B", "D"]
        assert known["D"].order_id == "D"


@pytest.fixture
async def log(fresh_engine: AsyncEngine, finance: FinanceStore) -> AsyncEngine:
    """Three exports."""
    for number in range(3):
        await finance.note_export("ani", START, END, number, b"digest", after(hours=number))
    return fresh_engine


class TestExports:
    async def test_an_unbroken_log_is_counted_whatever_the_page(
        self, log: AsyncEngine, sealer: Sealer
    ) -> None:
        for page in (1, 2, 3, 4):
            assert await verify(log, sealer, Scope(page=page)) == AuditVerdict(0, 0, log_entries=3)

    async def test_exports_at_once_make_one_chain(
        self, fresh_engine: AsyncEngine, sealer: Sealer, finance: FinanceStore
    ) -> None:
        await asyncio.gather(
            *(finance.note_export("ani", START, END, 1, b"d", NOW) for _ in range(8))
        )

        assert await verify(fresh_engine, sealer) == AuditVerdict(0, 0, log_entries=8)

    async def test_what_the_version_before_added_goes_on_and_is_not_sealed(
        self, log: AsyncEngine, sealer: Sealer, finance: FinanceStore
    ) -> None:
        async with log.begin() as connection:
            rows = await connection.execute(text("SELECT * FROM finance_exports WHERE seq = 3"))
            last = rows.mappings().one()
            entry = {**{name: last[name] for name in last if name != "hash"}, "seq": 4}
            values = {**entry, "hash": chained(last["hash"], entry)}
            await connection.execute(insert(finance_exports).values(values))
        await finance.note_export("ani", START, END, 5, b"digest", NOW)

        verdict = await verify(log, sealer)

        assert (verdict.broken, verdict.log_entries, verdict.unsealed) == (None, 5, 1)
        assert await AuditLog(log, sealer).seal(lambda _: None) == 1
        assert (await verify(log, sealer)).is_sound

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE finance_exports SET actor = 'nobody'",
            "DELETE FROM finance_exports",
            "TRUNCATE finance_exports",
        ],
    )
    async def test_the_log_can_only_be_added_to(self, log: AsyncEngine, statement: str) -> None:
        with pytest.raises(DBAPIError, match="finance_exports can only be added to"):
            async with log.begin() as connection:
                await connection.execute(text(statement))

    @pytest.mark.parametrize(
        ("tampering", "broken"),
        [
            ("UPDATE finance_exports SET actor = 'nobody' WHERE seq = 2", Problem.CHANGED),
            ("UPDATE finance_exports SET rows = 7 WHERE seq = 2", Problem.CHANGED),
            ("UPDATE finance_exports SET digest = 'x' WHERE seq = 2", Problem.CHANGED),
            ("UPDATE finance_exports SET exported_to = now() WHERE seq = 2", Problem.CHANGED),
            ("UPDATE finance_exports SET at = at + interval '1 us' WHERE seq = 2", Problem.CHANGED),
            ("DELETE FROM finance_exports WHERE seq = 2", Problem.MISSING),
            ("DELETE FROM finance_exports WHERE seq >= 2", Problem.CUT_OFF),
            ("UPDATE log_ends SET seq = 2 WHERE log = 'finance_exports'", Problem.END_MOVED),
            ("DELETE FROM log_ends WHERE log = 'finance_exports'", Problem.END_MISSING),
            ("DELETE FROM finance_exports", Problem.CUT_OFF),
        ],
    )
    async def test_the_first_broken_export_is_named(
        self, log: AsyncEngine, sealer: Sealer, tampering: str, broken: Problem
    ) -> None:
        async with log.begin() as connection:
            await connection.execute(text("ALTER TABLE finance_exports DISABLE TRIGGER USER"))
            await connection.execute(text(tampering))

        row = (await verify(log, sealer)).broken

        assert row is not None
        assert (row.log, row.order_id, row.problem) == ("finance_exports", "", broken)

    async def test_a_log_that_was_shortened_with_its_end_and_seal_is_missed_by_an_export(
        self, log: AsyncEngine, sealer: Sealer
    ) -> None:
        exported = Exported(log_ends=await AuditLog(log, sealer).log_ends())
        async with log.begin() as connection:
            await connection.execute(text("ALTER TABLE finance_exports DISABLE TRIGGER USER"))
            await connection.execute(text("DELETE FROM finance_exports"))
            await connection.execute(text("UPDATE log_ends SET seq = 0, sealed_end = NULL"))

        assert (await verify(log, sealer)).is_sound
        verdict = await verify(log, sealer, exported=exported)

        assert verdict.broken == BrokenRow("", 3, Problem.VANISHED, "finance_exports")
