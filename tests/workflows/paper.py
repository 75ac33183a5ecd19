"""Invoices and mails in memory: counted, never drawn or sent."""

from dataclasses import dataclass
from datetime import datetime

from payments.commands import AlertOrder, MailOrder
from payments.invoice import Invoice, Merchant
from payments.mails import MailKind
from payments.payment import Payment
from payments.request import Locale
from tests.workflows.memory import MemoryRecords

SHOP = Merchant(name="Skaters", address=("Jakarta",), email="halo@skaters.example")


@dataclass
class MemoryPaper:
    """Implements Payments, Invoices, InvoiceDrawer, MailLedger and Mailer."""

    records: MemoryRecords
    refusals: int = 0

    async def issue(self, order_id: str, at: datetime) -> Invoice:
        self.records.invoices[order_id] = 1
        return await self.invoice(order_id, at)

    async def invoice(self, order_id: str, at: datetime | None = None) -> Invoice:
        payment = self.records.payments[order_id]
        issued_at = at or payment.updated_at
        return Invoice(
            number="INV-2026-000001",
            order_id=order_id,
            issued_at=issued_at,
            paid_at=payment.paid_at or issued_at,
            paid_with=payment.paid_with,
            locale=Locale.ID,
            merchant=SHOP,
            customer=payment.request.customer,
            items=payment.request.items,
            total=payment.request.amount,
            tax=None,
        )

    async def store_pdf(self, invoice_number: str, pdf: bytes) -> None:
        pass

    async def pdf(self, order_id: str) -> bytes | None:
        return b"%PDF-"

    async def draw(self, invoice: Invoice) -> bytes:
        return b"%PDF-"

    async def message_id(self, order: MailOrder) -> str:
        return f"<{order.order_id}@skaters.example>"

    async def is_sent(self, order: MailOrder) -> bool:
        return order.mail in self.records.mails.get(order.order_id, [])

    async def record_sent(self, order: MailOrder) -> None:
        self.records.mails.setdefault(order.order_id, []).append(order.mail)

    async def send_receipt(self, invoice: Invoice, pdf: bytes, message_id: str) -> None:
        self._post()

    async def send_notice(self, kind: MailKind, payment: Payment, message_id: str) -> None:
        self._post()

    async def send_alert(self, alert: AlertOrder) -> None:
        self.records.alerts.append(alert)

    async def payment(self, order_id: str) -> Payment | None:
        return self.records.payments.get(order_id)

    def _post(self) -> None:
        if self.refusals > 0:
            self.refusals -= 1
            raise ConnectionError("the mail server does not answer")
