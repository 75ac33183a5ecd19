"""What the gateway's answers, and a human's decisions about them, do to a payment."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from payments.cases import Case, CaseCode, Resolution
from payments.changes import AuditEntry, Change, Terms, about, followed, moved, with_attempt
from payments.errors import FieldProblem, InvalidRequestError
from payments.gateway import ClosingCause, StatusReport, mismatches
from payments.payment import (
    MONEY_WAS_HERE,
    GatewayTransaction,
    Payment,
    PaymentAttempt,
    attempt_status_from,
    status_when_ended,
)
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
    details = {**about(attempt), "held": current, "reported": status}
    return needs_a_human(payment, _case(CaseCode.CONTRADICTION, attempt, report, details))


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
    details = {
        "attempt": str(number),
        "reported": report.status.value,
        "payment_type": report.payment_type,
    }
    code = CaseCode.UNMATCHED_MONEY
    return Case(code, number, report.transaction_id, details, money_came=True)


def needs_a_human(payment: Payment, case: Case) -> Change:
    """The first case is the one shown, unless a later one puts the payment itself in doubt."""
    is_shown = payment.attention is None or case.code is CaseCode.CONTRADICTION
    attention = case.code if is_shown else payment.attention
    entry = AuditEntry(f"case.{case.code}", {**case.details, "transaction_id": case.transaction_id})
    return Change(replace(payment, attention=attention), (entry,), case)


def case_resolved(
    payment: Payment,
    case: Case,
    resolution: Resolution,
    still_open: CaseCode | None,
    terms: Terms,
    at: datetime,
) -> Change:
    """A human decided about a case; `still_open` is the one to be shown from now on, if any.

    InvalidRequestError when the resolution does not fit the case.
    """
    entry = AuditEntry(
        f"case.{resolution}",
        {
            "attempt": str(case.attempt),
            "code": case.code,
            "transaction_id": case.transaction_id,
        },
    )
    noticed = replace(payment, attention=still_open)
    attempt = _doubted_by(payment, case)
    if attempt is None:
        require_noted(resolution)
        return Change(noticed, (entry,))
    if resolution is Resolution.REJECTED:
        rejected = _rejected(attempt, case)
        return moved(noticed, rejected, entry, retry_until=at + terms.another_method)
    is_money = case.details.get("reported") == AttemptStatus.PAID
    if resolution is Resolution.ACCEPTED and is_money and payment.status not in MONEY_WAS_HERE:
        paid = _accepted_money(noticed, attempt, case, at)
        return Change(paid, (entry, AuditEntry("order.paid", {"attempt": str(attempt.number)})))
    rule = "must be rejected, or accepted when money came for an order that is not paid"
    raise InvalidRequestError((FieldProblem("resolution", rule),))


def require_noted(resolution: Resolution) -> None:
    """InvalidRequestError unless the case is only taken note of: nothing else can be done here."""
    if resolution is not Resolution.NOTED:
        raise InvalidRequestError((FieldProblem("resolution", "must be noted"),))


def _advanced(
    payment: Payment, seen: PaymentAttempt, report: StatusReport, terms: Terms, at: datetime
) -> Change:
    status = seen.transactions[-1].status
    entry = AuditEntry(
        f"transaction.{status}",
        {"attempt": str(seen.number), "transaction_id": report.transaction_id},
    )
    after = replace(seen, status=attempt_status_from(seen))
    if status is AttemptStatus.PAID:
        unwanted = _unwanted_money(payment, seen, at)
        if unwanted is None:
            return _paid(payment, after, report, entry, at)
        case = _case(unwanted, after, report, about(after))
        change = needs_a_human(with_attempt(payment, after), case)
        return replace(change, audit=(entry, *change.audit))
    is_returned = after.status in MONEY_CAME and payment.paid_attempt is None
    if after.status is seen.status or is_returned:
        # No change of the order: a late word on an ended attempt, or on money it never accepted.
        return Change(with_attempt(payment, after), (entry,))
    return moved(payment, after, entry, retry_until=at + terms.another_method)


def _paid(
    payment: Payment,
    attempt: PaymentAttempt,
    report: StatusReport,
    entry: AuditEntry,
    at: datetime,
) -> Change:
    paid = replace(
        with_attempt(payment, attempt),
        status=PaymentStatus.PAID,
        paid_attempt=attempt.number,
        paid_with=report.method or attempt.method,
        paid_at=report.paid_at or at,
        retry_until=None,
    )
    return Change(paid, (entry, AuditEntry("order.paid", about(attempt))))


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
    details = {
        **about(attempt),
        "differs": ",".join(found),
        "reported": report.status.value,
        "payment_type": report.payment_type,
    }
    doubted = payment
    if attempt.status in OPEN:
        doubted = followed(payment, replace(attempt, status=AttemptStatus.UNKNOWN))
    return needs_a_human(doubted, _case(CaseCode.MISMATCH, attempt, report, details))


def _case(
    code: CaseCode, attempt: PaymentAttempt, report: StatusReport, details: Mapping[str, str]
) -> Case:
    came = report.status in MONEY_CAME
    return Case(code, attempt.number, report.transaction_id, details, money_came=came)


def _doubted_by(payment: Payment, case: Case) -> PaymentAttempt | None:
    """The attempt that waits for the case to be decided; most cases hold nothing up."""
    if case.code is not CaseCode.MISMATCH:
        return None
    attempt = payment.attempts[case.attempt - 1]
    return attempt if attempt.status is AttemptStatus.UNKNOWN else None


def _rejected(attempt: PaymentAttempt, case: Case) -> PaymentAttempt:
    """Money that does not count ends the attempt; what may still be paid is closed first."""
    if not case.money_came:
        return replace(attempt, closing=attempt.closing or ClosingCause.CHARGE_FAILED)
    is_cancelled = attempt.closing is ClosingCause.CANCEL
    return replace(
        attempt, status=AttemptStatus.CANCELLED if is_cancelled else AttemptStatus.FAILED
    )


def _accepted_money(payment: Payment, attempt: PaymentAttempt, case: Case, at: datetime) -> Payment:
    paid = GatewayTransaction(
        transaction_id=case.transaction_id,
        payment_type=case.details.get("payment_type", ""),
        status=AttemptStatus.PAID,
        method=None,
    )
    paid_attempt = replace(attempt.with_newest(paid), status=AttemptStatus.PAID)
    return replace(
        with_attempt(payment, paid_attempt),
        status=PaymentStatus.PAID,
        paid_attempt=attempt.number,
        paid_with=attempt.method,
        paid_at=at,
        retry_until=None,
    )
