"""One order's payment with all its attempts."""

from dataclasses import dataclass, replace
from datetime import datetime

from payments.books import Books, books_of
from payments.cases import Case, CaseCode, CaseKey
from payments.gateway import (
    ENDS_AS,
    Charge,
    ChargeFailure,
    ClosingCause,
    GatewayTransaction,
    Instructions,
    StatusReport,
)
from payments.methods import METHODS, Integration, PaymentMethod, methods_for
from payments.money import Money, total
from payments.refunds import Refund
from payments.request import PaymentRequest
from payments.status import MONEY_CAME, OPEN, AttemptStatus, PaymentStatus, strongest

# A reversed settlement leaves the order unpaid, so that it may be paid again.
ANOTHER_METHOD_MAY_BE_TRIED = frozenset(
    {PaymentStatus.AWAITING_PAYMENT, PaymentStatus.FAILED, PaymentStatus.EXPIRED}
    | {PaymentStatus.REVERSED}
)
ENDED_UNPAID = ANOTHER_METHOD_MAY_BE_TRIED - {PaymentStatus.AWAITING_PAYMENT}
MONEY_WAS_HERE = frozenset(
    {PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED}
    | {PaymentStatus.CHARGED_BACK}
)


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

    @property
    def statuses(self) -> frozenset[AttemptStatus]:
        """What its transactions are at the gateway."""
        return frozenset(transaction.status for transaction in self.transactions)

    def transaction(self, transaction_id: str) -> GatewayTransaction | None:
        return next((t for t in self.transactions if t.transaction_id == transaction_id), None)

    def with_transaction(
        self, report: StatusReport, status: AttemptStatus, at: datetime
    ) -> "PaymentAttempt":
        """The attempt with the reported transaction last; other transactions keep their order."""
        known = self.transaction(report.transaction_id)
        has_money = status in MONEY_CAME
        return self.with_newest(
            GatewayTransaction(
                transaction_id=report.transaction_id,
                payment_type=report.payment_type,
                status=status,
                method=report.method,
                captured=report.amount - report.fee if has_money else None,
                customer_fee=report.fee if has_money and report.fee.value > 0 else None,
                charged_back=known.charged_back if known else None,
                paid_at=(known and known.paid_at) or (report.paid_at or at if has_money else None),
            )
        )

    def with_changed(self, changed: GatewayTransaction) -> "PaymentAttempt":
        """The attempt with this transaction as it is now, in its old place."""
        transactions = tuple(
            changed if each.transaction_id == changed.transaction_id else each
            for each in self.transactions
        )
        return replace(self, transactions=transactions)

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
    paid_with: PaymentMethod | None = None
    paid_at: datetime | None = None
    paid_attempt: int | None = None
    paid_transaction_id: str | None = None
    retry_until: datetime | None = None
    invoice_number: str | None = None
    cancelled_invoice: str | None = None
    refunds: tuple[Refund, ...] = ()
    cases: tuple[Case, ...] = ()

    @property
    def order_id(self) -> str:
        return self.request.order_id

    @property
    def attention(self) -> CaseCode | None:
        """Why a human is needed: the oldest open case, but a contradiction before all others."""
        codes = self.open_cases
        return (
            CaseCode.CONTRADICTION if CaseCode.CONTRADICTION in codes else next(iter(codes), None)
        )

    @property
    def open_cases(self) -> tuple[CaseCode, ...]:
        return tuple(case.code for case in self.cases if case.is_open)

    def case(self, key: CaseKey) -> Case | None:
        return next((case for case in self.cases if case.key == key), None)

    def refund(self, refund_key: str) -> Refund | None:
        return next((each for each in self.refunds if each.refund_key == refund_key), None)

    @property
    def paying(self) -> GatewayTransaction | None:
        """The transaction whose money pays the order."""
        if self.paid_attempt is None:
            return None
        attempt = self.attempts[self.paid_attempt - 1]
        if self.paid_transaction_id is not None:
            return attempt.transaction(self.paid_transaction_id)
        # Paid before 0.2, which kept the attempt alone.
        return next((t for t in attempt.transactions if t.status in MONEY_CAME), None)

    def books_of(self, transaction: GatewayTransaction) -> Books:
        """Where the money of one transaction is."""
        return books_of(transaction, self.refunds, self.request.amount)

    def transferred_of(self, transaction: GatewayTransaction) -> Money:
        """What of it somebody gave back by hand, past the gateway."""
        by_hand = (
            each.amount
            for each in self.refunds
            if each.transaction_id == transaction.transaction_id and each.transferred_by is not None
        )
        return total(by_hand, self.request.amount.currency)

    def is_untold(self, transaction: GatewayTransaction) -> bool:
        """Whether money of it went back of which nobody said how much."""
        own = any(each.transaction_id == transaction.transaction_id for each in self.refunds)
        return transaction.status in _WENT_BACK and not own

    @property
    def refunded_amount(self) -> Money:
        """What was given back of the money that pays the order."""
        paying = self.paying
        if paying is None:
            return Money.zero(self.request.amount.currency)
        return self.books_of(paying).refunded

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
        """Whether goods may be shipped: paid, not reversible any more, not contradicted, and not all
        of it on its way back."""
        after, paying = self.fulfil_after, self.paying
        if self.status not in _MAY_BE_SHIPPED or after is None or paying is None:
            return False
        is_doubted = CaseCode.CONTRADICTION in self.open_cases
        return not is_doubted and now >= after and self.books_of(paying).kept.value > 0

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


_WENT_BACK = frozenset({AttemptStatus.PARTIALLY_REFUNDED, AttemptStatus.REFUNDED})
_MAY_BE_SHIPPED = frozenset({PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED})


def attempt_status_from(attempt: PaymentAttempt) -> AttemptStatus:
    """What an attempt is, given its transactions.

    An open Snap page on which one payment was denied is still open: the customer may try again
    there (fact sheet §6.3). A Core attempt has one transaction and ends with it. An attempt that
    has ended is changed by nothing but money.
    """
    found = strongest(attempt.statuses)
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
    found = strongest(attempt.statuses)
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
