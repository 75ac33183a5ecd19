"""A transaction as the gateway keeps it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from simulator.clock import Timer
from simulator.merchants import Merchant
from simulator.methods import Method


class Status(StrEnum):
    PENDING = "pending"
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    SETTLEMENT = "settlement"
    DENY = "deny"
    CANCEL = "cancel"
    EXPIRE = "expire"
    FAILURE = "failure"
    PARTIAL_REFUND = "partial_refund"
    REFUND = "refund"
    PARTIAL_CHARGEBACK = "partial_chargeback"
    CHARGEBACK = "chargeback"


class Fraud(StrEnum):
    ACCEPT = "accept"
    DENY = "deny"
    CHALLENGE = "challenge"


@dataclass(slots=True)
class Refund:
    key: str
    amount: int
    reason: str
    created_at: datetime
    chargeback_id: int
    chargeback_uuid: str
    direct: bool
    bank_confirmed_at: datetime | None = None
    # Whether it went through the bank's system or by hand is told a day later.
    method_known: bool = False


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the notifications of one transaction go: the headers of its request, parsed."""

    append: tuple[str, ...] = ()
    override: tuple[str, ...] = ()

    def urls(self, notify_url: str) -> tuple[str, ...]:
        if self.override:
            return self.override
        return (notify_url, *self.append) if notify_url else self.append


@dataclass(slots=True)
class Transaction:
    transaction_id: str
    order_id: str
    merchant: Merchant
    method: Method
    gross_amount: int
    created_at: datetime
    expires_at: datetime
    status: Status = Status.PENDING
    fraud: Fraud | None = Fraud.ACCEPT
    payment_type: str = ""
    currency: str = "IDR"
    status_message: str = ""
    settled_at: datetime | None = None
    # What identifies the payment everywhere: VA numbers, payment codes, card facts.
    instructions: dict[str, object] = field(default_factory=dict)
    # What only the answer to the charge carries: actions, redirect_url, qr_string.
    links: dict[str, object] = field(default_factory=dict)
    # What is known once it is paid: issuer, approval code, reference numbers.
    facts_when_paid: dict[str, object] = field(default_factory=dict)
    # What the merchant sent along and gets back: custom fields, metadata, customer details.
    echoed: dict[str, object] = field(default_factory=dict)
    refunds: list[Refund] = field(default_factory=list)
    destination: Destination = Destination()
    snap_token: str = ""
    # Where the wallet sends the browser; only wallets have one of their own.
    callback_url: str = ""
    subscription_id: str = ""
    card_number: str = ""
    save_card: bool = False
    preauthorized: bool = False
    # A number that the merchant chose makes the bill one of those asked for by status/b2b.
    b2b: bool = False
    fee: int = 0
    cancelled_while_pending: bool = False
    timer: Timer | None = None

    @property
    def refunded_amount(self) -> int:
        return sum(refund.amount for refund in self.refunds)

    @property
    def original_amount(self) -> int:
        return self.gross_amount - self.fee

    @property
    def succeeded(self) -> bool:
        """Tell whether the customer has paid, whatever became of the money since."""
        return self.status is not Status.PENDING and self.occupies_order_id

    @property
    def is_card(self) -> bool:
        return self.method.name == "credit_card"

    @property
    def occupies_order_id(self) -> bool:
        """Tell whether the order id may not be used for another transaction."""
        if self.status is Status.CANCEL:
            return not self.cancelled_while_pending
        return self.status not in {Status.EXPIRE, Status.DENY, Status.FAILURE}
