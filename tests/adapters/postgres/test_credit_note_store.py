import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.credit_note_store import CreditNoteStore
from adapters.postgres.invoice_store import InvoiceStore
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.sealing import Sealer
from adapters.postgres.tables import credit_notes as credit_note_rows
from payments.cases import Resolution
from payments.commands import AnsweredRefund
from payments.credit_note import CreditNote, CreditReason
from payments.errors import OrderUnknownError
from payments.invoice import Invoice, Tax
from payments.money import Currency, Money
from payments.progress import NO_REFUND, Progress
from payments.refunds import RefundAnswer, RefundOutcome
from payments.request import PaymentRequest
from payments.status import AttemptStatus, PaymentStatus
from tests.adapters.postgres.rows import (
    audit_details,
    audited,
    cases_of,
    count_of,
    credit_order_of,
    decision_on,
    report_by,
    reverse,
    rows_of,
    transfer_back,
    wanted_of,
)
from tests.payments.samples import MERCHANT, after, answer_of

Paying = Callable[[PaymentRequest], Awaitable[Progress]]
AT = after(hours=3)


def rupiah(value: int) -> Money:
    return Money(value, Currency.IDR)


async def give_back(
    store: PaymentStore, order: PaymentRequest, refund_key: str, value: int | None = None
) -> None:
    await store.request_refund(wanted_of(order, refund_key, value))
    taken = RefundAnswer(outcome=RefundOutcome.ACCEPTED)
    await store.record_refund(
        AnsweredRefund(
            order_id=order.order_id, refund_key=refund_key, answer=taken, at=after(hours=2)
        )
    )


@pytest.fixture
def taxed(engine: AsyncEngine, sealer: Sealer) -> InvoiceStore:
    return InvoiceStore(engine, sealer, replace(MERCHANT, npwp="01.234", is_pkp=True))


@pytest.fixture
async def invoice(taxed: InvoiceStore, paid_by_gopay: PaymentRequest) -> Invoice:
    return await taxed.issue(paid_by_gopay.order_id, after(minutes=2))


