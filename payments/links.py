"""The customer's one-time link: which attempt it belongs to, and what it is still good for."""

from dataclasses import dataclass
from enum import StrEnum

from payments.payment import MONEY_WAS_HERE, Payment
from payments.status import OPEN


class LinkState(StrEnum):
    """OPEN: the next attempt may be made from it. USED: it was, and may be read. DEAD: neither."""

    OPEN = "open"
    USED = "used"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class PaymentLink:
    """The attempt whose page the link opens."""

    order_id: str
    attempt: int


def link_state(payment: Payment, attempt_of_link: int) -> LinkState:
    """What the link of an attempt is good for; looking at it never changes that.

    Whether a method is left to be tried from an OPEN link says `methods_to_try`.
    """
    if payment.status in MONEY_WAS_HERE:
        return LinkState.USED  # an old mail must not make anybody pay again
    latest = payment.latest_attempt
    if attempt_of_link == latest.number:
        return LinkState.OPEN
    was_next = attempt_of_link == latest.number - 1
    return LinkState.USED if was_next and latest.status in OPEN else LinkState.DEAD
