"""What a human's decision about a case does to a payment."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from payments.actors import is_same_person, is_unverified
from payments.believing import paid
from payments.cases import Case, CaseCode, CaseKey, Resolution
from payments.changes import (
    AuditEntry,
    Change,
    Terms,
    moved,
    needs_a_human,
    needs_nobody,
    restated,
    with_attempt,
)
from payments.errors import FieldProblem, InvalidRequestError
from payments.gateway import ClosingCause, GatewayTransaction
from payments.money import Money
from payments.payment import MONEY_WAS_HERE, Payment, PaymentAttempt
from payments.refund_moves import approved, refund_made, refund_refused, transferred
from payments.refund_reports import not_given_back
from payments.refunding import require_part, rest_returned
from payments.refunds import RETURNS, Refund, RefundStatus
from payments.status import AttemptStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What `actor` makes of a case.

    `reference` names a transfer; `amount` is what a lost chargeback came to, where that was not
    all that was left.
    """

    resolution: Resolution
    actor: str
    at: datetime
    reference: str | None = None
    amount: Money | None = None


def case_decided(payment: Payment, key: CaseKey, decision: Decision, terms: Terms) -> Change:
    """A human decided about a case; the same decision again changes nothing.

    InvalidRequestError when it does not fit the case, or the case is closed otherwise.
    """
    case = payment.case(key)
    assert case is not None, "the store has found the case"
    if not case.is_open:
        if _is_transferred_all_the_same(payment, case, decision):
            return _transferred_all_the_same(payment, case, decision, terms)
        is_repeated = _is_repeated(payment, case, decision)
        _require(is_repeated, "resolution", f"is {case.resolution} already")
        return Change(payment)
    return _DECIDERS.get(case.code, _noted)(payment, case, decision, terms)


def _is_repeated(payment: Payment, case: Case, decision: Decision) -> bool:
    refund = payment.refund(case.key.about)
    was_transferred = refund is not None and refund.transferred_by == decision.actor
    is_transfer = decision.resolution is Resolution.TRANSFERRED and was_transferred
    return is_transfer or decision.resolution is case.resolution


def require_noted(resolution: Resolution) -> None:
    """InvalidRequestError unless the case is only taken note of: nothing else can be done here."""
    _require(resolution is Resolution.NOTED, "resolution", "must be noted")


def _noted(payment: Payment, case: Case, decision: Decision, _terms: Terms) -> Change:
    require_noted(decision.resolution)
    return _closed(payment, case, decision)


def _mismatch_decided(payment: Payment, case: Case, decision: Decision, terms: Terms) -> Change:
    attempt = payment.attempts[case.attempt - 1]
    if attempt.status is not AttemptStatus.UNKNOWN:
        return _noted(payment, case, decision, terms)  # nothing waits for it any more
    change = _closed(payment, case, decision)
    if decision.resolution is Resolution.REJECTED:
        rejected = _rejected(attempt, case)
        entry = AuditEntry("attempt.rejected", {"attempt": str(attempt.number)})
        until = decision.at + terms.another_method
        return change.then(lambda now: moved(now, rejected, entry, retry_until=until))
    is_money = case.details.get("reported") == AttemptStatus.PAID
    may_count = is_money and payment.status not in MONEY_WAS_HERE
    _require(
        decision.resolution is Resolution.ACCEPTED and may_count,
        "resolution",
        "must be rejected, or accepted when money came for an order that is not paid",
    )
    entry = AuditEntry("order.paid", {"attempt": str(attempt.number)})
    return change.then(
        lambda now: Change(_money_accepted(now, attempt, case, decision.at), (entry,))
    )


def _approval_decided(payment: Payment, case: Case, decision: Decision, _terms: Terms) -> Change:
    refund = _refund(payment, case)
    change = _closed(payment, case, decision)
    if decision.resolution is Resolution.REJECTED:
        return change.then(lambda now: refund_refused(now, refund))
    _require_one_of(decision, Resolution.APPROVED, Resolution.REJECTED)
    _require_another_actor(decision, refund.requested_by)
    return change.then(lambda now: approved(now, refund, decision.actor))


def _manual_refund_decided(
    payment: Payment, case: Case, decision: Decision, terms: Terms
) -> Change:
    """Two people: one approves, another one says under which reference it was transferred."""
    refund = _refund(payment, case)
    match decision.resolution:
        case Resolution.APPROVED:
            if refund.approved_by is not None:
                _require(refund.approved_by == decision.actor, "resolution", "is approved already")
                return Change(payment)
            _require_another_actor(decision, refund.requested_by)
            return approved(payment, refund, decision.actor)
        case Resolution.TRANSFERRED:
            change = _closed(payment, case, decision)
            return change.then(lambda now: _transferred(now, refund, decision, terms))
        case _:
            _require_one_of(
                decision, Resolution.REJECTED, Resolution.APPROVED, Resolution.TRANSFERRED
            )
            must = "must be approved, then transferred: this money is not the shop's"
            _require(refund.cause not in RETURNS, "resolution", must)
            change = _closed(payment, case, decision)
            return change.then(lambda now: refund_refused(now, refund))


def _is_transferred_all_the_same(payment: Payment, case: Case, decision: Decision) -> bool:
    """Whether the money had left by hand before something else made that needless."""
    if case.code is not CaseCode.MANUAL_REFUND or decision.resolution is not Resolution.TRANSFERRED:
        return False
    refund = _refund(payment, case)
    is_stopped = case.resolution is Resolution.SUPERSEDED and refund.status is RefundStatus.REFUSED
    return is_stopped and refund.approved_by is not None