class TestOfARefund:
    async def test_it_takes_back_a_part_of_the_invoice_with_its_tax(
        self,
        store: PaymentStore,
        credit_notes: CreditNoteStore,
        engine: AsyncEngine,
        paid_by_gopay: PaymentRequest,
        invoice: Invoice,
    ) -> None:
        await give_back(store, paid_by_gopay, "r-1", 100_000)

        note = await credit_notes.issue(credit_order_of(paid_by_gopay, "r-1"))

        assert note is not None
        assert note == CreditNote(
            number=note.number,
            invoice_number=invoice.number,
            invoice_issued_at=invoice.issued_at,
            order_id=paid_by_gopay.order_id,
            refund_key="r-1",
            reason=CreditReason.REFUND,
            issued_at=AT,
            locale=paid_by_gopay.locale,
            merchant=invoice.merchant,
            customer=paid_by_gopay.customer,
            amount=rupiah(100_000),
            tax=Tax("PPN 12% x 11/12", rupiah(90_090), rupiah(9_910)),
        )
        assert note.number.startswith("CN-2026-")
        assert await credit_notes.credit_note(paid_by_gopay.order_id, "r-1") == note
        payment = await store.payment(paid_by_gopay.order_id)
        assert payment is not None
        assert payment.refunds[0].credit_note_number == note.number
        progress = await store.progress(paid_by_gopay.order_id)
        assert progress is not None
        assert progress.credit_notes_due == ()
        assert (await audited(engine, paid_by_gopay.order_id))[-1] == (
            "credit_note.issued",
            "service",
            "issue_credit_note",
        )

    async def test_the_notes_of_a_whole_invoice_have_just_its_tax(
        self,
        store: PaymentStore,
        credit_notes: CreditNoteStore,
        paid_by_gopay: PaymentRequest,
        invoice: Invoice,
    ) -> None:
        taxes = []
        for key, value in (("r-1", 33_333), ("r-2", 33_333), ("r-3", None)):
            await give_back(store, paid_by_gopay, key, value)
            note = await credit_notes.issue(credit_order_of(paid_by_gopay, key))
            assert note is not None
            assert note.tax is not None
            taxes.append(note.tax.amount.value)

        assert invoice.tax is not None
        assert sum(taxes) == invoice.tax.amount.value

    async def test_it_is_issued_once(
        self,
        store: PaymentStore,
        credit_notes: CreditNoteStore,
        engine: AsyncEngine,
        paid_by_gopay: PaymentRequest,
        invoice: Invoice,
    ) -> None:
        await give_back(store, paid_by_gopay, "r-1")
        orders = [credit_order_of(paid_by_gopay, "r-1", after(hours=hour)) for hour in range(3, 13)]

        issued = await asyncio.gather(*(credit_notes.issue(order) for order in orders))

        assert issued == [issued[0]] * 10
        assert issued[0] is not None
        (row,) = await rows_of(engine, credit_note_rows, paid_by_gopay.order_id)
        assert (row["refund_key"], row["invoice_number"]) == ("r-1", invoice.number)
        other = dict(row) | {"number": "CN-2099-1", "series": "CN-2099"}
        with pytest.raises(IntegrityError, match="uq_credit_notes_invoice_number_refund_key"):
            async with engine.begin() as connection:
                await connection.execute(insert(credit_note_rows).values(other))

    async def test_what_does_not_touch_an_invoice_has_none(
        self, store: PaymentStore, credit_notes: CreditNoteStore, paid_by_gopay: PaymentRequest
    ) -> None:
        await give_back(store, paid_by_gopay, "r-1")

        for key in ("r-1", "r-9", NO_REFUND):
            assert await credit_notes.issue(credit_order_of(paid_by_gopay, key)) is None
        assert await credit_notes.credit_note(paid_by_gopay.order_id, "r-1") is None
        with pytest.raises(OrderUnknownError):
            await credit_notes.issue(
                credit_order_of(replace(paid_by_gopay, order_id="SKT-none"), "r-1")
            )

    async def test_what_only_waits_to_go_back_has_none(
        self,
        store: PaymentStore,
        credit_notes: CreditNoteStore,
        paid_by_gopay: PaymentRequest,
        invoice: Invoice,
    ) -> None:
        await store.request_refund(wanted_of(paid_by_gopay, "r-1"))

        assert await credit_notes.issue(credit_order_of(paid_by_gopay, "r-1")) is None

    async def test_what_was_paid_beyond_the_invoice_is_not_credited(
        self,
        store: PaymentStore,
        credit_notes: CreditNoteStore,
        invoices: InvoiceStore,
        order: PaymentRequest,
        opened: Paying,
    ) -> None:
        await opened(order)
        too_much = replace(report_by(order, AttemptStatus.PAID), amount=rupiah(400_000))
        await store.record_answer(answer_of(order, too_much))
        (case,) = await cases_of(store, order.order_id)
        await store.resolve_case(decision_on(case, Resolution.ACCEPTED))
        await invoices.issue(order.order_id, after(hours=2))
        notes = []
        for key, value in (("r-1", 300_000), ("r-2", 90_000), ("r-3", None)):
            await store.request_refund(wanted_of(order, key, value))
            await transfer_back(store, order, key)
            notes.append(await credit_notes.issue(credit_order_of(order, key)))

        assert [note and note.amount for note in notes] == [rupiah(300_000), rupiah(50_000), None]
        progress = await store.progress(order.order_id)
        assert progress is not None
        assert progress.credit_notes_due == ()
        assert await credit_notes.issue(credit_order_of(order, "r-3")) is None

    async def test_the_first_pdf_is_kept(
        self,
        store: PaymentStore,
        credit_notes: CreditNoteStore,
        paid_by_gopay: PaymentRequest,
        invoice: Invoice,
    ) -> None:
        await give_back(store, paid_by_gopay, "r-1")
        note = await credit_notes.issue(credit_order_of(paid_by_gopay, "r-1"))
        assert note is not None

        assert await credit_notes.pdf(paid_by_gopay.order_id, note.number) is None
        await credit_notes.store_pdf(note.number, b"%PDF-1")
        await credit_notes.store_pdf(note.number, b"%PDF-2")

        assert await credit_notes.pdf(paid_by_gopay.order_id, note.number) == b"%PDF-1"
        assert await credit_notes.pdf("SKT-none", note.number) is None


