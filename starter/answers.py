"""What checkout hears of its requests; the payment is always as the database has it."""

from dataclasses import dataclass

from payments.gateway import ChargeFailure
from payments.payment import Payment
from payments.refunds import Refund
from payments.status import PaymentStatus
from workflows.messages import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """`is_new`: this request began the attempt. `is_answered`: the gateway's answer is in it.

    `failure`: why this request's charge opened nothing, so that there is nothing to pay.
    """

    payment: Payment
    is_new: bool
    is_answered: bool
    failure: ChargeFailure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """`outcome` is None when the gateway has not closed the attempt in time: it will."""

    payment: Payment
    outcome: Outcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refunded:
    """`is_new`: this request is the one that asked for the refund."""

    payment: Payment
    refund: Refund
    is_new: bool


def started(payment: Payment, outcome: Outcome | None) -> Started:
    """What the update to start, or to try again, came to."""
    is_answered = outcome is not None and payment.status is not PaymentStatus.PREPARING
    is_failed = is_answered and payment.status is PaymentStatus.FAILED
    return Started(
        payment=payment,
        is_new=outcome is not None and outcome.by_this_call,
        is_answered=is_answered,
        failure=payment.latest_attempt.failure if is_failed else None,
    )