def _transferred_all_the_same(
    payment: Payment, case: Case, decision: Decision, terms: Terms
) -> Change:
    """It is booked, or the books would be wrong; that it left twice is for a human."""
    refund = _refund(payment, case)
    change = _transferred(payment, refund, decision, terms)
    twice = Case(
        key=replace(case.key, code=CaseCode.CONTRADICTION),
        attempt=case.attempt,
        details={"reported": "transferred"},
        amount=refund.amount,
    )
    return change.then(lambda now: needs_a_human(now, twice))


def _transferred(payment: Payment, refund: Refund, decision: Decision, terms: Terms) -> Change:
    reference = decision.reference or ""
    _require(refund.approved_by is not None, "resolution", "must be approved first")
    _require_another_actor(decision, refund.approved_by)
    _require(bool(reference.strip()), "reference", "is needed: that of the transfer")
    return transferred(payment, refund, decision.actor, reference, terms, decision.at)


def _stuck_refund_decided(
    payment: Payment, case: Case, decision: Decision, _terms: Terms
) -> Change:
    """Whether the money went back, as the gateway's support or the bank told."""
    refund = _refund(payment, case)
    _require_one_of(decision, Resolution.ACCEPTED, Resolution.REJECTED)
    change = _closed(payment, case, decision)
    if decision.resolution is Resolution.ACCEPTED:
        return change.then(lambda now: refund_made(now, refund, decision.at))
    return change.then(lambda now: not_given_back(now, refund, decision.at))


def _chargeback_decided(payment: Payment, case: Case, decision: Decision, _terms: Terms) -> Change:
    _require_one_of(decision, Resolution.WON, Resolution.LOST)
    attempt = payment.attempts[case.attempt - 1]
    transaction = attempt.transaction(case.key.transaction_id)
    assert transaction is not None, "a dispute is about a stored transaction"
    lost = _lost_amount(payment, transaction, decision)
    changed = attempt.with_changed(replace(transaction, charged_back=lost))
    change = _closed(payment, case, decision)
    change = change.then(lambda now: Change(restated(with_attempt(now, changed))))
    return change.then(lambda now: rest_returned(now, transaction.transaction_id, decision.at))


def _lost_amount(payment: Payment, transaction: GatewayTransaction, decision: Decision) -> Money:
    disputed = payment.books_of(transaction).charged_back
    if decision.resolution is Resolution.WON:
        return Money.zero(disputed.currency)
    if decision.amount is not None:
        require_part(decision.amount, disputed, "what was disputed")
    return decision.amount or disputed


def _closed(payment: Payment, case: Case, decision: Decision) -> Change:
    return needs_nobody(payment, case.key, decision.resolution)


def _refund(payment: Payment, case: Case) -> Refund:
    refund = payment.refund(case.key.about)
    assert refund is not None, "the case is about a stored refund"
    return refund


def _rejected(attempt: PaymentAttempt, case: Case) -> PaymentAttempt:
    """Money that does not count ends the attempt; what may still be paid is closed first."""
    if not case.key.money_came:
        return replace(attempt, closing=attempt.closing or ClosingCause.CHARGE_FAILED)
    is_cancelled = attempt.closing is ClosingCause.CANCEL
    return replace(
        attempt, status=AttemptStatus.CANCELLED if is_cancelled else AttemptStatus.FAILED
    )


def _money_accepted(payment: Payment, attempt: PaymentAttempt, case: Case, at: datetime) -> Payment:
    transaction = GatewayTransaction(
        transaction_id=case.key.transaction_id,
        payment_type=case.details.get("payment_type", ""),
        status=AttemptStatus.PAID,
        captured=case.amount,
        paid_at=at,
    )
    held = replace(attempt.with_newest(transaction), status=AttemptStatus.PAID)
    return paid(payment, held, transaction)


def _require_another_actor(decision: Decision, other: str | None) -> None:
    """Two people decide, so both must be known: anybody can write another one's name."""
    _require(
        not is_unverified(decision.actor),
        "actor",
        "must be verified where it takes two people: use python -m starter cases resolve",
    )
    _require(
        other is None or not is_unverified(other),
        "resolution",
        "must be rejected: who asked is not verified; use python -m starter refund",
    )
    is_same = other is not None and is_same_person(decision.actor, other)
    _require(not is_same, "actor", f"must be somebody else than {other}")


def _require_one_of(decision: Decision, *resolutions: Resolution) -> None:
    rule = f"must be one of {', '.join(resolutions)}"
    _require(decision.resolution in resolutions, "resolution", rule)


def _require(holds: bool, field: str, rule: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not holds:
        raise InvalidRequestError((FieldProblem(field, rule),))


_Decider = Callable[[Payment, Case, Decision, Terms], Change]
_DECIDERS: dict[CaseCode, _Decider] = {
    CaseCode.MISMATCH: _mismatch_decided,
    CaseCode.REFUND_APPROVAL: _approval_decided,
    CaseCode.MANUAL_REFUND: _manual_refund_decided,
    CaseCode.REFUND_STUCK: _stuck_refund_decided,
    CaseCode.CHARGEBACK: _chargeback_decided,
}
