"""A payment as decisions over time need it: ids, statuses and times, nothing personal."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from payments.cases import CaseCode
from payments.gateway import AttemptRef, ChargeFailure, ClosingCause
from payments.mails import MAILS, Mail
from payments.methods import Integration, PaymentMethod
from payments.payment import Payment
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
class Progress:
    """A payment as the workflow sees it: ids, statuses and times, nothing personal."""

    order_id: str
    status: PaymentStatus
    version: int
    attempts: tuple[AttemptProgress, ...]
    retry_until: datetime | None
    attention: CaseCode | None
    invoice_due: bool
    mail_due: Mail | None

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
        return self.attention is not None and self.latest_attempt.status is AttemptStatus.UNKNOWN

    def attempt(self, number: int) -> AttemptProgress | None:
        return self.attempts[number - 1] if 1 <= number <= len(self.attempts) else None


def progress_of(payment: Payment, sent: Collection[Mail]) -> Progress:
    """The decisions' view; each document is due once."""
    kind = MAILS[payment.status]
    mail = Mail(kind, payment.decisive_attempt.number) if kind else None
    return Progress(
        order_id=payment.order_id,
        status=payment.status,
        version=payment.version,
        attempts=tuple(
            AttemptProgress(
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
            for attempt in payment.attempts
        ),
        retry_until=payment.retry_until,
        attention=payment.attention,
        invoice_due=payment.status is PaymentStatus.PAID and payment.invoice_number is None,
        mail_due=mail if mail not in sent else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """Spans that settings decide; recorded in each run, so that a change never alters history."""

    payment: timedelta = timedelta(minutes=5)
    another_method: timedelta = timedelta(hours=24)
    first_ask: timedelta = timedelta(seconds=30)
    absence: timedelta = timedelta(seconds=90)
