"""What a cause does to a payment is a Change: the payment after it, and what to write down.

Every function that makes one (`charging.py`, `believing.py`, `refunding.py`, `deciding.py`) is
harmless to repeat: a Change whose payment equals the one given changes nothing. The store applies
them under the order's lock; it alone counts `version` and keeps `updated_at`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from payments.books import paid_status_from
from payments.cases import Case, CaseKey, Resolution
from payments.payment import (
    ENDED_UNPAID,
    Payment,
    PaymentAttempt,
    payment_status_from,
)
from payments.refunds import Refund


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What happened: ids and statuses only, so that personal data can be erased elsewhere."""

    event: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    payment: Payment
    audit: tuple[AuditEntry, ...] = ()

    def then(self, decide: Callable[[Payment], "Change"]) -> "Change":
        """This change and what follows from it, as one."""
        following = decide(self.payment)
        return Change(following.payment, self.audit + following.audit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What decisions depend on besides the payment itself.

    `approval_above`: how much of an order, in minor units, can be given back without a second
    person; None for no limit. `evidence_within`: how long a chargeback can be answered. `details_kept`: how long a
    customer's bank details are kept after the transfer.
    """

    merchant_id: str
    another_method: timedelta
    approval_above: int | None = None
    evidence_within: timedelta = timedelta(days=7)
    details_kept: timedelta = timedelta(days=30)


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
    until = payment.retry_until or retry_until
    return replace(changed, status=status, retry_until=until if status in ENDED_UNPAID else None)


def restated(payment: Payment) -> Payment:
    """A paid order says where its money is now; any other stays as it is."""
    paying = payment.paying
    if paying is None or payment.is_untold(paying):
        return payment
    return replace(payment, status=paid_status_from(payment.books_of(paying)))


def with_attempt(payment: Payment, attempt: PaymentAttempt) -> Payment:
    attempts = tuple(attempt if old.number == attempt.number else old for old in payment.attempts)
    return replace(payment, attempts=attempts)


def with_refund(payment: Payment, refund: Refund) -> Payment:
    """The payment with this refund, in its old place or as the newest; its status follows."""
    if payment.refund(refund.refund_key) is None:
        return restated(replace(payment, refunds=(*payment.refunds, refund)))
    refunds = tuple(
        refund if old.refund_key == refund.refund_key else old for old in payment.refunds
    )
    return restated(replace(payment, refunds=refunds))


def needs_a_human(payment: Payment, case: Case) -> Change:
    """A case, once: one of the same key changes nothing, whether it is open or not."""
    if payment.case(case.key) is not None:
        return Change(payment)
    details = {"attempt": str(case.attempt), **named(case.key), **case.details}
    entry = AuditEntry(f"case.{case.code}", details)
    return Change(replace(payment, cases=(*payment.cases, case)), (entry,))


def needs_nobody(payment: Payment, key: CaseKey, resolution: Resolution) -> Change:
    """An open case is closed; any other, or none, changes nothing."""
    case = payment.case(key)
    if case is None or not case.is_open:
        return Change(payment)
    closed = replace(case, resolution=resolution)
    cases = tuple(closed if each.key == key else each for each in payment.cases)
    details = {"attempt": str(case.attempt), "code": case.code.value, **named(key)}
    return Change(replace(payment, cases=cases), (AuditEntry(f"case.{resolution}", details),))


def named(key: CaseKey) -> dict[str, str]:
    """A case's key in the audit log."""
    about = {"about": key.about} if key.about else {}
    return {"transaction_id": key.transaction_id, **about}


def about(attempt: PaymentAttempt) -> dict[str, str]:
    return {"attempt": str(attempt.number), "status": attempt.status.value}
