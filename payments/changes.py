"""What each cause does to a payment: pure decisions, made by the store under the order's lock.

Every function returns a Change. One whose payment equals the one given, and whose case is stored
already, changes nothing: that makes each cause harmless to repeat. The store counts `version` and
keeps `updated_at`; nothing here touches them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from payments.gateway import ChargeOpened, ClosingCause, StatusReport, mismatches
from payments.methods import Integration, PaymentMethod
from payments.money import Money
from payments.payment import (
    MONEY_WAS_HERE,
    CaseCode,
    Payment,
    PaymentAttempt,
    attempt_status_from,
    payment_status_from,
    status_when_ended,
)
from payments.request import PaymentRequest, gateway_order_id
from payments.status import (
    MONEY_CAME,
    OPEN,
    AttemptStatus,
    PaymentStatus,
    Verdict,
    as_seen_after,
    judge,
)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What happened: ids and statuses only, so that personal data can be erased elsewhere."""

    event: str
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """What waits for a human, once per order, code and transaction."""

    code: CaseCode
    attempt: int
    transaction_id: str
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


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttempt:
    """An attempt to be opened; its ids are chosen before the gateway hears of it."""

    number: int
    method: PaymentMethod
    integration: Integration
    nonce: str
    idempotency_key: str
    at: datetime
    expires_at: datetime


def placed(request: PaymentRequest, new: NewAttempt) -> Change:
    """A new order with its first attempt."""
    attempt = _attempt(new)
    payment = Payment(
        request=request,
        status=payment_status_from(attempt),
        version=1,
        created_at=new.at,
        updated_at=new.at,
        attempts=(attempt,),
        refunded_amount=Money.zero(request.amount.currency),
    )
    accepted = AuditEntry(
        "attempt.accepted",
        {
            "gateway_order_id": gateway_order_id(request.order_id, new.number),
            "method": new.method,
            "integration": new.integration,
        },
    )
    return Change(payment, (AuditEntry("order.placed"), accepted))


def charge_opened(
    payment: Payment, number: int, opened: ChargeOpened, terms: Terms, at: datetime
) -> Change:
    """The gateway has the attempt; the customer gets the instructions."""
    attempt = payment.attempts[number - 1]
    if attempt.status not in OPEN or attempt.instructions is not None:
        return Change(payment)
    # A notification may have been faster than the answer to the charge.
    is_news = attempt.status in {AttemptStatus.PREPARING, AttemptStatus.UNKNOWN}
    status = AttemptStatus.PENDING if is_news else attempt.status
    pending = replace(attempt, status=status, instructions=opened.instructions)
    change = _moved(payment, pending, AuditEntry("attempt.opened", _about(pending)))
    if opened.report is None:
        return change
    reported = answered(change.payment, number, opened.report, terms, at)
    return replace(reported, audit=change.audit + reported.audit)


def charge_refused(
    payment: Payment, number: int, gateway_code: str, terms: Terms, at: datetime
) -> Change:
    """The gateway said no before any money could move; another method may be tried."""
    attempt = payment.attempts[number - 1]
    if attempt.status not in {AttemptStatus.PREPARING, AttemptStatus.UNKNOWN}:
        return Change(payment)
    is_cancelled = attempt.closing is ClosingCause.CANCEL
    status = AttemptStatus.CANCELLED if is_cancelled else AttemptStatus.FAILED
    failed = replace(attempt, status=status)
    entry = AuditEntry("attempt.refused", {**_about(failed), "gateway_code": gateway_code})
    return _moved(payment, failed, entry, retry_until=at + terms.another_method)


def closing_begun(payment: Payment, number: int, cause: ClosingCause) -> Change:
    """From now on the attempt is being closed at the gateway; until that is final: checking."""
    attempt = payment.attempts[number - 1]
    if attempt.status in OPEN:
        # The first cause stays, but a cancel outlives it: it says what the shop wants to be.
        is_cancel = cause is ClosingCause.CANCEL and attempt.closing is not cause
        if attempt.closing is not None and not is_cancel:
            return Change(payment)
        closing = replace(attempt, closing=cause)
        return _moved(
            payment, closing, AuditEntry("attempt.closing", {**_about(closing), "because": cause})
        )
    if cause is ClosingCause.CANCEL and payment.status in {
        PaymentStatus.FAILED,
        PaymentStatus.EXPIRED,
    }:
        cancelled = replace(payment, status=PaymentStatus.CANCELLED, retry_until=None)
        return Change(cancelled, (AuditEntry("order.cancelled"),))
    return Change(payment)


def answered(
    payment: Payment, number: int, report: StatusReport, terms: Terms, at: datetime
) -> Change:
    """The gateway told the state of one transaction of attempt `number`."""
    attempt = payment.attempts[number - 1]
    found = mismatches(payment.charge(number), terms.merchant_id, report)
    if found:
        return _mismatch(payment, attempt, report, found)
    known = attempt.transaction(report.transaction_id)
    current = known.status if known else AttemptStatus.PREPARING
    status = as_seen_after(current, report.status)
    verdict = judge(current, status)
    if verdict is Verdict.ADVANCE:
        return _advanced(payment, attempt.with_transaction(report, status), report, terms, at)
    if verdict is Verdict.STALE:
        return Change(payment)
    details = {**_about(attempt), "held": current, "reported": status}
    return _needs_a_human(payment, CaseCode.CONTRADICTION, attempt, report, details)


