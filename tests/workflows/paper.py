"""Invoices, credit notes and mails in memory: counted, never drawn or sent."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from payments.changes import Change
from payments.commands import AlertOrder, CreditNoteOrder, MailOrder
from payments.credit_note import Credit, CreditNote, CreditReason
from payments.errors import NotPaidError
from payments.invoice import Invoice, Merchant
from payments.mails import Mail
from payments.payment import MONEY_WAS_HERE, Payment
from payments.progress import NO_REFUND
from payments.refund_moves import credit_noted, needs_credit_note
from payments.request import Locale
from tests.workflows.memory import MemoryRecords

SHOP = Merchant(name="Skaters", address=("Jakarta",), email="halo@skaters.example")


@dataclass
class MemoryPaper:
    """Implements Payments, Invoices, Drawer, MailLedger and Mailer."""

    records: MemoryRecords
    refusals: int = 0

    async def issue(self, order_id: str, at: datetime) -> Invoice:
        payment = self.records.payments[order_id]
        if payment.invoice_number is None:
            if payment.status not in MONEY_WAS_HERE:
                raise NotPaidError(order_id)
            self.records.invoices[order_id] += 1
            number = f"INV-2026-{self.records.invoices[order_id]:06d}"
            self.records.payments[order_id] = replace(payment, invoice_number=number)
        return await self.invoice(order_id, at)

    async def invoice(self, order_id: str, at: datetime | None = None) -> Invoice:
        payment = self.records.payments[order_id]
        issued_at = at or payment.updated_at
        return Invoice(
            number=payment.invoice_number or "",
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

    async def draw_credit_note(self, credit_note: CreditNote) -> bytes:
        return b"%PDF-"

    async def send_notice(
        self, mail: Mail, payment: Payment, credit: Credit | None, message_id: str
    ) -> None:
        self._post()

    async def send_alert(self, alert: AlertOrder) -> None:
        self.records.alerts.append(alert)

    async def payment(self, order_id: str) -> Payment | None:
        return self.records.payments.get(order_id)

    def _post(self) -> None:
        if self.refusals > 0:
            self.refusals -= 1
            raise ConnectionError("the mail server does not answer")


@dataclass
class MemoryCreditNotes:
    """Implements CreditNotes."""

    records: MemoryRecords
    notes: dict[tuple[str, str], CreditNote] = field(default_factory=dict)

    async def issue(self, order: CreditNoteOrder) -> CreditNote | None:
        place = (order.order_id, order.refund_key)
        payment = self.records.payments[order.order_id]
        if place not in self.notes and self._is_due(payment, order.refund_key):
            number = f"CN-2026-{len(self.notes) + 1:06d}"
            self.notes[place] = _note(payment, order, number)
            self.records.payments[order.order_id] = self._noted(payment, order, number).payment
        return self.notes.get(place)

    async def store_pdf(self, credit_note_number: str, pdf: bytes) -> None:
        pass

    async def credit_note(self, order_id: str, refund_key: str) -> CreditNote | None:
        return self.notes.get((order_id, refund_key))

    async def pdf(self, order_id: str, credit_note_number: str) -> bytes | None:
        return b"%PDF-"

    def _is_due(self, payment: Payment, refund_key: str) -> bool:
        if refund_key == NO_REFUND:
            return payment.cancelled_invoice is not None
        refund = payment.refund(refund_key)
        return refund is not None and needs_credit_note(payment, refund)

    def _noted(self, payment: Payment, order: CreditNoteOrder, number: str) -> Change:
        if order.refund_key == NO_REFUND:
            return Change(replace(payment, cancelled_invoice=None))
        return credit_noted(payment, order.refund_key, number)


def _note(payment: Payment, order: CreditNoteOrder, number: str) -> CreditNote:
    refund = payment.refund(order.refund_key)
    return CreditNote(
        number=number,
        invoice_number=payment.invoice_number or payment.cancelled_invoice or "",
        invoice_issued_at=payment.updated_at,
        order_id=payment.order_id,
        refund_key=order.refund_key or None,
        reason=CreditReason.REFUND if refund else CreditReason.REVERSAL,
        issued_at=order.at,
        locale=Locale.ID,
        merchant=SHOP,
        customer=payment.request.customer,
        amount=refund.amount if refund else payment.request.amount,
        tax=None,
    )
