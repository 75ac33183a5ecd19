"""One order's payment with all its attempts."""

from dataclasses import dataclass, replace
from datetime import datetime

from payments.cases import CaseCode
from payments.gateway import (
    ENDS_AS,
    Charge,
    ChargeFailure,
    ClosingCause,
    Instructions,
    StatusReport,
)
from payments.methods import METHODS, Integration, PaymentMethod, methods_for
from payments.money import Money
from payments.request import PaymentRequest
from payments.status import MONEY_CAME, OPEN, AttemptStatus, PaymentStatus, strongest

ANOTHER_METHOD_MAY_BE_TRIED = frozenset(
    {PaymentStatus.AWAITING_PAYMENT, PaymentStatus.FAILED, PaymentStatus.EXPIRED}
)
MONEY_WAS_HERE = frozenset(
    {PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED}
    | {PaymentStatus.CHARGED_BACK, PaymentStatus.REVERSED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayTransaction:
    """One transaction that the gateway made for an attempt; Snap may make several."""

    transaction_id: str
    payment_type: str
    status: AttemptStatus
    method: PaymentMethod | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentAttempt:
    """One try at the gateway. `closing` says why we are closing it there, once we do.

    `link_token` opens the customer's one-time link, from which the next attempt may be made.
    """

    number: int
    method: PaymentMethod
    integration: Integration
    status: AttemptStatus
    nonce: str
    idempotency_key: str
    accepted_at: datetime
    expires_at: datetime
    instructions: Instructions | None = None
    transactions: tuple[GatewayTransaction, ...] = ()
    closing: ClosingCause | None = None
    failure: ChargeFailure | None = None
    link_token: str | None = None

    def transaction(self, transaction_id: str) -> GatewayTransaction | None:
        return next((t for t in self.transactions if t.transaction_id == transaction_id), None)

    def with_transaction(self, report: StatusReport, status: AttemptStatus) -> "PaymentAttempt":
        """The attempt with the reported transaction last; other transactions keep their order."""
        return self.with_newest(
            GatewayTransaction(
                transaction_id=report.transaction_id,
                payment_type=report.payment_type,
                status=status,
                method=report.method,
            )
        )

    def with_newest(self, newest: GatewayTransaction) -> "PaymentAttempt":
        others = tuple(t for t in self.transactions if t.transaction_id != newest.transaction_id)
        return replace(self, transactions=(*others, newest))


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Everything known of one order's payment; `version` grows with every change."""

    request: PaymentRequest
    status: PaymentStatus
    version: int
    created_at: datetime
    updated_at: datetime
    attempts: tuple[PaymentAttempt, ...]
    refunded_amount: Money
    paid_with: PaymentMethod | None = None
    paid_at: datetime | None = None
    paid_attempt: int | None = None
    retry_until: datetime | None = None
    invoice_number: str | None = None
    attention: CaseCode | None = None

    @property
    def order_id(self) -> str:
        return self.request.order_id

    @property
    def latest_attempt(self) -> PaymentAttempt:
        return self.attempts[-1]

    @property
    def decisive_attempt(self) -> PaymentAttempt:
        """The attempt that the payment's status follows: the one that paid, else the latest."""
        return self.attempts[(self.paid_attempt or len(self.attempts)) - 1]

    @property
    def fulfil_after(self) -> datetime | None:
        """From when on a settlement of this method can no longer be reversed."""
        if self.paid_at is None:
            return None
        method = self.paid_with or self.decisive_attempt.method
        return self.paid_at + METHODS[method].fulfilment_hold

    def is_fulfillable(self, now: datetime) -> bool:
        """Whether goods may be shipped: paid, not reversible any more, and not contradicted."""
        after = self.fulfil_after
        return (
            self.status is PaymentStatus.PAID
            and self.attention is not CaseCode.CONTRADICTION
            and after is not None
            and now >= after
        )

    def methods_to_try(self, now: datetime) -> tuple[PaymentMethod, ...]:
        """What can be tried now, the last method last; nothing once `retry_until` is past."""
        if self.status not in ANOTHER_METHOD_MAY_BE_TRIED:
            return ()
        if self.retry_until is not None and now >= self.retry_until:
            return ()
        return methods_for(self.request.amount, failed=self.latest_attempt.method)

    def charge(self, number: int) -> Charge:
        """The gateway request of one attempt, equal each time it is asked for."""
        attempt = self.attempts[number - 1]
        return Charge(
            request=self.request,
            number=number,
            method=attempt.method,
            integration=attempt.integration,
            nonce=attempt.nonce,
            idempotency_key=attempt.idempotency_key,
            accepted_at=attempt.accepted_at,
            expires_at=attempt.expires_at,
        )


def attempt_status_from(attempt: PaymentAttempt) -> AttemptStatus:
    """What an attempt is, given its transactions.

    An open Snap page on which one payment was denied is still open: the customer may try again
    there (fact sheet §6.3). A Core attempt has one transaction and ends with it. An attempt that
    has ended is changed by nothing but money.
    """
    found = strongest(transaction.status for transaction in attempt.transactions)
    if found in MONEY_CAME:
        return found
    if found is None or attempt.status not in OPEN:
        return attempt.status
    if found in OPEN:
        return found
    if attempt.integration is Integration.SNAP:
        return AttemptStatus.PENDING
    return status_when_ended(attempt) if attempt.closing else found


def status_when_ended(attempt: PaymentAttempt) -> AttemptStatus:
    """What an attempt becomes when the gateway holds it closed without money."""
    found = strongest(transaction.status for transaction in attempt.transactions)
    if found is AttemptStatus.DENIED and attempt.closing is not ClosingCause.CANCEL:
        return AttemptStatus.DENIED
    return ENDS_AS[attempt.closing or ClosingCause.DEADLINE]


def payment_status_from(attempt: PaymentAttempt) -> PaymentStatus:
    """What the order's payment is, given its latest attempt."""
    if attempt.closing is not None and attempt.status in OPEN - {AttemptStatus.IN_REVIEW}:
        # What never left us cannot have taken money, even while we make sure of it.
        return PaymentStatus.FAILED if _never_left_us(attempt) else PaymentStatus.CHECKING
    if (attempt.status, attempt.closing) == (AttemptStatus.CANCELLED, ClosingCause.OTHER_METHOD):
        return PaymentStatus.FAILED  # only that attempt is over; the order may be tried again
    return _SHOWN_AS[attempt.status]


def _never_left_us(attempt: PaymentAttempt) -> bool:
    """A transaction at the gateway proves the contrary; a cancel waits for the gateway's word."""
    return (
        attempt.failure is ChargeFailure.UNREACHABLE
        and attempt.closing is ClosingCause.CHARGE_FAILED
        and not attempt.transactions
    )


_SHOWN_AS = {
    AttemptStatus.PREPARING: PaymentStatus.PREPARING,
    AttemptStatus.UNKNOWN: PaymentStatus.CHECKING,
    AttemptStatus.PENDING: PaymentStatus.AWAITING_PAYMENT,
    AttemptStatus.AUTHORIZED: PaymentStatus.CHECKING,
    AttemptStatus.IN_REVIEW: PaymentStatus.IN_REVIEW,
    AttemptStatus.PAID: PaymentStatus.PAID,
    AttemptStatus.DENIED: PaymentStatus.FAILED,
    AttemptStatus.EXPIRED: PaymentStatus.EXPIRED,
    AttemptStatus.CANCELLED: PaymentStatus.CANCELLED,
    AttemptStatus.FAILED: PaymentStatus.FAILED,
    AttemptStatus.PARTIALLY_REFUNDED: PaymentStatus.PARTIALLY_REFUNDED,
    AttemptStatus.REFUNDED: PaymentStatus.REFUNDED,
    AttemptStatus.CHARGED_BACK: PaymentStatus.CHARGED_BACK,
    AttemptStatus.REVERSED: PaymentStatus.REVERSED,
}
