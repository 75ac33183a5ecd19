"""What may happen to a transaction, and what then follows."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from simulator.behaviour import Behaviour
from simulator.clock import Clock, wib_text
from simulator.ledger import Ledger
from simulator.transactions import Fraud, Status, Transaction

_SETTLEMENT_HOUR = 16
_PREAUTHORIZATION_LIFE = timedelta(days=8)

PAYABLE = frozenset({Status.PENDING})
# Rarely money arrives for what the gateway had given up; only the control API does that.
PAYABLE_LATE = PAYABLE | {Status.EXPIRE, Status.CANCEL, Status.DENY}
_DISPUTABLE = frozenset(
    {Status.CAPTURE, Status.SETTLEMENT, Status.PARTIAL_REFUND, Status.PARTIAL_CHARGEBACK}
)
_CANCELLABLE = frozenset({Status.PENDING, Status.AUTHORIZE, Status.CAPTURE})


class NotPermittedError(Exception):
    """The transaction's status does not allow this."""


class Notifier(Protocol):
    def notify(self, transaction: Transaction) -> None: ...


class Lifecycle:
    def __init__(
        self, clock: Clock, behaviour: Behaviour, ledger: Ledger, notifier: Notifier
    ) -> None:
        self._clock = clock
        self._behaviour = behaviour
        self._ledger = ledger
        self._notifier = notifier

    def open(
        self, transaction: Transaction, payment_code: str = "", *, notify: bool = True
    ) -> None:
        """Take a new transaction into the books; while pending it is going to expire."""
        self._ledger.add(transaction, payment_code)
        if transaction.status is Status.PENDING:
            self._arm(transaction, self._swept_at(transaction.expires_at), self._expire_overdue)
        elif transaction.status in {Status.AUTHORIZE, Status.CAPTURE}:
            self._arm_card(transaction)
        self._changed(transaction, notify=notify)

    def pay(
        self,
        transaction: Transaction,
        *,
        late: bool = False,
        scanned: bool = False,
        notify: bool = True,
    ) -> None:
        """Take the customer's money; one order is paid once, unless it is forced from outside."""
        _require(transaction, "pay", PAYABLE_LATE if late else PAYABLE)
        if not late and self._ledger.paid_otherwise(transaction):
            raise NotPermittedError("this order has been paid by another attempt")
        if transaction.method.name == "gopay":
            self._note_scanning(transaction, scanned=scanned)
        transaction.fraud = Fraud.ACCEPT if transaction.method.reports_fraud_status else None
        if not transaction.is_card:
            self._settled(transaction)
        elif transaction.preauthorized:
            transaction.status = Status.AUTHORIZE
            self._arm_card(transaction)
        else:
            transaction.status = Status.CAPTURE
            self._arm_card(transaction)
        self._changed(transaction, notify=notify)

    def challenge(self, transaction: Transaction, *, notify: bool = True) -> None:
        _require(transaction, "challenge", PAYABLE | {Status.CAPTURE})
        if not transaction.is_card:
            raise NotPermittedError("only a card payment can be challenged")
        transaction.status, transaction.fraud = Status.CAPTURE, Fraud.CHALLENGE
        self._arm_card(transaction)
        self._changed(transaction, notify=notify)

    def capture(self, transaction: Transaction, amount: int) -> None:
        """Take what was held, or a part of it; the rest is let go."""
        _require(transaction, "be captured", frozenset({Status.AUTHORIZE}))
        transaction.gross_amount = amount
        transaction.status = Status.CAPTURE
        self._arm_card(transaction)
        self._changed(transaction)

    def approve(self, transaction: Transaction) -> None:
        _require_challenge(transaction, "approve")
        transaction.fraud = Fraud.ACCEPT
        self._changed(transaction)

    def deny(self, transaction: Transaction, message: str = "", *, notify: bool = True) -> None:
        if transaction.fraud is Fraud.CHALLENGE:
            transaction.fraud = Fraud.DENY
        else:
            _require(transaction, "deny", PAYABLE | {Status.AUTHORIZE})
        transaction.status_message = message
        self._end(transaction, Status.DENY, notify=notify)

    def reject_challenge(self, transaction: Transaction) -> None:
        _require_challenge(transaction, "deny")
        self.deny(transaction)

    def expire(self, transaction: Transaction, *, notify: bool = True) -> None:
        _require(transaction, "expire", PAYABLE | {Status.AUTHORIZE})
        self._end(transaction, Status.EXPIRE, notify=notify)

    def cancel(self, transaction: Transaction, *, notify: bool = True) -> None:
        _require(transaction, "cancel", _CANCELLABLE)
        transaction.cancelled_while_pending = transaction.status is Status.PENDING
        self._end(transaction, Status.CANCEL, notify=notify)

    def settle(self, transaction: Transaction, *, notify: bool = True) -> None:
        _require(transaction, "settle", PAYABLE | {Status.CAPTURE})
        self._settled(transaction)
        self._changed(transaction, notify=notify)

    def reverse(self, transaction: Transaction, *, notify: bool = True) -> None:
        _require(transaction, "reverse", frozenset({Status.SETTLEMENT}))
        transaction.settled_at = None
        self._end(transaction, Status.DENY, notify=notify)

    def charge_back(
        self, transaction: Transaction, amount: int | None, *, notify: bool = True
    ) -> None:
        _require(transaction, "charge back", _DISPUTABLE)
        partial = amount is not None and amount < transaction.gross_amount
        status = Status.PARTIAL_CHARGEBACK if partial else Status.CHARGEBACK
        self._end(transaction, status, notify=notify)

    def refunded(self, transaction: Transaction, *, notify: bool = True) -> None:
        """Follow the refunds that were recorded: all of it or a part is now given back."""
        everything = transaction.refunded_amount >= transaction.gross_amount
        status = Status.REFUND if everything else Status.PARTIAL_REFUND
        self._end(transaction, status, notify=notify)

    def announce(self, transaction: Transaction) -> None:
        """Tell the merchant how it stands, though nothing has changed."""
        self._changed(transaction)

    def is_paid_otherwise(self, transaction: Transaction) -> bool:
        return self._ledger.paid_otherwise(transaction)

    def refund_confirmed(self, transaction: Transaction, *, notify: bool = True) -> None:
        self._changed(transaction, notify=notify)

    def _note_scanning(self, transaction: Transaction, *, scanned: bool) -> None:
        # Whoever scans may do so with any bank's app: the payment is then one by QRIS.
        if scanned or self._behaviour.gopay_scanned_as_qris:
            transaction.payment_type = "qris"
            transaction.facts_when_paid = {
                "transaction_type": "on-us",
                "issuer": "gopay",
                "acquirer": "gopay",
            }

    def _swept_at(self, deadline: datetime) -> datetime:
        """Say when the batch that expires transactions gets to this one."""
        due = deadline + timedelta(seconds=self._behaviour.expiry_lag_seconds)
        batch = self._behaviour.expiry_batch_seconds
        if not batch:
            return due
        return due + timedelta(seconds=-due.timestamp() % batch)

    def _settled(self, transaction: Transaction) -> None:
        transaction.status = Status.SETTLEMENT
        transaction.settled_at = self._clock.now()
        if transaction.method.name == "bni_va":
            paid = {
                "paid_at": wib_text(transaction.settled_at),
                "amount": f"{transaction.gross_amount}.00",
            }
            transaction.facts_when_paid["payment_amounts"] = [paid]
        _disarm(transaction)

    def _end(self, transaction: Transaction, status: Status, *, notify: bool) -> None:
        _disarm(transaction)
        transaction.status = status
        self._changed(transaction, notify=notify)

    def _changed(self, transaction: Transaction, *, notify: bool = True) -> None:
        if notify:
            self._notifier.notify(transaction)

    def _expire_overdue(self, transaction: Transaction) -> None:
        if transaction.status in {Status.PENDING, Status.AUTHORIZE}:
            self.expire(transaction)

    def _arm_card(self, transaction: Transaction) -> None:
        now = self._clock.now()
        if transaction.status is Status.AUTHORIZE:
            self._arm(transaction, now + _PREAUTHORIZATION_LIFE, self._expire_overdue)
        else:
            self._arm(transaction, card_settlement_after(now), self._settle_card)

    def _settle_card(self, transaction: Transaction) -> None:
        if transaction.status is not Status.CAPTURE:
            return
        if transaction.fraud is Fraud.CHALLENGE:
            # A challenge that nobody judged by settlement time is denied.
            self.deny(transaction)
        else:
            self.settle(transaction)

    def _arm(
        self, transaction: Transaction, due: datetime, action: Callable[[Transaction], None]
    ) -> None:
        _disarm(transaction)
        transaction.timer = self._clock.call_at(due, lambda: action(transaction))


def card_settlement_after(moment: datetime) -> datetime:
    """Cards of one day settle on the next, at four in the afternoon."""
    next_day = moment + timedelta(days=1)
    return next_day.replace(hour=_SETTLEMENT_HOUR, minute=0, second=0, microsecond=0)


def _disarm(transaction: Transaction) -> None:
    if transaction.timer is not None:
        transaction.timer.cancel()
        transaction.timer = None


def _require(transaction: Transaction, event: str, statuses: frozenset[Status]) -> None:
    if transaction.status not in statuses:
        raise NotPermittedError(f"a transaction in status {transaction.status} cannot {event}")


def _require_challenge(transaction: Transaction, event: str) -> None:
    if transaction.status is not Status.CAPTURE or transaction.fraud is not Fraud.CHALLENGE:
        raise NotPermittedError(f"only a challenged transaction can be asked to {event}")
