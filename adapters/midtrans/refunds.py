"""Giving money back: POST /v2/{id}/refund, or cancel of a card in capture (fact sheet §5.7, §5.5).

How the transaction stands is read first, and again where Midtrans refuses: an earlier try may have
had its effect without our knowing, and the state may change between two calls.
"""

from adapters.midtrans.answers import NOT_PERMITTED, MidtransRefusedError
from adapters.midtrans.client import MidtransClient, is_absent
from adapters.midtrans.documents import Document, text
from adapters.midtrans.reports import status_of, status_report
from adapters.midtrans.transport import Deadline
from payments.errors import GatewayUnknownError
from payments.gateway import StatusReport
from payments.methods import METHODS
from payments.money import Money
from payments.refunds import RefundAnswer, RefundOrder, RefundOutcome
from payments.status import AttemptStatus

REASON_LENGTH_MAX = 255
_DUPLICATE = "406"
_NOT_THIS_AMOUNT = "414"
# What it does not take now, nor ever: bad input, no such feature.
_FINAL = frozenset({"400", "501"})
# 201: approved, and waiting at the card's acquirer.
_TAKEN = frozenset({"200", "201"})
_DENIED_BY_THE_BANK = "202"
# What a payment still is after a refund of it was denied.
_UNTOUCHED = frozenset({AttemptStatus.PAID, AttemptStatus.PARTIALLY_REFUNDED})

# One 404 never proves absence, least of all of what was paid (DESIGN §3).
_LOST = "the gateway does not find a payment that it has reported"

_ACCEPTED = RefundAnswer(outcome=RefundOutcome.ACCEPTED)
_VOIDED = RefundAnswer(outcome=RefundOutcome.VOIDED)
_NOT_YET = RefundAnswer(outcome=RefundOutcome.NOT_YET)
_ABSENT = RefundAnswer(outcome=RefundOutcome.ABSENT)


def give_back(client: MidtransClient, order: RefundOrder, deadline: Deadline) -> RefundAnswer:
    """Whatever rises: repeating it, with the same key, never gives back twice."""
    found = _looked_up(client, order, deadline)
    seen = _seen(found, order)
    if seen is not None:
        return seen
    if found is not None and _is_in_capture(found):
        if not order.is_whole:
            return _NOT_YET
        if _is_cancelled(client, order, deadline):
            return _VOIDED
        # It may have settled meanwhile, so that it can be refunded; or not yet.
        return _refunded(client, order, deadline, too_early=_NOT_YET)
    return _refunded(client, order, deadline)


def find_refund(client: MidtransClient, order: RefundOrder, deadline: Deadline) -> RefundAnswer:
    """Send nothing: Midtrans has forgotten the key, and would make another refund of it."""
    found = _looked_up(client, order, deadline)
    if found is None:
        raise GatewayUnknownError(_LOST)
    return _seen(found, order) or _ABSENT


def _refunded(
    client: MidtransClient,
    order: RefundOrder,
    deadline: Deadline,
    too_early: RefundAnswer | None = None,
) -> RefundAnswer:
    """`too_early` is the answer where its state does not permit it, for it is about to change."""
    body = {
        "refund_key": order.gateway_key,
        "amount": order.amount.value,
        "reason": order.reason[:REASON_LENGTH_MAX],
    }
    try:
        document = client.refund(order.transaction_id, body, deadline)
    except MidtransRefusedError as refusal:
        code = refusal.gateway_code
        if is_absent(refusal):
            raise GatewayUnknownError(_LOST) from None
        if code in _FINAL:
            return _refused(code)
        if code not in {_DUPLICATE, NOT_PERMITTED, _NOT_THIS_AMOUNT}:
            raise
        found = _looked_up(client, order, deadline)
        if code == NOT_PERMITTED and too_early is not None:
            return _seen(found, order) or too_early
        return _judged_after(code, found, order)
    answer = _judged(document, order)
    return answer or _judged_after(_DUPLICATE, _looked_up(client, order, deadline), order)


def _judged(document: Document, order: RefundOrder) -> RefundAnswer | None:
    """None where the answer does not say what became of this refund.

    Its amount says nothing: some documents have the sum of all refunds there (§14).
    """
    code = text(document, "status_code")
    if code in _TAKEN and text(document, "refund_key") == order.gateway_key:
        return _ACCEPTED
    if code == _DENIED_BY_THE_BANK and status_of(document) in _UNTOUCHED:
        return _refused(code)
    return None


def _judged_after(code: str, found: StatusReport | None, order: RefundOrder) -> RefundAnswer:
    """What a refusal means, in the light of how the transaction stands."""
    seen = _seen(found, order)
    if seen is not None:
        return seen
    if found is None or code == _DUPLICATE:
        raise GatewayUnknownError("the payment has no refund of this key, which may be taken")
    if _is_in_capture(found):
        return _NOT_YET
    if code == _NOT_THIS_AMOUNT and _is_possible(order.amount, found):
        return RefundAnswer(outcome=RefundOutcome.NO_FUNDS, gateway_code=code)
    return _refused(code)


def _is_cancelled(client: MidtransClient, order: RefundOrder, deadline: Deadline) -> bool:
    """Void the payment, if its state still permits that."""
    try:
        document = client.cancel(order.transaction_id, deadline)
    except MidtransRefusedError as refusal:
        if refusal.gateway_code != NOT_PERMITTED:
            raise
        return False
    return status_of(document) is AttemptStatus.CANCELLED


def _seen(found: StatusReport | None, order: RefundOrder) -> RefundAnswer | None:
    """What has come of the refund, as far as the transaction shows; None when nothing has."""
    if found is None:
        return None
    if any(given.key == order.gateway_key for given in found.refunds):
        return _ACCEPTED
    is_void = order.is_whole and found.status is AttemptStatus.CANCELLED
    return _VOIDED if is_void else None


def _looked_up(
    client: MidtransClient, order: RefundOrder, deadline: Deadline
) -> StatusReport | None:
    document = client.status(order.transaction_id, deadline)
    return None if document is None else status_report(document, order.gateway_order_id)


def _is_in_capture(found: StatusReport) -> bool:
    return found.status is AttemptStatus.PAID and not found.settled


def _is_possible(amount: Money, found: StatusReport) -> bool:
    """Whether nothing but the merchant's balance speaks against this amount."""
    if found.method is not None and not METHODS[found.method].partial_refund:
        return amount == found.amount
    given = found.refunded.value if found.refunded else 0
    return amount.value <= found.amount.value - given


def _refused(code: str) -> RefundAnswer:
    return RefundAnswer(outcome=RefundOutcome.REFUSED, gateway_code=code)
