"""Documents of an order: its invoice, its mails, and alerts to the administrator."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from temporalio import activity

from activities.failures import failures_for_temporal
from payments.commands import AlertOrder, InvoiceOrder, MailOrder
from payments.invoice import Invoice
from payments.mails import MAILS, MailKind
from payments.payment import Payment


class Payments(Protocol):
    async def payment(self, order_id: str) -> Payment | None: ...


class Invoices(Protocol):
    async def issue(self, order_id: str, at: datetime) -> Invoice:
        """Number the paid order's invoice, once; later calls return the same."""
        ...

    async def store_pdf(self, invoice_number: str, pdf: bytes) -> None: ...

    async def invoice(self, order_id: str) -> Invoice: ...

    async def pdf(self, order_id: str) -> bytes | None: ...


class InvoiceDrawer(Protocol):
    async def draw(self, invoice: Invoice) -> bytes:
        """The invoice as PDF; the same invoice gives the same bytes."""
        ...


class MailLedger(Protocol):
    async def message_id(self, order: MailOrder) -> str:
        """The stable Message-ID of this mail, stored before it is first sent."""
        ...

    async def is_sent(self, order: MailOrder) -> bool: ...

    async def record_sent(self, order: MailOrder) -> None: ...


class Mailer(Protocol):
    async def send_receipt(self, invoice: Invoice, pdf: bytes, message_id: str) -> None: ...

    async def send_notice(self, kind: MailKind, payment: Payment, message_id: str) -> None:
        """A mail without a document: why the payment ended, and what can be done."""
        ...

    async def send_alert(self, alert: AlertOrder) -> None:
        """A mail to the administrator; the same alert has the same Message-ID."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentParts:
    """What documents are made of and sent by."""

    payments: Payments
    invoices: Invoices
    drawer: InvoiceDrawer
    ledger: MailLedger
    mailer: Mailer


class DocumentActivities:
    def __init__(self, parts: DocumentParts) -> None:
        self._parts = parts

    def all(self) -> list[Callable[..., Any]]:
        """Every activity, for the worker."""
        return [
            self.issue_invoice,
            self.send_mail,
            self.send_alert,
        ]

    @activity.defn
    async def issue_invoice(self, order: InvoiceOrder) -> str:
        """Number, draw and store the invoice; its number."""
        parts = self._parts
        with failures_for_temporal():
            invoice = await parts.invoices.issue(order.order_id, order.at)
            await parts.invoices.store_pdf(invoice.number, await parts.drawer.draw(invoice))
            return invoice.number

    @activity.defn
    async def send_mail(self, order: MailOrder) -> None:
        """Send the mail unless the ledger has it sent; a repeat carries the same Message-ID."""
        ledger = self._parts.ledger
        with failures_for_temporal():
            if await ledger.is_sent(order):
                return
            await self._send(order, await ledger.message_id(order))
            await ledger.record_sent(order)

    @activity.defn
    async def send_alert(self, alert: AlertOrder) -> None:
        """Tell the administrator, without asking the database: that may be what is broken."""
        with failures_for_temporal():
            await self._parts.mailer.send_alert(alert)

    async def _send(self, order: MailOrder, message_id: str) -> None:
        parts = self._parts
        if order.mail.kind is MailKind.RECEIPT:
            invoice = await parts.invoices.invoice(order.order_id)
            pdf = await parts.invoices.pdf(order.order_id)
            assert pdf is not None, "the invoice is issued before its receipt is due"
            await parts.mailer.send_receipt(invoice, pdf, message_id)
            return
        payment = await parts.payments.payment(order.order_id)
        assert payment is not None, "mails are due for stored orders only"
        # While the mail waited, the order may have moved on; then it would be untrue.
        if MAILS[payment.status] is order.mail.kind:
            await parts.mailer.send_notice(order.mail.kind, payment, message_id)