def closed(payment: Payment, number: int, terms: Terms, at: datetime) -> Change:
    """The gateway holds the attempt closed, and no money came with it."""
    attempt = payment.attempts[number - 1]
    if attempt.status not in OPEN:
        return Change(payment)
    ended = replace(attempt, status=status_when_ended(attempt))
    entry = AuditEntry(f"attempt.{ended.status}", _about(ended))
    return _moved(payment, ended, entry, retry_until=at + terms.another_method)


def _advanced(
    payment: Payment, seen: PaymentAttempt, report: StatusReport, terms: Terms, at: datetime
) -> Change:
    status = seen.transactions[-1].status
    entry = AuditEntry(
        f"transaction.{status}",
        {"attempt": str(seen.number), "transaction_id": report.transaction_id},
    )
    moved = replace(seen, status=attempt_status_from(seen))
    if status is AttemptStatus.PAID:
        unwanted = _unwanted_money(payment, seen, at)
        if unwanted is None:
            return _paid(payment, moved, report, entry, at)
        change = _needs_a_human(
            _with_attempt(payment, moved), unwanted, moved, report, _about(moved)
        )
        return replace(change, audit=(entry, *change.audit))
    is_returned = moved.status in MONEY_CAME and payment.paid_attempt is None
    if moved.status is seen.status or is_returned:
        # No change of the order: a late word on an ended attempt, or on money it never accepted.
        return Change(_with_attempt(payment, moved), (entry,))
    return _moved(payment, moved, entry, retry_until=at + terms.another_method)


def _paid(
    payment: Payment,
    attempt: PaymentAttempt,
    report: StatusReport,
    entry: AuditEntry,
    at: datetime,
) -> Change:
    paid = replace(
        _with_attempt(payment, attempt),
        status=PaymentStatus.PAID,
        paid_attempt=attempt.number,
        paid_with=report.method or attempt.method,
        paid_at=report.paid_at or at,
        retry_until=None,
    )
    return Change(paid, (entry, AuditEntry("order.paid", _about(attempt))))


def _unwanted_money(payment: Payment, attempt: PaymentAttempt, at: datetime) -> CaseCode | None:
    """Money that must go back: a second payment, or money after the order's end (DESIGN §6 row 10)."""
    if payment.status in MONEY_WAS_HERE:
        return CaseCode.SECOND_PAYMENT
    if payment.status is PaymentStatus.CANCELLED:
        return CaseCode.LATE_MONEY
    too_late = payment.retry_until is not None and at >= payment.retry_until
    return CaseCode.LATE_MONEY if too_late and attempt.status not in OPEN else None


def _mismatch(
    payment: Payment, attempt: PaymentAttempt, report: StatusReport, found: tuple[str, ...]
) -> Change:
    details = {**_about(attempt), "differs": ",".join(found)}
    doubted = payment
    if attempt.status in OPEN:
        doubted = _followed(payment, replace(attempt, status=AttemptStatus.UNKNOWN))
    return _needs_a_human(doubted, CaseCode.MISMATCH, attempt, report, details)


def _needs_a_human(
    payment: Payment,
    code: CaseCode,
    attempt: PaymentAttempt,
    report: StatusReport,
    details: Mapping[str, str],
) -> Change:
    case = Case(code, attempt.number, report.transaction_id, details)
    entry = AuditEntry(f"case.{code}", {**details, "transaction_id": report.transaction_id})
    return Change(replace(payment, attention=payment.attention or code), (entry,), case)


def _moved(
    payment: Payment,
    attempt: PaymentAttempt,
    entry: AuditEntry,
    retry_until: datetime | None = None,
) -> Change:
    return Change(_followed(payment, attempt, retry_until), (entry,))


def _followed(
    payment: Payment, attempt: PaymentAttempt, retry_until: datetime | None = None
) -> Payment:
    """The attempt moved, and the order's payment with it if that attempt is the decisive one."""
    changed = _with_attempt(payment, attempt)
    if attempt.number != changed.decisive_attempt.number:
        return changed
    status = payment_status_from(attempt)
    may_retry = status in {PaymentStatus.FAILED, PaymentStatus.EXPIRED}
    return replace(changed, status=status, retry_until=retry_until if may_retry else None)


def _with_attempt(payment: Payment, attempt: PaymentAttempt) -> Payment:
    attempts = tuple(attempt if old.number == attempt.number else old for old in payment.attempts)
    return replace(payment, attempts=attempts)


def _about(attempt: PaymentAttempt) -> dict[str, str]:
    return {"attempt": str(attempt.number), "status": attempt.status.value}


def _attempt(new: NewAttempt) -> PaymentAttempt:
    return PaymentAttempt(
        number=new.number,
        method=new.method,
        integration=new.integration,
        status=AttemptStatus.PREPARING,
        nonce=new.nonce,
        idempotency_key=new.idempotency_key,
        accepted_at=new.at,
        expires_at=new.expires_at,
    )
