"""Asking for money back, and giving back what must not be kept."""

from dataclasses import dataclass, replace
from datetime import datetime

from payments.cases import CaseCode
from payments.changes import (
    Change,
    Terms,
    needs_a_human,
    with_refund,
)
from payments.errors import (
    FieldProblem,
    InvalidRequestError,
    NotRefundableError,
    RefundConflictError,
)
from payments.gateway import GatewayTransaction
from payments.methods import METHODS, PaymentMethod
from payments.money import Money, total
from payments.payment import MONEY_WAS_HERE, Payment
from payments.refund_moves import (
    CHARGED_BACK,
    ELSEWHERE,
    attempt_of,
    made_manual,
    refund_case,
    refund_entry,
    transaction_of,
)
from payments.refunds import (
    RETURNS,
    Refund,
    RefundCause,
    RefundOrder,
    RefundStatus,
    gateway_key,
    is_refund_key,
)
from payments.status import AttemptStatus

SERVICE = "service"


_STOPPED = frozenset({ELSEWHERE, CHARGED_BACK})


_REASONS = {
    RefundCause.LATE_MONEY: "paid after the order had ended",
    RefundCause.SECOND_PAYMENT: "paid twice",
    RefundCause.ELSEWHERE: "given back in the gateway's dashboard",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundWish:
    """What somebody asks for: `amount` back, or all that is left.

    `by_transfer` asks for a manual refund even where the gateway could do it.
    """

    refund_key: str
    amount: Money | None
    reason: str
    actor: str
    by_transfer: bool = False


def refund_requested(payment: Payment, wish: RefundWish, terms: Terms, at: datetime) -> Change:
    """Somebody wants money back; the same key again changes nothing.

    RefundConflictError when the key stands for another amount, NotRefundableError when there is
    nothing to give back now, InvalidRequestError when key or amount break a rule.
    """
    known = payment.refund(wish.refund_key)
    if known is not None:
        if wish.amount not in (None, known.amount):
            raise RefundConflictError(wish.refund_key)
        return Change(payment)
    if not is_refund_key(wish.refund_key):
        raise InvalidRequestError((FieldProblem("refund_key", "1 to 40 of A-Z a-z 0-9 - _"),))
    paying = _refundable(payment)
    by_gateway = not wish.by_transfer and goes_back_by_gateway(payment, paying, at)
    amount = _refundable_amount(payment, paying, wish)
    if by_gateway:
        _require_that_a_part_is_allowed(payment, paying, amount)
    refund = replace(
        new_refund(payment, paying, wish.refund_key, amount, RefundCause.REQUESTED, at),
        reason=wish.reason,
        requested_by=wish.actor,
        needs_approval=by_gateway and _is_above_limit(payment, amount, terms),
    )
    return _begun(payment, refund, by_gateway=by_gateway)


def returned(
    payment: Payment, transaction: GatewayTransaction, cause: RefundCause, at: datetime
) -> Change:
    """Money that the shop must not keep goes back, all of it, without anybody's approval."""
    before = len(_returns_of(payment, transaction.transaction_id))
    again = f"-{before + 1}" if before else ""
    refund_key = f"return-{transaction.transaction_id}{again}"
    amount = payment.books_of(transaction).kept
    refund = new_refund(payment, transaction, refund_key, amount, cause, at)
    by_gateway = goes_back_by_gateway(payment, transaction, at)
    return _begun(payment, refund, by_gateway=by_gateway)


def rest_returned(payment: Payment, transaction_id: str, at: datetime) -> Change:
    """What a stopped return has left here goes back after all."""
    transaction = transaction_of(payment, transaction_id)
    last = next(reversed(_returns_of(payment, transaction_id)), None)
    is_stopped = last is not None and last.gateway_code in _STOPPED
    if last is None or not is_stopped or payment.books_of(transaction).kept.value <= 0:
        return Change(payment)
    return returned(payment, transaction, last.cause, at)


def goes_back_by_gateway(payment: Payment, transaction: GatewayTransaction, at: datetime) -> bool:
    """Whether the gateway gives this money back; otherwise somebody must transfer it.

    By the method's rules (fact sheet §5.7); after a chargeback it no longer does.
    """
    window = METHODS[method_of(payment, transaction.transaction_id)].refund_window
    paid_at = transaction.paid_at or payment.paid_at
    is_over = window is not None and paid_at is not None and at >= paid_at + window
    return (
        window is not None and not is_over and transaction.status is not AttemptStatus.CHARGED_BACK
    )


def method_of(payment: Payment, transaction_id: str) -> PaymentMethod:
    """The method that the customer paid this transaction by."""
    transaction = transaction_of(payment, transaction_id)
    return transaction.method or attempt_of(payment, transaction_id).method


def refund_order(payment: Payment, refund: Refund) -> RefundOrder:
    """What the gateway is asked for."""
    transaction = transaction_of(payment, refund.transaction_id)
    return RefundOrder(
        order_id=payment.order_id,
        attempt=refund.attempt,
        transaction_id=refund.transaction_id,
        gateway_key=refund.gateway_key,
        method=method_of(payment, refund.transaction_id),
        amount=refund.amount,
        reason=refund.reason,
        is_whole=refund.amount == payment.books_of(transaction).captured,
        sent_at=refund.sent_at,
    )


def require_part(amount: Money, whole: Money, meaning: str) -> None:
    """InvalidRequestError unless the amount is a part of `whole`, or all of it."""
    if amount.currency is not whole.currency:
        raise InvalidRequestError((FieldProblem("amount.currency", f"must be {whole.currency}"),))
    if not 0 < amount.value <= whole.value:
        rule = f"1 to {whole.value}: {meaning}"
        raise InvalidRequestError((FieldProblem("amount.value", rule),))


def _is_above_limit(payment: Payment, amount: Money, terms: Terms) -> bool:
    """With what was asked for before: a large refund in small parts is a large one."""
    before = (
        each.amount
        for each in payment.refunds
        if each.cause is RefundCause.REQUESTED and each.status is not RefundStatus.REFUSED
    )
    asked = total(before, amount.currency) + amount
    return terms.approval_above is not None and asked.value > terms.approval_above


def _refundable(payment: Payment) -> GatewayTransaction:
    paying = payment.paying
    if paying is None or payment.status not in MONEY_WAS_HERE:
        raise NotRefundableError(payment.order_id, "it is not paid")
    dispute = (case for case in payment.cases if case.code is CaseCode.CHARGEBACK and case.is_open)
    if any(case.key.transaction_id == paying.transaction_id for case in dispute):
        raise NotRefundableError(payment.order_id, "its payment is disputed")
    if payment.is_untold(paying):
        raise NotRefundableError(payment.order_id, "how much went back already is not known")
    if payment.books_of(paying).kept.value <= 0:
        raise NotRefundableError(payment.order_id, "nothing is left to give back")
    return paying


def _refundable_amount(payment: Payment, paying: GatewayTransaction, wish: RefundWish) -> Money:
    kept = payment.books_of(paying).kept
    amount = wish.amount or kept
    require_part(amount, kept, "what is left of the payment")
    return amount


def _require_that_a_part_is_allowed(
    payment: Payment, paying: GatewayTransaction, amount: Money
) -> None:
    method = method_of(payment, paying.transaction_id)
    captured = payment.books_of(paying).captured
    if amount != captured and not METHODS[method].partial_refund:
        rule = f"{method} gives back the whole amount only: {captured.value}"
        raise InvalidRequestError((FieldProblem("amount.value", rule),))


def new_refund(
    payment: Payment,
    transaction: GatewayTransaction,
    refund_key: str,
    amount: Money,
    cause: RefundCause,
    at: datetime,
) -> Refund:
    return Refund(
        refund_key=refund_key,
        gateway_key=gateway_key(transaction.transaction_id, refund_key),
        attempt=attempt_of(payment, transaction.transaction_id).number,
        transaction_id=transaction.transaction_id,
        amount=amount,
        reason=_REASONS.get(cause, ""),
        cause=cause,
        status=RefundStatus.REQUESTED,
        requested_by=SERVICE,
        created_at=at,
    )


def _begun(payment: Payment, refund: Refund, *, by_gateway: bool) -> Change:
    entry = refund_entry("refund.requested", refund)
    if not by_gateway:
        return Change(payment, (entry,)).then(lambda now: made_manual(now, refund))
    change = Change(with_refund(payment, refund), (entry,))
    if not refund.needs_approval:
        return change
    return change.then(
        lambda now: needs_a_human(now, refund_case(CaseCode.REFUND_APPROVAL, refund))
    )


def _returns_of(payment: Payment, transaction_id: str) -> tuple[Refund, ...]:
    return tuple(
        each
        for each in payment.refunds
        if each.transaction_id == transaction_id and each.cause in RETURNS
    )
