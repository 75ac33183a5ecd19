"""Invoices: numbered without gaps, once per payment of an order, never changed after issue."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.audit import Why
from adapters.postgres.document_numbers import next_serial
from adapters.postgres.payment_writes import PaymentWrites
from adapters.postgres.sealing import Cell, SealedColumn, Sealer
from adapters.postgres.stored_payment import StoredPayment, StoredPayments
from adapters.postgres.tables import invoices, orders
from payments.changes import AuditEntry, Change
from payments.errors import NotPaidError
from payments.invoice import WIB, Invoice, Merchant, invoice_number, invoice_series, ppn_in
from payments.payment import MONEY_WAS_HERE, Payment

ACTOR = "service"
_DOCUMENT = SealedColumn(invoices.c.sealed_document, Invoice)


class InvoiceStore:
    def __init__(self, engine: AsyncEngine, sealer: Sealer, merchant: Merchant) -> None:
        self._engine = engine
        self._sealer = sealer
        self._merchant = merchant
        self._stored = StoredPayments(sealer)
        self._writes = PaymentWrites(sealer)

    async def issue(self, order_id: str, at: datetime) -> Invoice:
        """Number the paid order's invoice, once; NotPaidError when there is nothing to invoice.

        An order whose money was refunded since still needs the one that the refund refers to.
        """
        async with self._engine.begin() as connection:
            stored = await self._stored.lock(connection, order_id)
            payment = stored.payment
            if payment.invoice_number is not None:
                query = _INVOICES.where(invoices.c.number == payment.invoice_number)
                return open_invoice(self._sealer, (await connection.execute(query)).one())
            # One that is paid again waits until its reversed invoice is cancelled.
            is_paid = payment.status in MONEY_WAS_HERE and payment.cancelled_invoice is None
            if not is_paid or payment.paid_at is None:
                raise NotPaidError(order_id)
            return await self._issue(connection, stored, payment.paid_at, at)

    async def store_pdf(self, invoice_number: str, pdf: bytes) -> None:
        """Keep the first PDF of an invoice: what was sent once is never replaced."""
        sealed = self._sealer.seal(Cell.of(invoices.c.sealed_pdf, invoice_number), pdf)
        once = update(invoices).where(
            invoices.c.number == invoice_number, invoices.c.sealed_pdf.is_(None)
        )
        async with self._engine.begin() as connection:
            await connection.execute(once.values(sealed_pdf=sealed))

    async def invoice(self, order_id: str) -> Invoice:
        """The invoice of the payment that stands, else the newest; NotPaidError without any."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(_current(order_id))).first()
        if row is None:
            raise NotPaidError(order_id)
        return open_invoice(self._sealer, row)

    async def pdf(self, order_id: str) -> bytes | None:
        """Of the same invoice as `invoice` gives."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(_current(order_id))).first()
        if row is None or row.sealed_pdf is None:
            return None
        return self._sealer.open(Cell.of(invoices.c.sealed_pdf, row.number), row.sealed_pdf)

    async def _issue(
        self, connection: AsyncConnection, stored: StoredPayment, paid_at: datetime, at: datetime
    ) -> Invoice:
        series = invoice_series(at)
        serial = await next_serial(connection, series)
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


def open_invoice(sealer: Sealer, row: Row[Any]) -> Invoice:
    return _DOCUMENT.open(sealer, row.sealed_document, row.number)


def _current(order_id: str) -> Select[Any]:
    return _NEWEST_BUT_CURRENT_FIRST.where(invoices.c.order_id == order_id)


_INVOICES: Select[Any] = select(
    invoices.c.number, invoices.c.sealed_document, invoices.c.sealed_pdf
)
_IS_CURRENT = func.coalesce(invoices.c.number == orders.c.invoice_number, False)
_NEWEST_BUT_CURRENT_FIRST = (
    _INVOICES.join(orders)
    .order_by(_IS_CURRENT.desc(), invoices.c.issued_at.desc(), invoices.c.serial.desc())
    .limit(1)
)
