"""What the gateway says of refunds, ours and those made in its dashboard, is followed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from payments.cases import Case, CaseCode, CaseKey
from payments.changes import (
    Change,
    needs_a_human,
)
from payments.gateway import GatewayTransaction, StatusReport
from payments.money import Money, total
from payments.payment import Payment
from payments.refund_moves import (
    ELSEWHERE,
    attempt_of,
    case_key,
    given_back,
    made_manual,
    refund_refused,
    stopped,
    transaction_of,
)
from payments.refunding import new_refund, rest_returned
from payments.refunds import (
    GIVEN_BACK,
    RETURNS,
    Refund,
    RefundAnswer,
    RefundCause,
    RefundOutcome,
    RefundStatus,
    ReportedRefund,
)
from payments.status import AttemptStatus

DASHBOARD = "gateway"


_TAKEN = frozenset({RefundOutcome.ACCEPTED, RefundOutcome.VOIDED})


def refund_answered(
    payment: Payment, refund_key: str, answer: RefundAnswer, at: datetime
) -> Change:
    """The gateway took the refund, or refused it; a notification may have been faster."""
    refund = payment.refund(refund_key)
    if refund is None or refund.status is not RefundStatus.REQUESTED:
        return Change(payment)
    if answer.outcome in _TAKEN:
        is_void = answer.outcome is RefundOutcome.VOIDED
        return given_back(payment, refund, at, confirmed_at=at if is_void else None)
    if answer.outcome is not RefundOutcome.REFUSED:
        return Change(payment)
    refused = replace(refund, gateway_code=answer.gateway_code)
    return not_given_back(payment, refused, at)


def not_given_back(payment: Payment, refund: Refund, at: datetime) -> Change:
    """The gateway does not make the refund; what the shop must not keep goes by hand then."""
    if refund.cause not in RETURNS:
        return refund_refused(payment, refund)
    kept = payment.books_of(transaction_of(payment, refund.transaction_id)).kept
    was_by_hand = payment.case(case_key(CaseCode.MANUAL_REFUND, refund)) is not None
    if kept.value >= 0 and not was_by_hand:
        return made_manual(payment, refund)
    # A part of it went back otherwise meanwhile, or its case is over: what is left is a new one.
    less = refund_refused(payment, replace(refund, gateway_code=ELSEWHERE))
    return less.then(lambda now: rest_returned(now, refund.transaction_id, at))


def refunds_reported(payment: Payment, report: StatusReport, at: datetime) -> Change:
    """Follow the refunds that the gateway has of one transaction, ours and the dashboard's."""
    change = Change(payment)
    for given in _reported(payment, report):
        change = _followed(change, report.transaction_id, given, report.refunded, at)
    transaction = transaction_of(payment, report.transaction_id)
    listed = total((each.amount for each in report.refunds), report.amount.currency)
    change = change.then(lambda now: _untold(now, transaction))
    return change.then(lambda now: _given_back_twice(now, transaction, listed, report.amount))


def voided(payment: Payment, transaction: GatewayTransaction, at: datetime) -> Change:
    """A card payment in capture was let go: by a refund of ours, or in the dashboard."""
    captured = payment.books_of(transaction).captured
    ours = next(
        (
            refund
            for refund in payment.refunds
            if refund.transaction_id == transaction.transaction_id
            and refund.status is RefundStatus.REQUESTED
            and refund.amount == captured
        ),
        None,
    )
    key = ours.gateway_key if ours else f"void-{transaction.transaction_id}"
    given = ReportedRefund(key=key, amount=captured, confirmed_at=at)
    change = _followed(Change(payment), transaction.transaction_id, given, None, at)
    return change.then(lambda now: _given_back_twice(now, transaction, captured, captured))


def _followed(
    change: Change, transaction_id: str, given: ReportedRefund, told: Money | None, at: datetime
) -> Change:
    return change.then(lambda payment: _one_followed(payment, transaction_id, given, told, at))


def _one_followed(
    payment: Payment, transaction_id: str, given: ReportedRefund, told: Money | None, at: datetime
) -> Change:
    ours = next(
        (
            refund
            for refund in payment.refunds
            if (refund.transaction_id, refund.gateway_key) == (transaction_id, given.key)
        ),
        None,
    )
    if ours is None:
        return _given_elsewhere(payment, transaction_id, given, told, at)
    is_known = ours.status is RefundStatus.CONFIRMED or (
        ours.status is RefundStatus.ACCEPTED and given.confirmed_at is None
    )
    if is_known:
        return Change(payment)
    # Also one that was refused, or was to be transferred: the gateway has the last word.
    change = given_back(payment, ours, at, confirmed_at=given.confirmed_at)
    return change.then(lambda now: _without_excess(now, transaction_id, at))


