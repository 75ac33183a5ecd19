"""Which mail an order's customer is due: one table over the statuses."""

from dataclasses import dataclass
from enum import StrEnum

from payments.status import PaymentStatus


class MailKind(StrEnum):
    RECEIPT = "receipt"
    FAILURE = "failure"
    EXPIRY = "expiry"
    CANCELLATION = "cancellation"


# None where the customer is at the checkout page, or nothing has been decided yet. What follows a
# refund, a chargeback or a reversal comes with those.
MAILS: dict[PaymentStatus, MailKind | None] = {
    PaymentStatus.PREPARING: None,
    PaymentStatus.AWAITING_PAYMENT: None,
    PaymentStatus.IN_REVIEW: None,
    PaymentStatus.CHECKING: None,
    PaymentStatus.PAID: MailKind.RECEIPT,
    PaymentStatus.FAILED: MailKind.FAILURE,
    PaymentStatus.EXPIRED: MailKind.EXPIRY,
    PaymentStatus.CANCELLED: MailKind.CANCELLATION,
    PaymentStatus.PARTIALLY_REFUNDED: None,
    PaymentStatus.REFUNDED: None,
    PaymentStatus.CHARGED_BACK: None,
    PaymentStatus.REVERSED: None,
}


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail of an order: its kind, and the attempt it is about; sent once."""

    kind: MailKind
    attempt: int
