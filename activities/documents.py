"""Documents of a paid order: the invoice and the mail that carries it."""

from datetime import datetime
from typing import Protocol

from temporalio import activity

from activities.failures import failures_for_temporal
from payments.commands import InvoiceOrder, MailOrder
from payments.invoice import Invoice


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


class DocumentActivities:
    def __init__(
        self, invoices: Invoices, drawer: InvoiceDrawer, ledger: MailLedger, mailer: Mailer
    ) -> None:
        self._invoices = invoices
        self._drawer = drawer
        self._ledger = ledger
        self._mailer = mailer

    @activity.defn
    async def issue_invoice(self, order: InvoiceOrder) -> str:
        """Number, draw and store the invoice; its number."""
        with failures_for_temporal():
            invoice = await self._invoices.issue(order.order_id, order.at)
            await self._invoices.store_pdf(invoice.number, await self._drawer.draw(invoice))
            return invoice.number

    @activity.defn
    async def send_mail(self, order: MailOrder) -> None:
        """Send the mail unless the ledger has it sent; a repeat carries the same Message-ID."""
        with failures_for_temporal():
            if await self._ledger.is_sent(order):
                return
            message_id = await self._ledger.message_id(order)
            invoice = await self._invoices.invoice(order.order_id)
            pdf = await self._invoices.pdf(order.order_id)
            if pdf is None:
                raise RuntimeError(f"invoice {invoice.number} has no PDF yet")
            await self._mailer.send_receipt(invoice, pdf, message_id)
            await self._ledger.record_sent(order)
