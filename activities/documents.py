"""Documents of an order: its invoice, its mails, and alerts to the administrator."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from temporalio import activity

from activities.failures import failures_for_temporal
from payments.commands import AlertOrder, CreditNoteOrder, InvoiceOrder, MailOrder
from payments.credit_note import Credit, CreditNote
from payments.errors import NotPaidError
from payments.invoice import Invoice
from payments.mails import Mail, MailKind
from payments.payment import Payment
from payments.progress import mails_of


class Payments(Protocol):
    async def payment(self, order_id: str) -> Payment | None: ...


class Invoices(Protocol):
    async def issue(self, order_id: str, at: datetime) -> Invoice:
        """Number the paid order's invoice, once; later calls return the same."""
        ...

    async def store_pdf(self, invoice_number: str, pdf: bytes) -> None: ...

    async def invoice(self, order_id: str) -> Invoice: ...

    async def pdf(self, order_id: str) -> bytes | None: ...


class CreditNotes(Protocol):
    async def issue(self, order: CreditNoteOrder) -> CreditNote | None:
        """Number the credit note, once; later calls return the same. None when none is due."""
        ...

    async def store_pdf(self, credit_note_number: str, pdf: bytes) -> None: ...

    async def credit_note(self, order_id: str, refund_key: str) -> CreditNote | None:
        """Of the refund; of NO_REFUND, the newest that cancelled a whole invoice."""
        ...

    async def pdf(self, order_id: str, credit_note_number: str) -> bytes | None: ...


class Drawer(Protocol):
    """Documents as PDF; the same document gives the same bytes."""

    async def draw(self, invoice: Invoice) -> bytes: ...

    async def draw_credit_note(self, credit_note: CreditNote) -> bytes: ...


class MailLedger(Protocol):
    async def message_id(self, order: MailOrder) -> str:
        """The stable Message-ID of this mail, stored before it is first sent."""
        ...

    async def is_sent(self, order: MailOrder) -> bool: ...

    async def record_sent(self, order: MailOrder) -> None: ...


class Mailer(Protocol):
    async def send_receipt(self, invoice: Invoice, pdf: bytes, message_id: str) -> None: ...

    async def send_notice(
        self, mail: Mail, payment: Payment, credit: Credit | None, message_id: str
    ) -> None:
        """What became of the payment, and what can be done; with the credit note, if any."""
        ...

    async def send_alert(self, alert: AlertOrder) -> None:
        """A mail to the administrator; the same alert has the same Message-ID."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentParts:
    """What documents are made of and sent by."""

    payments: Payments
    invoices: Invoices
    credit_notes: CreditNotes
    drawer: Drawer
    ledger: MailLedger
    mailer: Mailer


class DocumentActivities:
    def __init__(self, parts: DocumentParts) -> None:
        self._parts = parts

    def all(self) -> list[Callable[..., Any]]:
        """Every activity, for the worker."""
        return [
            self.issue_invoice,
            self.issue_credit_note,
            self.send_mail,
            self.send_alert,
        ]

    @activity.defn
    async def issue_invoice(self, order: InvoiceOrder) -> str | None:
        """Number, draw and store the invoice; its number, or None once the order is unpaid."""
        parts = self._parts
        with failures_for_temporal():
            try:
                invoice = await parts.invoices.issue(order.order_id, order.at)
            except NotPaidError:
                return None  # the settlement was reversed while the invoice waited
            await parts.invoices.store_pdf(invoice.number, await parts.drawer.draw(invoice))
            return invoice.number

    @activity.defn
    async def issue_credit_note(self, order: CreditNoteOrder) -> str | None:
        """Number, draw and store the credit note; its number, or None when none is due."""
        parts = self._parts
        with failures_for_temporal():
            note = await parts.credit_notes.issue(order)
            if note is None:
                return None
            pdf = await parts.drawer.draw_credit_note(note)
            await parts.credit_notes.store_pdf(note.number, pdf)
            return note.number

    @activity.defn
    async def send_mail(self, order: MailOrder) -> None:
        """Send the mail unless the ledger has it sent; a repeat carries the same Message-ID."""
        parts, ledger = self._parts, self._parts.ledger
        with failures_for_temporal():
            payment = await parts.payments.payment(order.order_id)
            assert payment is not None, "mails are due for stored orders only"
            # While the mail waited, the order may have moved on; then it would be untrue.
            if order.mail not in mails_of(payment) or await ledger.is_sent(order):
                return
            await self._send(order, payment, await ledger.message_id(order))
            await ledger.record_sent(order)

    @activity.defn
    async def send_alert(self, alert: AlertOrder) -> None:
        """Tell the administrator, without asking the database: that may be what is broken."""
        with failures_for_temporal():
            await self._parts.mailer.send_alert(alert)

    async def _send(self, order: MailOrder, payment: Payment, message_id: str) -> None:
        if order.mail.kind is MailKind.RECEIPT:
            await self._send_receipt(order.order_id, message_id)
            return
        credit = await self._credit(order)
        await self._parts.mailer.send_notice(order.mail, payment, credit, message_id)

    async def _send_receipt(self, order_id: str, message_id: str) -> None:
        parts = self._parts
        invoice = await parts.invoices.invoice(order_id)
        pdf = await parts.invoices.pdf(order_id)
        assert pdf is not None, "the invoice is issued before its receipt is due"
        await parts.mailer.send_receipt(invoice, pdf, message_id)

    async def _credit(self, order: MailOrder) -> Credit | None:
        """The credit note that belongs to the mail, if one was issued."""
        notes = self._parts.credit_notes
        if order.mail.kind not in _WITH_CREDIT_NOTE:
            return None
        note = await notes.credit_note(order.order_id, order.mail.about)
        pdf = await notes.pdf(order.order_id, note.number) if note else None
        return Credit(note, pdf) if note and pdf else None


_WITH_CREDIT_NOTE = frozenset({MailKind.REFUND, MailKind.REVERSAL})
