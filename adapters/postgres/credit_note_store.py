"""Credit notes: numbered without gaps, once per refund or cancelled invoice, never changed."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.audit import Why
from adapters.postgres.document_numbers import next_serial
from adapters.postgres.invoice_store import open_invoice
from adapters.postgres.payment_writes import PaymentWrites
from adapters.postgres.sealing import Cell, SealedColumn, Sealer
from adapters.postgres.stored_payment import StoredPayment, StoredPayments
from adapters.postgres.tables import credit_notes, invoices
from payments.changes import AuditEntry, Change, with_refund
from payments.commands import CreditNoteOrder
from payments.credit_note import (
    CreditNote,
    CreditReason,
    credit_note_number,
    credit_note_series,
    credited_tax,
)
from payments.invoice import Invoice, invoice_series
from payments.money import Money, total
from payments.payment import Payment
from payments.progress import NO_REFUND
from payments.refund_moves import credit_noted, needs_credit_note
from payments.refunds import Refund

ACTOR = "service"
_DOCUMENT = SealedColumn(credit_notes.c.sealed_document, CreditNote)


class CreditNoteStore:
    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer
        self._stored = StoredPayments(sealer)
        self._writes = PaymentWrites(sealer)

    async def issue(self, order: CreditNoteOrder) -> CreditNote | None:
        """Number the credit note, once; later calls return the same. None when none is due."""
        async with self._engine.begin() as connection:
            stored = await self._stored.lock(connection, order.order_id)
            if order.refund_key == NO_REFUND:
                return await self._cancel(connection, stored, order)
            return await self._credit_refund(connection, stored, order)

    async def store_pdf(self, credit_note_number: str, pdf: bytes) -> None:
        """Keep the first PDF of a credit note: what was sent once is never replaced."""
        sealed = self._sealer.seal(_pdf_cell(credit_note_number), pdf)
        once = update(credit_notes).where(
            credit_notes.c.number == credit_note_number, credit_notes.c.sealed_pdf.is_(None)
        )
        async with self._engine.begin() as connection:
            await connection.execute(once.values(sealed_pdf=sealed))

    async def credit_note(self, order_id: str, refund_key: str) -> CreditNote | None:
        """Of the refund; of NO_REFUND, the newest that cancelled a whole invoice."""
        async with self._engine.connect() as connection:
            return await self._find(connection, order_id, refund_key)

    async def pdf(self, order_id: str, credit_note_number: str) -> bytes | None:
        query = select(credit_notes.c.sealed_pdf).where(
            credit_notes.c.order_id == order_id, credit_notes.c.number == credit_note_number
        )
        async with self._engine.connect() as connection:
            sealed = (await connection.execute(query)).scalar()
        return None if sealed is None else self._sealer.open(_pdf_cell(credit_note_number), sealed)

    async def _cancel(
        self, connection: AsyncConnection, stored: StoredPayment, order: CreditNoteOrder
    ) -> CreditNote | None:
        """Take back what is left of the invoice of a payment that was reversed."""
        payment = stored.payment
        if payment.cancelled_invoice is None:
            return await self._find(connection, order.order_id, NO_REFUND)
        invoice = await self._invoice(connection, payment.cancelled_invoice)
        credited = await self._credited(connection, invoice)
        note = await self._number(connection, order, invoice, credited, invoice.total - credited)
        await self._write(connection, stored, _cancelled(payment, note), order.at)
        return note

    async def _credit_refund(
        self, connection: AsyncConnection, stored: StoredPayment, order: CreditNoteOrder
    ) -> CreditNote | None:
        payment, refund_key = stored.payment, order.refund_key
        refund = payment.refund(refund_key)
        if refund is None or refund.credit_note_number is not None:
            return await self._find(connection, order.order_id, refund_key)
        if payment.invoice_number is None or not needs_credit_note(payment, refund):
            return None
        invoice = await self._invoice(connection, payment.invoice_number)
        credited = await self._credited(connection, invoice)
        note = await self._number(connection, order, invoice, credited, refund.amount)
        change = (
            credit_noted(payment, refund_key, note.number) if note else _beyond(payment, refund)
        )
        await self._write(connection, stored, change, order.at)
        return note

    async def _number(
        self,
        connection: AsyncConnection,
        order: CreditNoteOrder,
        invoice: Invoice,
        credited: Money,
        amount: Money,
    ) -> CreditNote | None:
        """A credit note of the amount, or of as much as the invoice has left; None of nothing."""
        amount = min(amount, invoice.total - credited, key=lambda money: money.value)
        if amount.value <= 0:
            return None
        series = credit_note_series(invoice_series(order.at))
        serial = await next_serial(connection, series)
        note = _drawn_up(order, invoice, credited, amount, credit_note_number(series, serial))
        values = {
            "number": note.number,
            "order_id": note.order_id,
            "refund_key": order.refund_key,
            "invoice_number": invoice.number,
            "series": series,
            "serial": serial,
            "issued_at": order.at,
            "sealed_document": _DOCUMENT.seal(self._sealer, note, note.number),
        }
        await connection.execute(insert(credit_notes).values(values))
        return note

    async def _write(
        self, connection: AsyncConnection, stored: StoredPayment, change: Change, at: datetime
    ) -> None:
        why = Why(actor=ACTOR, cause="issue_credit_note", at=at)
        await self._writes.write(connection, stored, change, why)

    async def _invoice(self, connection: AsyncConnection, number: str) -> Invoice:
        query: Select[Any] = select(invoices).where(invoices.c.number == number)
        return open_invoice(self._sealer, (await connection.execute(query)).one())

    async def _credited(self, connection: AsyncConnection, invoice: Invoice) -> Money:
        """What the credit notes of this invoice have taken back already."""
        query = _NOTES.where(credit_notes.c.invoice_number == invoice.number)
        amounts = [self._note(row).amount for row in await connection.execute(query)]
        return total(amounts, invoice.total.currency)

    async def _find(
        self, connection: AsyncConnection, order_id: str, refund_key: str
    ) -> CreditNote | None:
        row = (await connection.execute(_newest(order_id, refund_key))).first()
        return None if row is None else self._note(row)

    def _note(self, row: Row[Any]) -> CreditNote:
        return open_credit_note(self._sealer, row)


def open_credit_note(sealer: Sealer, row: Row[Any]) -> CreditNote:
    return _DOCUMENT.open(sealer, row.sealed_document, row.number)


def _drawn_up(
    order: CreditNoteOrder, invoice: Invoice, credited: Money, amount: Money, number: str
) -> CreditNote:
    """Seller and buyer are those of the invoice: it is the one that is taken back."""
    is_refund = order.refund_key != NO_REFUND
    return CreditNote(
        number=number,
        invoice_number=invoice.number,
        invoice_issued_at=invoice.issued_at,
        order_id=invoice.order_id,
        refund_key=order.refund_key if is_refund else None,
        reason=CreditReason.REFUND if is_refund else CreditReason.REVERSAL,
        issued_at=order.at,
        locale=invoice.locale,
        merchant=invoice.merchant,
        customer=invoice.customer,
        amount=amount,
        tax=credited_tax(invoice, credited, amount),
    )


def _cancelled(payment: Payment, note: CreditNote | None) -> Change:
    """Nothing waits to be cancelled any more; without a note when refunds had credited it all."""
    number = {"credit_note_number": note.number} if note else {}
    entry = AuditEntry(
        "invoice.cancelled", {"invoice_number": payment.cancelled_invoice or "", **number}
    )
    return Change(replace(payment, cancelled_invoice=None), (entry,))


def _beyond(payment: Payment, refund: Refund) -> Change:
    """More was paid than invoiced, and this refund gives none of what was invoiced back."""
    settled = replace(refund, credit_note_number="")
    entry = AuditEntry("credit_note.not_needed", {"refund": refund.refund_key})
    return Change(with_refund(payment, settled), (entry,))


def _pdf_cell(number: str) -> Cell:
    return Cell.of(credit_notes.c.sealed_pdf, number)


def _newest(order_id: str, refund_key: str) -> Select[Any]:
    of_it = (credit_notes.c.order_id == order_id, credit_notes.c.refund_key == refund_key)
    newest = (credit_notes.c.issued_at.desc(), credit_notes.c.serial.desc())
    return _NOTES.where(*of_it).order_by(*newest).limit(1)


_NOTES: Select[Any] = select(credit_notes.c.number, credit_notes.c.sealed_document)
