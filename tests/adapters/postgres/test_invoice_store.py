import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from tink import mac

from adapters.keysets import AeadKeyset
from adapters.postgres.credit_note_store import CreditNoteStore
from adapters.postgres.invoice_store import InvoiceStore
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.sealing import Cell, Sealer
from adapters.postgres.tables import invoices as invoice_rows
from payments.errors import NotPaidError, OrderUnknownError
from payments.gateway import ClosingCause
from payments.invoice import Invoice, Merchant
from payments.money import Currency, Money
from payments.progress import NO_REFUND, Progress
from payments.request import PaymentRequest
from payments.status import AttemptStatus, PaymentStatus
from tests.adapters.postgres.rows import audited, count_of, credit_order_of
from tests.payments.samples import (
    MERCHANT,
    TERMS,
    after,
    answer_of,
    closing_of,
    placement_of,
    report_of,
)

Paying = Callable[[PaymentRequest], Awaitable[Progress]]
AT = after(minutes=2)


class FailingSealer(Sealer):
    """Fails for a document whose turn it is, after its number was taken."""

    failures = 0

    def seal(self, cell: Cell, clear: bytes) -> bytes:
        if cell.column == "sealed_document" and self.failures > 0:
            self.failures -= 1
            raise RuntimeError("the key is out of reach")
        return super().seal(cell, clear)


async def test_a_paid_order_gets_a_numbered_invoice(
    store: PaymentStore,
    invoices: InvoiceStore,
    engine: AsyncEngine,
    order: PaymentRequest,
    paid: Paying,
) -> None:
    await paid(order)

    invoice = await invoices.issue(order.order_id, AT)

    assert invoice == Invoice(
        number=invoice.number,
        order_id=order.order_id,
        issued_at=AT,
        paid_at=after(minutes=1),
        paid_with=order.method,
        locale=order.locale,
        merchant=MERCHANT,
        customer=order.customer,
        items=order.items,
        total=order.amount,
        tax=None,
    )
    assert invoice.number.startswith("INV-2026-")
    assert await invoices.invoice(order.order_id) == invoice
    payment = await store.payment(order.order_id)
    assert payment is not None
    assert (payment.invoice_number, payment.version) == (invoice.number, 4)
    assert (await audited(engine, order.order_id))[-1] == (
        "invoice.issued",
        "service",
        "issue_invoice",
    )


async def test_an_invoice_is_issued_once(
    store: PaymentStore, invoices: InvoiceStore, order: PaymentRequest, paid: Paying
) -> None:
    await paid(order)

    issued = await asyncio.gather(
        *(invoices.issue(order.order_id, after(minutes=minute)) for minute in range(2, 12))
    )

    assert len({invoice.number for invoice in issued}) == 1
    assert len({invoice.issued_at for invoice in issued}) == 1
    progress = await store.progress(order.order_id)
    assert progress is not None
    assert not progress.invoice_due


async def test_a_merchant_that_owes_tax_shows_it(
    engine: AsyncEngine, sealer: Sealer, order: PaymentRequest, paid: Paying
) -> None:
    taxed = InvoiceStore(engine, sealer, replace(MERCHANT, npwp="01.234", is_pkp=True))
    await paid(order)

    invoice = await taxed.issue(order.order_id, AT)

    assert invoice.tax is not None
    assert invoice.tax.amount == Money(34_685, Currency.IDR)


async def test_an_issued_invoice_never_changes(
    engine: AsyncEngine,
    sealer: Sealer,
    invoices: InvoiceStore,
    order: PaymentRequest,
    paid: Paying,
) -> None:
    await paid(order)
    issued = await invoices.issue(order.order_id, AT)
    renamed = InvoiceStore(engine, sealer, Merchant(name="Other", address=(), email="x@y.id"))

    assert await renamed.issue(order.order_id, after(hours=1)) == issued


async def test_what_is_not_paid_has_no_invoice(
    store: PaymentStore, invoices: InvoiceStore, engine: AsyncEngine, order: PaymentRequest
) -> None:
    await store.place(placement_of(order))

    with pytest.raises(NotPaidError):
        await invoices.issue(order.order_id, AT)
    with pytest.raises(NotPaidError):
        await invoices.invoice(order.order_id)
    assert await invoices.pdf(order.order_id) is None
    assert await count_of(engine, invoice_rows, order.order_id) == 0


async def test_an_order_that_is_not_there_has_no_invoice(invoices: InvoiceStore) -> None:
    with pytest.raises(OrderUnknownError):
        await invoices.issue("SKT-none", AT)


async def test_a_settlement_that_was_taken_back_has_no_invoice(
    store: PaymentStore, invoices: InvoiceStore, order: PaymentRequest, paid: Paying
) -> None:
    await paid(order)
    await store.record_answer(answer_of(order, AttemptStatus.DENIED))

    with pytest.raises(NotPaidError):
        await invoices.issue(order.order_id, AT)


