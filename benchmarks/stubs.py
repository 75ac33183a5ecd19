"""Activity bodies that do nothing: what is left is Temporal, the worker and the workflow."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio import activity

from activities.gateway import Question
from activities.records import Loaded
from payments.commands import (
    Answer,
    InvoiceOrder,
    MailOrder,
    OpenedCharge,
    Placement,
    ReceivedNotice,
)
from payments.gateway import (
    AttemptRef,
    ChargeOpened,
    InstructionKind,
    Instructions,
    StatusReport,
)
from payments.mails import Mail, MailKind
from payments.methods import Integration, PaymentMethod
from payments.money import Currency, Money
from payments.progress import AttemptProgress, Progress, Windows
from payments.status import AttemptStatus, PaymentStatus

AMOUNT = Money(350_000, Currency.IDR)
# How the ids of orders begin that an invoice and a receipt are due of, once they are paid.
MAILED = "MAILED-"
_LATER = timedelta(minutes=5)


def transaction_id_of(order_id: str) -> str:
    return f"transaction-of-{order_id}"


class StubActivities:
    """The activities of a happy payment, each answering at once what the workflow goes on with."""

    def of_payments(self) -> list[Callable[..., Any]]:
        return [
            self.load_payment,
            self.place_order,
            self.open_charge,
            self.record_opened,
            self.record_notice,
            self.ask_gateway,
            self.record_answer,
        ]

    def of_documents(self) -> list[Callable[..., Any]]:
        return [self.issue_invoice, self.send_mail]

    @activity.defn
    async def load_payment(self, _order_id: str) -> Loaded:
        return Loaded(progress=None, windows=Windows())

    @activity.defn
    async def place_order(self, placement: Placement) -> Progress:
        order_id = placement.request.order_id
        return _progress(order_id, PaymentStatus.PREPARING, AttemptStatus.PREPARING)

    @activity.defn
    async def open_charge(self, attempt: AttemptRef) -> ChargeOpened:
        shown = Instructions(
            kind=InstructionKind.VIRTUAL_ACCOUNT, bank="bca", va_number="81278500253"
        )
        return ChargeOpened(
            instructions=shown, report=_report(attempt.order_id, AttemptStatus.PENDING)
        )

    @activity.defn
    async def record_opened(self, opened: OpenedCharge) -> Progress:
        return _progress(opened.order_id, PaymentStatus.AWAITING_PAYMENT, AttemptStatus.PENDING)

    @activity.defn
    async def record_notice(self, _received: ReceivedNotice) -> None:
        pass

    @activity.defn
    async def ask_gateway(self, question: Question) -> StatusReport:
        return _report(question.attempt.order_id, AttemptStatus.PAID)

    @activity.defn
    async def record_answer(self, answer: Answer) -> Progress:
        paid = _progress(answer.order_id, PaymentStatus.PAID, AttemptStatus.PAID)
        mails = (Mail(MailKind.RECEIPT, 1),)
        return (
            replace(paid, invoice_due=True, mails_due=mails)
            if answer.order_id.startswith(MAILED)
            else paid
        )

    @activity.defn
    async def issue_invoice(self, _order: InvoiceOrder) -> str:
        return "INV-2026-000001"

    @activity.defn
    async def send_mail(self, _order: MailOrder) -> None:
        pass


def _progress(order_id: str, status: PaymentStatus, attempt: AttemptStatus) -> Progress:
    known = () if attempt is AttemptStatus.PREPARING else ((transaction_id_of(order_id), attempt),)
    return Progress(
        order_id=order_id,
        status=status,
        version=1,
        attempts=(
            AttemptProgress(
                number=1,
                method=PaymentMethod.BCA_VA,
                integration=Integration.CORE,
                status=attempt,
                expires_at=datetime.now(UTC) + _LATER,
                closing=None,
                failure=None,
                has_instructions=bool(known),
                transactions=known,
            ),
        ),
        retry_until=None,
        open_cases=(),
        attention=None,
        refunds=(),
        invoice_due=False,
        credit_notes_due=(),
        mails_due=(),
    )


def _report(order_id: str, status: AttemptStatus) -> StatusReport:
    return StatusReport(
        gateway_order_id=f"{order_id}~1",
        transaction_id=transaction_id_of(order_id),
        status=status,
        payment_type="bank_transfer",
        method=PaymentMethod.BCA_VA,
        amount=AMOUNT,
        fee=Money.zero(AMOUNT.currency),
    )
