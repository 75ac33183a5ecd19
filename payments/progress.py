"""A payment as decisions over time need it: ids, statuses and times, nothing personal."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from payments.cases import CaseCode
from payments.gateway import AttemptRef, ChargeFailure, ClosingCause
from payments.mails import MAILS, Mail, MailKind
from payments.methods import Integration, PaymentMethod
from payments.payment import MONEY_WAS_HERE, Payment, PaymentAttempt
from payments.refund_moves import case_key, needs_credit_note
from payments.refunds import GIVEN_BACK, Refund, RefundStatus
from payments.status import OPEN, AttemptStatus, PaymentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptProgress:
    """An attempt as far as decisions over time need it."""

    number: int
    method: PaymentMethod
    integration: Integration
    status: AttemptStatus
    expires_at: datetime
    closing: ClosingCause | None
    failure: ChargeFailure | None
    has_instructions: bool
    transactions: tuple[tuple[str, AttemptStatus], ...]

    def knows(self, transaction_id: str, status: AttemptStatus) -> bool:
        return (transaction_id, status) in self.transactions

    def holds(self, transaction_id: str) -> bool:
        return any(held == transaction_id for held, _ in self.transactions)

    def ref(self, order_id: str, transaction_id: str | None = None) -> AttemptRef:
        """How the gateway knows the attempt; `transaction_id` if a newer one was heard of."""
        heard_of = self.transactions[-1][0] if self.transactions else None
        return AttemptRef(
            order_id=order_id,
            number=self.number,
            integration=self.integration,
            transaction_id=transaction_id or heard_of,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundProgress:
    """A refund that something is still awaited for."""

    refund_key: str
    gateway_key: str
    attempt: int
    transaction_id: str
    status: RefundStatus
    is_to_be_sent: bool
    is_stuck: bool
    created_at: datetime
    sent_at: datetime | None
    forget_at: datetime | None

    @property
    def is_at_the_gateway(self) -> bool:
        """Whether the gateway may know it, and its end is not known here."""
        is_sent = self.status is RefundStatus.REQUESTED and self.sent_at is not None
        return is_sent or self.status is RefundStatus.ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """What waits for a human, as an operator decides about it; `about` is the key of a refund."""

    case_id: int
    code: CaseCode
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A payment as the workflow sees it: ids, statuses and times, nothing personal.

    `credit_notes_due` are the keys of refunds, and NO_REFUND for an invoice to be cancelled.
    """

    order_id: str
    status: PaymentStatus
    version: int
    attempts: tuple[AttemptProgress, ...]
    retry_until: datetime | None
    open_cases: tuple[CaseCode, ...]
    attention: CaseCode | None
    refunds: tuple[RefundProgress, ...]
    invoice_due: bool
    credit_notes_due: tuple[str, ...]
    mails_due: tuple[Mail, ...]
    # Absent from what runs recorded before it was shown.
    cases: tuple[OpenCase, ...] = ()

    @property
    def latest_attempt(self) -> AttemptProgress:
        return self.attempts[-1]

    @property
    def open_attempt(self) -> AttemptProgress | None:
        """The attempt that may still bring money and has not ended at the gateway."""
        latest = self.latest_attempt
        return latest if latest.status in OPEN else None

    @property
    def waits_for_a_human(self) -> bool:
        """Whether asking the gateway again is pointless: its answers contradict what we asked."""
        is_doubted = CaseCode.MISMATCH in self.open_cases
        return is_doubted and self.latest_attempt.status is AttemptStatus.UNKNOWN

    @property
    def has_documents_due(self) -> bool:
        return self.invoice_due or bool(self.credit_notes_due or self.mails_due)

    def attempt(self, number: int) -> AttemptProgress | None:
        return self.attempts[number - 1] if 1 <= number <= len(self.attempts) else None


# Instead of a refund's key: the credit note that cancels a whole invoice.
NO_REFUND = ""