def _given_elsewhere(
    payment: Payment, transaction_id: str, given: ReportedRefund, told: Money | None, at: datetime
) -> Change:
    """Somebody gave money back in the dashboard; a fee that went with it was never the order's.

    `told` is the gateway's sum: of one refund it may speak twice, as a sum and in a list.
    """
    transaction = transaction_of(payment, transaction_id)
    books = payment.books_of(transaction)
    left = books.captured - books.refunded
    if told is not None:
        left = min(left, told - _at_gateway(payment, transaction_id), key=lambda each: each.value)
    if left.value <= 0:
        return Change(payment)
    amount = min(given.amount, left, key=lambda money: money.value)
    refund_key = f"elsewhere-{given.key}"
    if payment.refund(refund_key) is not None:  # one name by hand for two transactions
        refund_key = f"{refund_key}-{transaction_id}"
    refund = replace(
        new_refund(payment, transaction, refund_key, amount, RefundCause.ELSEWHERE, at),
        gateway_key=given.key,
        requested_by=DASHBOARD,
    )
    change = given_back(payment, refund, at, confirmed_at=given.confirmed_at)
    return change.then(lambda now: _without_excess(now, transaction_id, at))


def _at_gateway(payment: Payment, transaction_id: str) -> Money:
    """What we know the gateway to have given back; a transfer by hand is none of it."""
    given = (
        each.amount
        for each in payment.refunds
        if each.transaction_id == transaction_id
        and each.status in GIVEN_BACK
        and each.transferred_by is None
    )
    return total(given, payment.request.amount.currency)


def _untold(payment: Payment, transaction: GatewayTransaction) -> Change:
    """The gateway says that a part went back, and not how much: nobody may guess."""
    if not payment.is_untold(transaction):
        return Change(payment)
    transaction_id = transaction.transaction_id
    key = CaseKey(code=CaseCode.CONTRADICTION, transaction_id=transaction_id, about="untold")
    details = {"reported": transaction.status.value}
    number = attempt_of(payment, transaction_id).number
    return needs_a_human(payment, Case(key=key, attempt=number, details=details))


def _without_excess(payment: Payment, transaction_id: str, at: datetime) -> Change:
    """What somebody gave back already must not be given back again."""
    if payment.books_of(transaction_of(payment, transaction_id)).kept.value >= 0:
        return Change(payment)
    change = stopped(payment, transaction_id, ELSEWHERE)
    return change.then(lambda now: rest_returned(now, transaction_id, at))


def _given_back_twice(
    payment: Payment, transaction: GatewayTransaction, at_gateway: Money, paid: Money
) -> Change:
    """More went back than came: by the gateway and by hand, or with the fee of the customer."""
    transaction_id = transaction.transaction_id
    books = payment.books_of(transaction)
    beyond = at_gateway + payment.transferred_of(transaction) - paid
    excess = max(beyond, books.refunded - books.captured, key=lambda money: money.value)
    if excess.value <= 0:
        return Change(payment)
    key = CaseKey(
        code=CaseCode.CONTRADICTION, transaction_id=transaction_id, about="given_back_twice"
    )
    number = attempt_of(payment, transaction_id).number
    details = {"reported": transaction.status.value}
    return needs_a_human(payment, Case(key=key, attempt=number, details=details, amount=excess))


def _reported(payment: Payment, report: StatusReport) -> Iterator[ReportedRefund]:
    """The refunds listed; where none is, what the sum says beyond those we know of."""
    books = payment.books_of(transaction_of(payment, report.transaction_id))
    everything = books.captured if report.status is AttemptStatus.REFUNDED else None
    told = report.refunded or everything
    if report.refunds or told is None:
        yield from report.refunds
        return
    more = told - books.refunded
    if more.value <= 0:
        return
    sent = (
        refund.gateway_key
        for refund in payment.refunds
        if refund.transaction_id == report.transaction_id
        and refund.status is RefundStatus.REQUESTED
        and refund.sent_at is not None
        and refund.amount == more
    )
    unnamed = f"{report.transaction_id}-{told.value}"
    yield ReportedRefund(key=next(sent, unnamed), amount=more)
