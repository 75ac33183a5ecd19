"""Giving money back: POST /v2/{id}/refund (fact sheet §5.7)."""

import re
from dataclasses import dataclass
from enum import StrEnum

from adapters.midtrans.answers import MidtransRefusedError
from adapters.midtrans.client import MidtransClient
from adapters.midtrans.documents import Document, members, text
from adapters.midtrans.reports import money_of, status_of
from adapters.midtrans.transport import Deadline
from payments.errors import GatewayUnknownError, GatewayUnreachableError
from payments.money import Money
from payments.status import AttemptStatus

REASON_LENGTH_MAX = 255
_REFUND_KEY = re.compile(r"[A-Za-z0-9_-]+")
_DUPLICATE = "406"
# 201: approved, and waiting at the card's acquirer.
_TAKEN = frozenset({"200", "201"})
_DENIED_BY_THE_BANK = "202"
# What a payment still is after a refund of it was denied.
_UNTOUCHED = frozenset({AttemptStatus.PAID, AttemptStatus.PARTIALLY_REFUNDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """One wish to give back `amount`; its key repeats it for 7 days and never gives back twice.

    Without `transaction_id`, the latest transaction of the order id is meant.
    """

    gateway_order_id: str
    transaction_id: str | None
    refund_key: str
    amount: Money
    reason: str

    def __post_init__(self) -> None:
        # Without a key, Midtrans would make one for each request, and refund each.
        if not _REFUND_KEY.fullmatch(self.refund_key):
            raise ValueError("refund_key: letters, digits, - and _, at least one")
        if self.amount.value <= 0:
            raise ValueError("amount: must be positive")

    @property
    def named(self) -> str:
        return self.transaction_id or self.gateway_order_id


class RefundStatus(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAnswer:
    """What became of one refund; `amount` is the gateway's word for it, zero when refused.

    Accepted is not confirmed: the bank's confirmation comes later, as `bank_confirmed_at`.
    """

    status: RefundStatus
    refund_key: str
    amount: Money


def refund(client: MidtransClient, wanted: RefundRequest, deadline: Deadline) -> RefundAnswer:
    """Raise GatewayUnknownError where only repeating it, with the same key, can tell."""
    body = {
        "refund_key": wanted.refund_key,
        "amount": wanted.amount.value,
        "reason": wanted.reason[:REASON_LENGTH_MAX],
    }
    try:
        document = client.refund(wanted.named, body, deadline)
    except MidtransRefusedError as refusal:
        if refusal.gateway_code != _DUPLICATE:
            raise
        return _listed(client, wanted, deadline)
    answer = _judged(document, wanted)
    if answer.status is RefundStatus.ACCEPTED and answer.amount != wanted.amount:
        # Some documents have the sum of all refunds here (§14); only refunds[] tells them apart.
        return _listed(client, wanted, deadline)
    return answer


def _judged(document: Document, wanted: RefundRequest) -> RefundAnswer:
    code = text(document, "status_code")
    if code in _TAKEN and text(document, "refund_key") == wanted.refund_key:
        return _accepted(document, wanted)
    if code == _DENIED_BY_THE_BANK and status_of(document) in _UNTOUCHED:
        return RefundAnswer(
            status=RefundStatus.REFUSED,
            refund_key=wanted.refund_key,
            amount=Money.zero(wanted.amount.currency),
        )
    raise GatewayUnknownError("the answer does not say what became of the refund")


def _listed(client: MidtransClient, wanted: RefundRequest, deadline: Deadline) -> RefundAnswer:
    """The refund that a key known to the gateway stands for, from the payment's own list."""
    try:
        document = client.status(wanted.named, deadline)
    except GatewayUnreachableError:
        # Something was sent before: only the look-up was not.
        raise GatewayUnknownError("the refund may have been made, the look-up failed") from None
    refunds = [] if document is None else members(document, "refunds")
    for given in refunds:
        if text(given, "refund_key") == wanted.refund_key:
            return _accepted(given, wanted)
    raise GatewayUnknownError("the refund key was taken, but the payment has no refund of it")


def _accepted(document: Document, wanted: RefundRequest) -> RefundAnswer:
    return RefundAnswer(
        status=RefundStatus.ACCEPTED,
        refund_key=wanted.refund_key,
        amount=money_of(document, "refund_amount", wanted.amount.currency),
    )
