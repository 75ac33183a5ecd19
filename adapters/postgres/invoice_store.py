"""Invoices: numbered without gaps, once per paid order, never changed after issue."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.audit import Why
from adapters.postgres.payment_writes import PaymentWrites
from adapters.postgres.sealing import Cell, SealedColumn, Sealer
from adapters.postgres.stored_payment import StoredPayment, StoredPayments
from adapters.postgres.tables import invoice_numbers, invoices
from payments.changes import AuditEntry, Change
from payments.errors import NotPaidError
from payments.invoice import WIB, Invoice, Merchant, invoice_number, invoice_series, ppn_in
from payments.payment import MONEY_WAS_HERE, Payment
from payments.status import PaymentStatus

ACTOR = "service"
# An order whose money was refunded since still needs the invoice that the refund refers to.
_INVOICED = MONEY_WAS_HERE - {PaymentStatus.REVERSED}
_DOCUMENT = SealedColumn(invoices.c.sealed_document, Invoice)


class InvoiceStore:
    def __init__(self, engine: AsyncEngine, sealer: Sealer, merchant: Merchant) -> None:
        self._engine = engine
        self._sealer = sealer
        self._merchant = merchant
        self._stored = StoredPayments(sealer)
        self._writes = PaymentWrites(sealer)

    async def issue(self, order_id: str, at: datetime) -> Invoice:
        """Number the paid order's invoice, once; NotPaidError when there is nothing to invoice."""
        async with self._engine.begin() as connection:
            stored = await self._stored.lock(connection, order_id)
            issued = await self._find(connection, order_id)
            if issued is not None:
                return issued
            if stored.payment.status not in _INVOICED or stored.payment.paid_at is None:
                raise NotPaidError(order_id)
            return await self._issue(connection, stored, stored.payment.paid_at, at)

    async def store_pdf(self, invoice_number: str, pdf: bytes) -> None:
        """Keep the first PDF of an invoice: what was sent once is never replaced."""
        sealed = self._sealer.seal(Cell.of(invoices.c.sealed_pdf, invoice_number), pdf)
        once = update(invoices).where(
            invoices.c.number == invoice_number, invoices.c.sealed_pdf.is_(None)
        )
        async with self._engine.begin() as connection:
            await connection.execute(once.values(sealed_pdf=sealed))

    async def invoice(self, order_id: str) -> Invoice:
        """The issued invoice; NotPaidError when there is none."""
        async with self._engine.connect() as connection:
            invoice = await self._find(connection, order_id)
        if invoice is None:
            raise NotPaidError(order_id)
        return invoice

    async def pdf(self, order_id: str) -> bytes | None:
        query = select(invoices.c.number, invoices.c.sealed_pdf).where(
            invoices.c.order_id == order_id
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        if row is None or row.sealed_pdf is None:
            return None
        return self._sealer.open(Cell.of(invoices.c.sealed_pdf, row.number), row.sealed_pdf)

    async def _issue(
        self, connection: AsyncConnection, stored: StoredPayment, paid_at: datetime, at: datetime
    ) -> Invoice:
        series = invoice_series(at)
        serial = await _next_serial(connection, series)
        invoice = self._drawn_up(stored.payment, invoice_number(series, serial), paid_at, at)
        values = {
            "number": invoice.number,
            "order_id": invoice.order_id,
            "series": series,
            "serial": serial,
            "issued_at": at,
            "sealed_document": _DOCUMENT.seal(self._sealer, invoice, invoice.number),
        }
        await connection.execute(insert(invoices).values(values))
        numbered = replace(stored.payment, invoice_number=invoice.number)
        entry = AuditEntry("invoice.issued", {"invoice_number": invoice.number})
        why = Why(actor=ACTOR, cause="issue_invoice", at=at)
        await self._writes.write(connection, stored, Change(numbered, (entry,)), why)
        return invoice

    def _drawn_up(
        self, payment: Payment, number: str, paid_at: datetime, issued_at: datetime
    ) -> Invoice:
        request = payment.request
        # The tax is due when the money comes in, so the rate of that day counts.
        day = paid_at.astimezone(WIB).date()
        return Invoice(
            number=number,
            order_id=payment.order_id,
            issued_at=issued_at,
            paid_at=paid_at,
            paid_with=payment.paid_with,
            locale=request.locale,
            merchant=self._merchant,
            customer=request.customer,
            items=request.items,
            total=request.amount,
            tax=ppn_in(request.amount, day) if self._merchant.is_pkp else None,
        )

    async def _find(self, connection: AsyncConnection, order_id: str) -> Invoice | None:
        query = select(invoices.c.number, invoices.c.sealed_document).where(
            invoices.c.order_id == order_id
        )
        row = (await connection.execute(query)).first()
        if row is None:
            return None
        return _DOCUMENT.open(self._sealer, row.sealed_document, row.number)


async def _next_serial(connection: AsyncConnection, series: str) -> int:
    """Count on in the caller's transaction: a number whose invoice is rolled back is given again.

    The counter's row stays locked until then, so numbers are given in the order of commits.
    """
    first = insert(invoice_numbers).values(series=series, last_serial=1)
    counted = first.on_conflict_do_update(
        constraint=invoice_numbers.primary_key,
        set_={"last_serial": invoice_numbers.c.last_serial + 1},
    ).returning(invoice_numbers.c.last_serial)
    serial: int = (await connection.execute(counted)).scalar_one()
    return serial