class TestOfAReversal:
    async def test_it_takes_back_what_refunds_have_left_of_the_invoice(
        self,
        store: PaymentStore,
        credit_notes: CreditNoteStore,
        engine: AsyncEngine,
        taxed: InvoiceStore,
        paid_by_transfer: PaymentRequest,
    ) -> None:
        order = paid_by_transfer
        invoice = await taxed.issue(order.order_id, after(minutes=2))
        await store.request_refund(wanted_of(order, "r-1", 100_000))
        await transfer_back(store, order, "r-1")
        first = await credit_notes.issue(credit_order_of(order, "r-1"))
        assert (await reverse(store, order)).status is PaymentStatus.REVERSED

        rest = await credit_notes.issue(credit_order_of(order, NO_REFUND))

        assert first is not None
        assert rest is not None
        assert (rest.refund_key, rest.reason) == (None, CreditReason.REVERSAL)
        assert (rest.invoice_number, rest.amount) == (invoice.number, rupiah(250_000))
        assert first.tax is not None
        assert rest.tax is not None
        assert invoice.tax is not None
        assert first.tax.amount + rest.tax.amount == invoice.tax.amount
        payment = await store.payment(order.order_id)
        assert payment is not None
        assert payment.cancelled_invoice is None
        assert (await audit_details(engine, order.order_id))[-1] == {
            "invoice_number": invoice.number,
            "credit_note_number": rest.number,
        }

    async def test_it_is_issued_once_and_again_for_the_next_invoice(
        self,
        store: PaymentStore,
        credit_notes: CreditNoteStore,
        taxed: InvoiceStore,
        paid_by_transfer: PaymentRequest,
    ) -> None:
        order = paid_by_transfer
        first = await taxed.issue(order.order_id, after(minutes=2))
        await reverse(store, order)
        wish = credit_order_of(order, NO_REFUND)
        issued = await asyncio.gather(*(credit_notes.issue(wish) for _ in range(5)))

        paid_again = replace(report_by(order, AttemptStatus.PAID), transaction_id="trx-2")
        await store.record_answer(answer_of(order, paid_again))
        second = await taxed.issue(order.order_id, after(hours=4))
        await store.record_answer(
            answer_of(order, replace(paid_again, status=AttemptStatus.DENIED))
        )
        other = await credit_notes.issue(credit_order_of(order, NO_REFUND, after(hours=5)))

        assert issued == [issued[0]] * 5
        assert issued[0] is not None
        assert other is not None
        assert (issued[0].invoice_number, other.invoice_number) == (first.number, second.number)
        assert await credit_notes.credit_note(order.order_id, NO_REFUND) == other

    async def test_nothing_is_left_of_an_invoice_that_was_refunded_whole(
        self,
        store: PaymentStore,
        credit_notes: CreditNoteStore,
        engine: AsyncEngine,
        taxed: InvoiceStore,
        paid_by_transfer: PaymentRequest,
    ) -> None:
        order = paid_by_transfer
        await taxed.issue(order.order_id, after(minutes=2))
        await store.request_refund(wanted_of(order, "r-1"))
        await transfer_back(store, order, "r-1")
        await credit_notes.issue(credit_order_of(order, "r-1"))
        assert (await reverse(store, order)).status is PaymentStatus.REVERSED

        assert await credit_notes.issue(credit_order_of(order, NO_REFUND)) is None

        progress = await store.progress(order.order_id)
        assert progress is not None
        assert progress.credit_notes_due == ()
        assert await count_of(engine, credit_note_rows, order.order_id) == 1
