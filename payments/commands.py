"""What the stores are told to do: one value per command, each harmless to repeat."""

from dataclasses import dataclass
from datetime import datetime

from payments.alerts import AlertCode
from payments.cases import Resolution
from payments.charging import NewAttempt
from payments.gateway import (
    ChargeFailure,
    ChargeOpened,
    ClosingCause,
    ReviewDecision,
    StatusReport,
)
from payments.mails import Mail
from payments.money import Money
from payments.notice import Notice
from payments.refunding import RefundWish
from payments.refunds import RefundAnswer
from payments.request import PaymentRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A new order and its first attempt; `actor` names who asked, for the audit."""

    request: PaymentRequest
    attempt: NewAttempt
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedCharge:
    order_id: str
    number: int
    opened: ChargeOpened
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedCharge:
    order_id: str
    number: int
    gateway_code: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the gateway answered when asked: None means that it holds no transaction.

    `is_closed` says that the gateway has closed the attempt before it was asked.
    """

    order_id: str
    number: int
    report: StatusReport | None
    is_closed: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """The wish to close an attempt; `reason` is kept encrypted, out of the audit."""

    order_id: str
    number: int
    cause: ClosingCause
    actor: str
    at: datetime
    reason: str | None = None
    failure: ChargeFailure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedNotice:
    order_id: str
    notice: Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceOrder:
    """The wish for an invoice; `at` dates it, and stays the same however often it is tried."""

    order_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MailOrder:
    order_id: str
    mail: Mail
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertOrder:
    """An alert to the administrator; `sent` counts those sent before for the same cause."""

    order_id: str
    code: AlertCode
    sent: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AnotherAttempt:
    """The next attempt of a stored order; `actor` names who asked, for the audit."""

    order_id: str
    attempt: NewAttempt
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmatchedAnswer:
    """What the gateway holds for an order id of our form that is not stored here."""

    order_id: str
    number: int
    report: StatusReport
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDecided:
    """What an operator decided about a payment in review, before the gateway hears of it."""

    order_id: str
    number: int
    decision: ReviewDecision
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDecision:
    """What a human decided about a case; `reason` is kept encrypted, out of the audit.

    `reference` and `amount`: see `payments.deciding.Decision`.
    """

    order_id: str
    case_id: int
    resolution: Resolution
    actor: str
    reason: str
    at: datetime
    reference: str | None = None
    amount: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRefund:
    """Somebody wants money back."""

    order_id: str
    wish: RefundWish
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRefund:
    """The gateway is about to hear of a refund."""

    order_id: str
    refund_key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredRefund:
    """What the gateway made of a refund."""

    order_id: str
    refund_key: str
    answer: RefundAnswer
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckRefund:
    """Nobody has said for too long what became of a refund."""

    order_id: str
    refund_key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgottenDetails:
    """The customer's bank details have served their purpose."""

    order_id: str
    refund_key: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNoteOrder:
    """The wish for a credit note: of a refund, or NO_REFUND to cancel a whole invoice."""

    order_id: str
    refund_key: str
    at: datetime
