"""Which mail an order's customer is due: one table over the statuses."""

from dataclasses import dataclass
from enum import StrEnum

from payments.status import PaymentStatus


class MailKind(StrEnum):
    RECEIPT = "receipt"
    FAILURE = "failure"
    EXPIRY = "expiry"
    CANCELLATION = "cancellation"
    REVERSAL = "reversal"
    REFUND = "refund"
    BANK_DETAILS = "bank_details"


# None where the customer is at the checkout page, or nothing has been decided yet. Whoever paid
# gets the receipt, also when money went back before it was sent: of that its own mail tells.
MAILS: dict[PaymentStatus, MailKind | None] = {
    PaymentStatus.PREPARING: None,
    PaymentStatus.AWAITING_PAYMENT: None,
    PaymentStatus.IN_REVIEW: None,
    PaymentStatus.CHECKING: None,
    PaymentStatus.PAID: MailKind.RECEIPT,
    PaymentStatus.FAILED: MailKind.FAILURE,
    PaymentStatus.EXPIRED: MailKind.EXPIRY,
    PaymentStatus.CANCELLED: MailKind.CANCELLATION,
    PaymentStatus.PARTIALLY_REFUNDED: MailKind.RECEIPT,
    PaymentStatus.REFUNDED: MailKind.RECEIPT,
    PaymentStatus.CHARGED_BACK: MailKind.RECEIPT,
    PaymentStatus.REVERSED: MailKind.REVERSAL,
}


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail of an order: its kind, and the attempt it is about; sent once.

    `about` tells apart what one attempt may have several of: the refund's key, or the transaction
    of a receipt that is not the attempt's first.
    """

    kind: MailKind
    attempt: int
    about: str = ""