def progress_of(payment: Payment, sent: Collection[Mail]) -> Progress:
    """The decisions' view; each document is due once."""
    return Progress(
        order_id=payment.order_id,
        status=payment.status,
        version=payment.version,
        attempts=tuple(_attempt(attempt) for attempt in payment.attempts),
        retry_until=payment.retry_until,
        open_cases=payment.open_cases,
        attention=payment.attention,
        refunds=tuple(_refund(payment, each) for each in payment.refunds if _is_awaited(each)),
        invoice_due=_is_invoice_due(payment),
        credit_notes_due=_credit_notes_due(payment),
        mails_due=tuple(mail for mail in mails_of(payment) if mail not in sent),
        cases=tuple(
            OpenCase(case_id=case.case_id, code=case.code, about=case.key.about)
            for case in payment.cases
            if case.is_open and case.case_id is not None
        ),
    )


def _attempt(attempt: PaymentAttempt) -> AttemptProgress:
    return AttemptProgress(
        number=attempt.number,
        method=attempt.method,
        integration=attempt.integration,
        status=attempt.status,
        expires_at=attempt.expires_at,
        closing=attempt.closing,
        failure=attempt.failure,
        has_instructions=attempt.instructions is not None,
        transactions=tuple((t.transaction_id, t.status) for t in attempt.transactions),
    )


def _is_awaited(refund: Refund) -> bool:
    is_over = refund.status in {RefundStatus.CONFIRMED, RefundStatus.REFUSED}
    return not is_over or refund.forget_at is not None


def _refund(payment: Payment, refund: Refund) -> RefundProgress:
    return RefundProgress(
        refund_key=refund.refund_key,
        gateway_key=refund.gateway_key,
        attempt=refund.attempt,
        transaction_id=refund.transaction_id,
        status=refund.status,
        is_to_be_sent=refund.is_to_be_sent,
        is_stuck=payment.case(case_key(CaseCode.REFUND_STUCK, refund)) is not None,
        created_at=refund.created_at,
        sent_at=refund.sent_at,
        forget_at=refund.forget_at,
    )


def _is_invoice_due(payment: Payment) -> bool:
    """An order that is paid again gets a new invoice once the old one is cancelled."""
    is_due = payment.invoice_number is None and payment.cancelled_invoice is None
    return is_due and payment.status in MONEY_WAS_HERE


def _credit_notes_due(payment: Payment) -> tuple[str, ...]:
    cancelling = (NO_REFUND,) if payment.cancelled_invoice is not None else ()
    owed = (each.refund_key for each in payment.refunds if needs_credit_note(payment, each))
    return (*cancelling, *owed)


def mails_of(payment: Payment) -> Iterator[Mail]:
    """Every mail that the payment is worth as it stands, sent before or not.

    What has a credit note waits for it.
    """
    attempt = payment.decisive_attempt
    kind = MAILS[payment.status]
    if kind is not None and payment.cancelled_invoice is None:
        is_second = kind is MailKind.RECEIPT and AttemptStatus.REVERSED in attempt.statuses
        about = payment.paid_transaction_id if is_second else None
        yield Mail(kind, attempt.number, about or "")
    for refund in payment.refunds:
        if refund.status in GIVEN_BACK and not _lacks_credit_note(payment, refund):
            yield Mail(MailKind.REFUND, refund.attempt, refund.refund_key)
        elif refund.status is RefundStatus.MANUAL:
            yield Mail(MailKind.BANK_DETAILS, refund.attempt, refund.refund_key)


def _lacks_credit_note(payment: Payment, refund: Refund) -> bool:
    """Also when its invoice is still to be issued."""
    paying = payment.paying
    is_invoiced = paying is not None and paying.transaction_id == refund.transaction_id
    return is_invoiced and refund.credit_note_number is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Spans that settings decide; recorded in each run, so that a change never alters history."""

    payment: timedelta = timedelta(minutes=5)
    another_method: timedelta = timedelta(hours=24)
    first_ask: timedelta = timedelta(seconds=30)
    absence: timedelta = timedelta(seconds=90)
    refund_retry: timedelta = timedelta(hours=1)
    refund_stuck: timedelta = timedelta(days=7)
    day: timedelta = timedelta(days=1)
