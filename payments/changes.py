"""What a cause does to a payment is a Change: the payment after it, and what to write down.

Every function that makes one (`charging.py`, `believing.py`) is harmless to repeat: a Change whose
payment equals the one given changes nothing, and neither does one whose case is known. The store
applies them under the order's lock; it alone counts `version` and keeps `updated_at`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from payments.cases import Case
from payments.payment import Payment, PaymentAttempt, payment_status_from
from payments.status import PaymentStatus


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What happened: ids and statuses only, so that personal data can be erased elsewhere."""

    event: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    payment: Payment
    audit: tuple[AuditEntry, ...] = ()
    case: Case | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What decisions depend on besides the payment itself."""

    merchant_id: str
    another_method: timedelta


def moved(
    payment: Payment,
    attempt: PaymentAttempt,
    entry: AuditEntry,
    retry_until: datetime | None = None,
) -> Change:
    return Change(followed(payment, attempt, retry_until), (entry,))


def followed(
    payment: Payment, attempt: PaymentAttempt, retry_until: datetime | None = None
) -> Payment:
    """The attempt moved, and the order's payment with it if that attempt is the decisive one."""
    changed = with_attempt(payment, attempt)
    if attempt.number != changed.decisive_attempt.number:
        return changed
    status = payment_status_from(attempt)
    may_retry = status in {PaymentStatus.FAILED, PaymentStatus.EXPIRED}
    until = payment.retry_until or retry_until
    return replace(changed, status=status, retry_until=until if may_retry else None)


def with_attempt(payment: Payment, attempt: PaymentAttempt) -> Payment:
    attempts = tuple(attempt if old.number == attempt.number else old for old in payment.attempts)
    return replace(payment, attempts=attempts)


def about(attempt: PaymentAttempt) -> dict[str, str]:
    return {"attempt": str(attempt.number), "status": attempt.status.value}
