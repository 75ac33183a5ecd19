"""What the gateway's answers do to a payment."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from payments.cases import Case, CaseCode, CaseKey, Resolution
from payments.changes import (
    AuditEntry,
    Change,
    Terms,
    about,
    followed,
    moved,
    needs_a_human,
    needs_nobody,
    restated,
    with_attempt,
)
from payments.gateway import GatewayTransaction, StatusReport, mismatches
from payments.losses import charged_back, settlement_reversed
from payments.payment import (
    MONEY_WAS_HERE,
    Payment,
    PaymentAttempt,
    attempt_status_from,
    status_when_ended,
)
from payments.refund_reports import refunds_reported, voided
from payments.refunding import goes_back_by_gateway, returned
from payments.refunds import RefundCause
from payments.status import (
    MONEY_CAME,
    OPEN,
    AttemptStatus,
    PaymentStatus,
    Verdict,
    as_seen_after,
    judge,
)


def answered(
    payment: Payment, number: int, report: StatusReport, terms: Terms, at: datetime
) -> Change:
    """The gateway told the state of one transaction of attempt `number`."""
    found = mismatches(payment.charge(number), terms.merchant_id, report)
    matched = _matched(payment, report)
    if found and not _is_accepted(payment, report.transaction_id):
        return matched.then(lambda now: _mismatch(now, number, report, found))
    return matched.then(lambda now: _judged(now, number, report, terms, at))


def closed(payment: Payment, number: int, terms: Terms, at: datetime) -> Change:
    """The gateway holds the attempt closed, and no money came with it."""
    attempt = payment.attempts[number - 1]
    if attempt.status not in OPEN:
        return Change(payment)
    ended = replace(attempt, status=status_when_ended(attempt))
    entry = AuditEntry(f"attempt.{ended.status}", about(ended))
    return moved(payment, ended, entry, retry_until=at + terms.another_method)


def unmatched_case(number: int, report: StatusReport) -> Case | None:
    """Money of an attempt that is not stored here; None when no money came."""
    if report.status not in MONEY_CAME:
        return None
    details = {"reported": report.status.value, "payment_type": report.payment_type}
    return Case(
        key=_unmatched(report.transaction_id),
        attempt=number,
        details=details,
        amount=report.amount,
    )


def paid(payment: Payment, attempt: PaymentAttempt, transaction: GatewayTransaction) -> Payment:
    """The order is paid, by this transaction."""
    return replace(
        with_attempt(payment, attempt),
        status=PaymentStatus.PAID,
        paid_attempt=attempt.number,
        paid_transaction_id=transaction.transaction_id,
        paid_with=transaction.method or attempt.method,
        paid_at=transaction.paid_at,
        retry_until=None,
    )


def _matched(payment: Payment, report: StatusReport) -> Change:
    """Money that fitted nothing is judged like any other, once its attempt is stored."""
    return needs_nobody(payment, _unmatched(report.transaction_id), Resolution.MATCHED)


def _judged(
    payment: Payment, number: int, report: StatusReport, terms: Terms, at: datetime
) -> Change:
    attempt = payment.attempts[number - 1]
    known = attempt.transaction(report.transaction_id)
    current = known.status if known else AttemptStatus.PREPARING
    status = as_seen_after(current, report.status)
    verdict = judge(current, status)
    if verdict is Verdict.CONTRADICTION and _missed_the_payment(current, status):
        # Paid and given back, or charged back, while nobody told us: first it was paid.
        first = replace(report, status=AttemptStatus.PAID, refunds=(), refunded=None)
        change = _judged(payment, number, first, terms, at)
        return change.then(lambda now: _judged(now, number, report, terms, at))
    if verdict is Verdict.CONTRADICTION:
        details = {"status": attempt.status, "held": current, "reported": status}
        return needs_a_human(payment, _case(CaseCode.CONTRADICTION, number, report, details))
    change = Change(payment)
    if verdict is Verdict.ADVANCE:
        change = _advanced(payment, number, report, status, terms, at)
    return change.then(lambda now: _followed(now, number, report, terms, at))


def _missed_the_payment(current: AttemptStatus, reported: AttemptStatus) -> bool:
    came_and_went = reported in MONEY_CAME - {AttemptStatus.PAID}
    return came_and_went and judge(current, AttemptStatus.PAID) is Verdict.ADVANCE


def _advanced(
    payment: Payment,
    number: int,
    report: StatusReport,
    status: AttemptStatus,
    terms: Terms,
    at: datetime,
) -> Change:
    before = payment.attempts[number - 1]
    seen = before.with_transaction(report, status, at)
    after = replace(seen, status=attempt_status_from(seen))
    transaction = after.transactions[-1]
    entry = AuditEntry(
        f"transaction.{status}",
        {"attempt": str(number), "transaction_id": transaction.transaction_id},
    )
    if status is AttemptStatus.PAID:
        return Change(payment, (entry,)).then(lambda now: _money_came(now, after, transaction, at))
    if status is AttemptStatus.REVERSED:
        change = Change(with_attempt(payment, after), (entry,))
        return change.then(lambda now: settlement_reversed(now, transaction, terms, at))
    if status in MONEY_CAME or after.status is before.status:
        # What became of money is told by its refunds; a late word on an ended attempt is no more.
        return Change(restated(with_attempt(payment, after)), (entry,))
    return moved(payment, after, entry, retry_until=at + terms.another_method)


def _followed(
    payment: Payment, number: int, report: StatusReport, terms: Terms, at: datetime
) -> Change:
    """What else the report says: refunds, a void, a chargeback."""
    transaction = payment.attempts[number - 1].transaction(report.transaction_id)
    if transaction is None or transaction.status not in _HELD_HERE:
        return Change(payment)
    if report.status is AttemptStatus.CANCELLED:
        return voided(payment, transaction, at)
    change = refunds_reported(payment, report, at)
    if report.status is AttemptStatus.CHARGED_BACK:
        return change.then(lambda now: charged_back(now, number, report, terms, at))
    return change


_HELD_HERE = MONEY_CAME - {AttemptStatus.REVERSED}


def _money_came(
    payment: Payment, attempt: PaymentAttempt, transaction: GatewayTransaction, at: datetime
) -> Change:
    """It pays the order, or goes back (DESIGN §6 row 10)."""
    was_open = payment.attempts[attempt.number - 1].status in OPEN
    held = with_attempt(payment, attempt)
    if payment.paid_transaction_id == transaction.transaction_id:
        # It pays the order already: its own row was lost or damaged, so nothing goes back.
        return Change(held)
    if payment.status in MONEY_WAS_HERE:
        return _second_payment(held, attempt, transaction, at)
    is_too_late = payment.retry_until is not None and at >= payment.retry_until and not was_open
    if payment.status is PaymentStatus.CANCELLED or is_too_late:
        return returned(held, transaction, RefundCause.LATE_MONEY, at)
    return Change(paid(payment, attempt, transaction), (AuditEntry("order.paid", about(attempt)),))


def _second_payment(
    payment: Payment, attempt: PaymentAttempt, transaction: GatewayTransaction, at: datetime
) -> Change:
    """One of two payments goes back, preferably one that the gateway can give back."""
    first = payment.paying
    if first is None or not _is_exchanged(payment, first, transaction, at):
        return returned(payment, transaction, RefundCause.SECOND_PAYMENT, at)
    exchanged = paid(payment, attempt, transaction)
    entry = AuditEntry("order.paid_otherwise", about(attempt))
    change = Change(exchanged, (entry,))
    return change.then(lambda now: returned(now, first, RefundCause.SECOND_PAYMENT, at))


def _is_exchanged(
    payment: Payment, first: GatewayTransaction, second: GatewayTransaction, at: datetime
) -> bool:
    """Whether the second payment stays instead: only the first can be given back by API."""
    is_untouched = payment.books_of(first).kept == payment.books_of(first).captured
    return (
        is_untouched
        and goes_back_by_gateway(payment, first, at)
        and not goes_back_by_gateway(payment, second, at)
    )


def _mismatch(
    payment: Payment, number: int, report: StatusReport, found: tuple[str, ...]
) -> Change:
    attempt = payment.attempts[number - 1]
    details = {
        "status": attempt.status,
        "differs": ",".join(found),
        "reported": report.status.value,
        "payment_type": report.payment_type,
    }
    case = _case(CaseCode.MISMATCH, number, report, details)
    change = needs_a_human(payment, case)
    if change.payment == payment or attempt.status not in OPEN:
        return change
    doubted = replace(attempt, status=AttemptStatus.UNKNOWN)
    return replace(change, payment=followed(change.payment, doubted))


def _is_accepted(payment: Payment, transaction_id: str) -> bool:
    """Whether a human has said that this transaction counts though it differs."""
    return any(
        case.code is CaseCode.MISMATCH
        and case.key.transaction_id == transaction_id
        and case.resolution is Resolution.ACCEPTED
        for case in payment.cases
    )


def _case(code: CaseCode, number: int, report: StatusReport, details: Mapping[str, str]) -> Case:
    came = report.status in MONEY_CAME
    key = CaseKey(code=code, transaction_id=report.transaction_id, money_came=came)
    return Case(key=key, attempt=number, details=details, amount=report.amount - report.fee)


def _unmatched(transaction_id: str) -> CaseKey:
    return CaseKey(code=CaseCode.UNMATCHED_MONEY, transaction_id=transaction_id, money_came=True)