async def test_an_order_that_is_paid_again_gets_another_invoice_once_the_first_is_cancelled(
    store: PaymentStore,
    invoices: InvoiceStore,
    credit_notes: CreditNoteStore,
    order: PaymentRequest,
    paid: Paying,
) -> None:
    await paid(order)
    first = await invoices.issue(order.order_id, AT)
    await invoices.store_pdf(first.number, b"%PDF-1")
    await store.record_answer(answer_of(order, AttemptStatus.DENIED))
    reversed_ = await store.payment(order.order_id)
    assert reversed_ is not None
    assert (reversed_.invoice_number, reversed_.cancelled_invoice) == (None, first.number)
    assert await invoices.invoice(order.order_id) == first
    assert await invoices.pdf(order.order_id) == b"%PDF-1"

    await store.record_answer(answer_of(order, report_of(order, AttemptStatus.PAID, "trx-2")))
    with pytest.raises(NotPaidError):
        await invoices.issue(order.order_id, AT)
    await credit_notes.issue(credit_order_of(order, NO_REFUND))
    issued = await asyncio.gather(*(invoices.issue(order.order_id, AT) for _ in range(5)))

    second = issued[0]
    assert {invoice.number for invoice in issued} == {second.number}
    assert second.number != first.number
    assert await invoices.invoice(order.order_id) == second
    assert await invoices.pdf(order.order_id) is None


async def test_a_refund_needs_the_invoice_that_it_refers_to(
    store: PaymentStore, invoices: InvoiceStore, order: PaymentRequest, paid: Paying
) -> None:
    await paid(order)
    await store.record_answer(answer_of(order, AttemptStatus.REFUNDED))

    assert (await invoices.issue(order.order_id, AT)).total == order.amount


async def test_money_that_must_go_back_has_no_invoice(
    store: PaymentStore, invoices: InvoiceStore, order: PaymentRequest
) -> None:
    await store.place(placement_of(order))
    await store.begin_closing(closing_of(order, ClosingCause.CANCEL))
    await store.record_answer(answer_of(order, None, is_closed=True))
    late = await store.record_answer(answer_of(order, report_of(order, AttemptStatus.PAID)))

    assert late.status is PaymentStatus.CANCELLED
    with pytest.raises(NotPaidError):
        await invoices.issue(order.order_id, AT)


async def test_the_first_pdf_is_kept(
    invoices: InvoiceStore, order: PaymentRequest, paid: Paying
) -> None:
    await paid(order)
    invoice = await invoices.issue(order.order_id, AT)

    assert await invoices.pdf(order.order_id) is None
    await invoices.store_pdf(invoice.number, b"%PDF-1")
    await invoices.store_pdf(invoice.number, b"%PDF-2")

    assert await invoices.pdf(order.order_id) == b"%PDF-1"


async def test_numbers_have_no_gaps_however_many_are_issued_at_once_or_fail(
    engine: AsyncEngine,
    keyset: AeadKeyset,
    lookup: mac.Mac,
    new_order: Callable[[], PaymentRequest],
) -> None:
    # A year of its own, so that the series begins here.
    at = datetime(2041, 1, 1, tzinfo=UTC)
    sealer = FailingSealer(keyset, lookup)
    own_store = PaymentStore(engine, sealer, TERMS)
    invoices = InvoiceStore(engine, sealer, MERCHANT)
    orders = [new_order() for _ in range(50)]
    for order in orders:
        await own_store.place(placement_of(order))
        await own_store.record_answer(answer_of(order, AttemptStatus.PAID))
    sealer.failures = 10

    first_try = await asyncio.gather(
        *(invoices.issue(order.order_id, at) for order in orders), return_exceptions=True
    )
    failed = [
        order
        for order, outcome in zip(orders, first_try, strict=True)
        if isinstance(outcome, BaseException)
    ]
    await asyncio.gather(*(invoices.issue(order.order_id, at) for order in failed))

    query = select(invoice_rows.c.serial).where(invoice_rows.c.series == "2041")
    async with engine.connect() as connection:
        serials = (await connection.execute(query)).scalars().all()
    assert len(failed) >= 10
    assert sorted(serials) == list(range(1, 51))


async def test_a_series_begins_at_new_year_in_jakarta(
    invoices: InvoiceStore, new_order: Callable[[], PaymentRequest], paid: Paying
) -> None:
    old, new = new_order(), new_order()
    await paid(old)
    await paid(new)

    before = await invoices.issue(old.order_id, datetime(2050, 12, 31, 16, 59, 59, tzinfo=UTC))
    then = await invoices.issue(new.order_id, datetime(2050, 12, 31, 17, tzinfo=UTC))

    assert (before.number, then.number) == ("INV-2050-000001", "INV-2051-000001")
