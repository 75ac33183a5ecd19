"""The shapes of the workflow's signals, updates and query."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from payments.actors import Acted
from payments.cases import Resolution
from payments.gateway import ReviewDecision
from payments.methods import Integration, PaymentMethod
from payments.money import Money
from payments.request import PaymentRequest
from payments.status import PaymentStatus

# Any, because Temporal drops a signal whose argument does not fit its type in silence; the
# workflow parses the document itself.
GatewayReport = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitInstructions(Acted):
    """Start paying the order, or answer how it stands; `actor` names the calling client."""

    request: PaymentRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class TryAnotherMethod(Acted):
    """Close attempt `after_attempt` and open the next one with another method."""

    after_attempt: int
    method: PaymentMethod
    integration: Integration


# Operators' messages: `actor` and `reason` are required, so that the Web UI can send them.


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(Acted):
    """End the payment."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRefund(Acted):
    """Give `amount` back, or all that is left; the same key again is the same refund.

    `by_transfer`: by hand, even where the gateway could do it.
    """

    reason: str
    refund_key: str
    amount: Money | None = None
    by_transfer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveReview(Acted):
    """Decide about a payment that the gateway holds in review."""

    reason: str
    decision: ReviewDecision


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveCase(Acted):
    """Decide about a case that waits for a human.

    `reference` names the transfer of a manual refund, `amount` what a lost chargeback came to.
    """

    reason: str
    case_id: int
    resolution: Resolution
    reference: str | None = None
    amount: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryNow(Acted):
    """Stop waiting, try the stuck step again."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an update did; bodies are read from the database.

    `applied`: the order is as the update wished. `by_this_call`: this call made it so.
    """

    applied: bool
    by_this_call: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusView:
    """The answer of the query `status`: None for an order that is not stored yet."""

    order_id: str
    status: PaymentStatus | None
    attempt: int
    expires_at: datetime | None
    attention: str | None
