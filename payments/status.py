"""Which status may follow which: the one table that decides what a report means."""

from collections.abc import Iterable
from enum import StrEnum


class PaymentStatus(StrEnum):
    """What checkout sees of an order's payment; a closed set."""

    PREPARING = "preparing"
    AWAITING_PAYMENT = "awaiting_payment"
    IN_REVIEW = "in_review"
    CHECKING = "checking"
    PAID = "paid"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    CHARGED_BACK = "charged_back"
    REVERSED = "reversed"


class AttemptStatus(StrEnum):
    """What an attempt, or one gateway transaction of it, is at the gateway."""

    PREPARING = "preparing"  # stored here, the gateway has not answered yet
    UNKNOWN = "unknown"  # the gateway may or may not have it
    PENDING = "pending"
    AUTHORIZED = "authorized"
    IN_REVIEW = "in_review"
    PAID = "paid"
    DENIED = "denied"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    CHARGED_BACK = "charged_back"
    REVERSED = "reversed"


class Verdict(StrEnum):
    ADVANCE = "advance"
    STALE = "stale"
    CONTRADICTION = "contradiction"


_S = AttemptStatus
_AT_THE_GATEWAY = frozenset(
    {_S.PENDING, _S.AUTHORIZED, _S.IN_REVIEW, _S.PAID}
    | {_S.DENIED, _S.EXPIRED, _S.CANCELLED, _S.FAILED}
)
# Fact sheet §6.1; PAID covers their capture and settlement.
FOLLOWERS: dict[AttemptStatus, frozenset[AttemptStatus]] = {
    _S.PREPARING: _AT_THE_GATEWAY | {_S.UNKNOWN},
    _S.UNKNOWN: _AT_THE_GATEWAY,
    _S.PENDING: (_AT_THE_GATEWAY - {_S.PENDING}) | {_S.UNKNOWN},
    _S.AUTHORIZED: frozenset({_S.PAID, _S.DENIED, _S.CANCELLED, _S.EXPIRED}),
    _S.IN_REVIEW: frozenset({_S.PAID, _S.DENIED, _S.CANCELLED, _S.EXPIRED}),
    _S.PAID: frozenset({_S.PARTIALLY_REFUNDED, _S.REFUNDED, _S.CHARGED_BACK, _S.REVERSED}),
    _S.DENIED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.FAILED: frozenset(),
    _S.PARTIALLY_REFUNDED: frozenset({_S.PARTIALLY_REFUNDED, _S.REFUNDED, _S.CHARGED_BACK}),
    _S.REFUNDED: frozenset(),
    _S.CHARGED_BACK: frozenset(),
    _S.REVERSED: frozenset(),
}

OPEN = frozenset({_S.PREPARING, _S.UNKNOWN, _S.PENDING, _S.AUTHORIZED, _S.IN_REVIEW})
ENDED_WITHOUT_MONEY = frozenset({_S.DENIED, _S.EXPIRED, _S.CANCELLED, _S.FAILED})
MONEY_CAME = frozenset({_S.PAID, _S.PARTIALLY_REFUNDED, _S.REFUNDED, _S.CHARGED_BACK, _S.REVERSED})


def _reachable() -> dict[AttemptStatus, frozenset[AttemptStatus]]:
    reachable = {status: set(followers) for status, followers in FOLLOWERS.items()}
    for _ in AttemptStatus:  # a path is never longer than the number of statuses
        for found in reachable.values():
            found.update(*(reachable[status] for status in tuple(found)))
    return {status: frozenset(found) for status, found in reachable.items()}


_REACHABLE = _reachable()


def judge(current: AttemptStatus, reported: AttemptStatus) -> Verdict:
    """Say what a report means: news, something already passed, or impossible."""
    if reported in FOLLOWERS[current] or is_late_money(current, reported):
        return Verdict.ADVANCE
    if reported is current or current in _REACHABLE[reported]:
        return Verdict.STALE
    return Verdict.CONTRADICTION


def is_late_money(current: AttemptStatus, reported: AttemptStatus) -> bool:
    """Whether money came after an end without money: rare, real, and never to be ignored."""
    return current in ENDED_WITHOUT_MONEY and reported is AttemptStatus.PAID


def as_seen_after(current: AttemptStatus, reported: AttemptStatus) -> AttemptStatus:
    """Name a report in the light of what went before.

    A settlement that is denied was reversed, a capture that is cancelled was given back: Midtrans
    has one word each for both (fact sheet §6.1).
    """
    return _SEEN_AS.get((current, reported), reported)


_SEEN_AS = {
    (_S.PAID, _S.DENIED): _S.REVERSED,
    (_S.REVERSED, _S.DENIED): _S.REVERSED,
    (_S.PAID, _S.CANCELLED): _S.REFUNDED,
    (_S.REFUNDED, _S.CANCELLED): _S.REFUNDED,
}

_STRONGEST_FIRST = (
    _S.PAID,
    _S.PARTIALLY_REFUNDED,
    _S.CHARGED_BACK,
    _S.REVERSED,
    _S.REFUNDED,
    _S.IN_REVIEW,
    _S.AUTHORIZED,
    _S.PENDING,
    _S.DENIED,
    _S.EXPIRED,
    _S.CANCELLED,
    _S.FAILED,
)


def strongest(statuses: Iterable[AttemptStatus]) -> AttemptStatus | None:
    """The status that decides when one attempt carries several gateway transactions."""
    present = frozenset(statuses)
    return next((status for status in _STRONGEST_FIRST if status in present), None)
