"""Money that goes back: one Refund per wish, by which way it goes, and how far it has come."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from uuid import UUID, uuid5

from payments.invoice import WIB
from payments.methods import PaymentMethod
from payments.money import Money
from payments.request import gateway_order_id

# Under one key the gateway repeats a refund for 7 days; afterwards it would be another one (fact
# sheet §5.7). An hour less, so that no try that is on its way arrives after that.
KEY_LIFE = timedelta(days=7) - timedelta(hours=1)

_REFUND_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")
_NAMESPACE = UUID("5f0c3f7e-6a52-4f0b-9d0e-6f1f2a3f9c11")
# Midtrans closes refunds of these methods at night: 23:50 covers both times told (§5.7, §14).
_CLOSES, _OPENS = time(23, 50), time(6, 0)
_CLOSED_AT_NIGHT = frozenset({PaymentMethod.SHOPEEPAY})


class RefundStatus(StrEnum):
    """REQUESTED until the gateway took it, MANUAL until an operator has transferred it.

    ACCEPTED is the gateway's word, CONFIRMED the bank's.
    """

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    MANUAL = "manual"


WAITING = frozenset({RefundStatus.REQUESTED, RefundStatus.MANUAL})
GIVEN_BACK = frozenset({RefundStatus.ACCEPTED, RefundStatus.CONFIRMED})


class RefundCause(StrEnum):
    """Why money goes back: somebody asked, the order had ended, or it was paid already.

    ELSEWHERE is what was given back without us, in the gateway's dashboard.
    """

    REQUESTED = "requested"
    LATE_MONEY = "late_money"
    SECOND_PAYMENT = "second_payment"
    ELSEWHERE = "elsewhere"


# Money that the shop must not keep: it goes back whatever the gateway says.
RETURNS = frozenset({RefundCause.LATE_MONEY, RefundCause.SECOND_PAYMENT})


class RefundOutcome(StrEnum):
    """What the gateway made of a refund that we sent, or found when it looked for it.

    VOIDED: the card was still in capture, so that it is never debited. NO_FUNDS: the merchant's
    balance is too low. NOT_YET: a part of a card payment cannot be given back before it settles.
    ABSENT: looked for, and not there.
    """

    ACCEPTED = "accepted"
    VOIDED = "voided"
    REFUSED = "refused"
    NO_FUNDS = "no_funds"
    NOT_YET = "not_yet"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAnswer:
    """`gateway_code` is the gateway's own, such as 412, where it refused."""

    outcome: RefundOutcome
    gateway_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRef:
    """Which refund is meant, without any personal datum."""

    order_id: str
    refund_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """One wish to give `amount` of one transaction back.

    `refund_key` is the shop's name for it, `gateway_key` the gateway's. `reason`, `reference` (of
    a transfer) and amounts are stored encrypted. `link_token` opens the page on which the customer
    says where a manual refund goes. `forget_at`: when their bank details are deleted.
    """

    refund_key: str
    gateway_key: str
    attempt: int
    transaction_id: str
    amount: Money
    reason: str
    cause: RefundCause
    status: RefundStatus
    requested_by: str
    created_at: datetime
    needs_approval: bool = False
    approved_by: str | None = None
    sent_at: datetime | None = None
    accepted_at: datetime | None = None
    confirmed_at: datetime | None = None
    gateway_code: str | None = None
    transferred_by: str | None = None
    reference: str | None = None
    forget_at: datetime | None = None
    credit_note_number: str | None = None
    link_token: str | None = None

    @property
    def is_to_be_sent(self) -> bool:
        is_allowed = not self.needs_approval or self.approved_by is not None
        return self.status is RefundStatus.REQUESTED and is_allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOrder:
    """The gateway request of one refund, equal each time it is asked for.

    `is_whole`: the transaction's whole amount, so that a card in capture can be voided instead.
    """

    order_id: str
    attempt: int
    transaction_id: str
    gateway_key: str
    method: PaymentMethod
    amount: Money
    reason: str
    is_whole: bool
    sent_at: datetime | None

    @property
    def gateway_order_id(self) -> str:
        return gateway_order_id(self.order_id, self.attempt)

    def may_be_repeated(self, now: datetime) -> bool:
        """Whether the key still stands for this refund; later it may only be looked for."""
        return self.sent_at is None or now < self.sent_at + KEY_LIFE


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedRefund:
    """One refund as the gateway lists it; `key` is ours, or what the dashboard made up."""

    key: str
    amount: Money
    confirmed_at: datetime | None = None


def is_refund_key(text: str) -> bool:
    return _REFUND_KEY.fullmatch(text) is not None


def gateway_key(transaction_id: str, refund_key: str) -> str:
    """The UUID under which the gateway knows a refund.

    Equal for equal wishes, so that not even a restored database gives the same money back twice.
    """
    return str(uuid5(_NAMESPACE, f"{transaction_id}/{refund_key}"))


def refunds_open_at(method: PaymentMethod | None, now: datetime) -> datetime:
    """When the gateway takes a refund of this method: `now`, or when its night is over."""
    moment = now.astimezone(WIB)
    if method not in _CLOSED_AT_NIGHT or _OPENS <= moment.time() < _CLOSES:
        return now
    opens = moment.replace(hour=_OPENS.hour, minute=0, second=0, microsecond=0)
    return opens if moment.time() < _OPENS else opens + timedelta(days=1)
