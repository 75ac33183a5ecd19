"""Refunds: who may have one, how much, and the bank's later confirmation."""

from dataclasses import dataclass
from datetime import time, timedelta
from http import HTTPStatus

from simulator.answers import GatewayError, invalid
from simulator.behaviour import Behaviour
from simulator.clock import Clock
from simulator.identifiers import Identifiers
from simulator.lifecycle import Lifecycle
from simulator.transactions import Refund, Status, Transaction

_REFUNDABLE = frozenset({Status.SETTLEMENT, Status.PARTIAL_REFUND})
_KEY_SYMBOLS = frozenset("-_")
_KEY_LIFE = timedelta(days=7)
_NO_FUNDS = "Refund request is rejected due to insufficient merchant balance"
_SHOPEEPAY_CLOSES, _SHOPEEPAY_OPENS = time(23, 55), time(6, 0)


@dataclass(frozen=True, slots=True)
class RefundRequest:
    key: str = ""
    amount: int | None = None
    reason: str = ""
    direct: bool = False


class Refunds:
    def __init__(
        self,
        clock: Clock,
        behaviour: Behaviour,
        identifiers: Identifiers,
        lifecycle: Lifecycle,
    ) -> None:
        self._clock = clock
        self._behaviour = behaviour
        self._identifiers = identifiers
        self._lifecycle = lifecycle

    def give(
        self, transaction: Transaction, request: RefundRequest, *, notify: bool = True
    ) -> Refund:
        """Give money back; a key that was used already answers as the gateway does."""
        known = next((each for each in transaction.refunds if each.key == request.key), None)
        if known is not None:
            return self._repeated(known)
        refund = self._record(transaction, request, self.check(transaction, request))
        self._lifecycle.refunded(transaction, notify=notify)
        self._clock.call_after(
            self._behaviour.refund_confirmation_seconds,
            lambda: self._confirm_one(transaction, refund),
        )
        self._clock.call_after(self._behaviour.refund_method_seconds, lambda: _tell_method(refund))
        return refund

    def check(self, transaction: Transaction, request: RefundRequest) -> int:
        """Refuse what cannot be given back; say how much is to be."""
        self._require_refundable(transaction, request)
        rest = transaction.gross_amount - transaction.refunded_amount
        amount = rest if request.amount is None else request.amount
        self._require_amount(transaction, amount, rest)
        return amount

    def confirm(self, transaction: Transaction, *, notify: bool = True) -> None:
        """Let the bank confirm whatever it has not confirmed yet."""
        waiting = [each for each in transaction.refunds if each.bank_confirmed_at is None]
        for refund in waiting:
            refund.bank_confirmed_at = self._clock.now()
        if waiting:
            self._lifecycle.refund_confirmed(transaction, notify=notify)

    def _confirm_one(self, transaction: Transaction, refund: Refund) -> None:
        if refund.bank_confirmed_at is None:
            refund.bank_confirmed_at = self._clock.now()
            self._lifecycle.refund_confirmed(transaction)

    def _repeated(self, refund: Refund) -> Refund:
        recent = self._clock.now() - refund.created_at <= _KEY_LIFE
        if self._behaviour.repeated_refund_key_answers_again and recent:
            return refund
        raise GatewayError(HTTPStatus.NOT_ACCEPTABLE, "Duplicate refund ID")

    def _require_refundable(self, transaction: Transaction, request: RefundRequest) -> None:
        if not all(
            each.isascii() and (each.isalnum() or each in _KEY_SYMBOLS) for each in request.key
        ):
            raise invalid("refund_key format is invalid")
        rule = transaction.method.refund
        if rule is None or transaction.status not in _REFUNDABLE:
            raise GatewayError(HTTPStatus.PRECONDITION_FAILED)
        if request.direct and not rule.direct:
            raise GatewayError(HTTPStatus.PRECONDITION_FAILED)
        now = self._clock.now()
        paid_at = transaction.settled_at or transaction.created_at
        if now > paid_at + rule.window or self._is_closed(transaction):
            raise GatewayError(HTTPStatus.PRECONDITION_FAILED)

    def _is_closed(self, transaction: Transaction) -> bool:
        moment = self._clock.now().time()
        night = moment >= _SHOPEEPAY_CLOSES or moment < _SHOPEEPAY_OPENS
        return transaction.method.name == "shopeepay" and night

    def _require_amount(self, transaction: Transaction, amount: int, rest: int) -> None:
        if amount <= 0:
            raise invalid("amount must be greater than 0")
        rule = transaction.method.refund
        whole_only = rule is not None and not rule.partial
        if amount > rest or (whole_only and amount != transaction.gross_amount):
            raise GatewayError(HTTPStatus.REQUEST_URI_TOO_LONG)
        if 0 <= self._behaviour.refund_funds < amount:
            raise GatewayError(HTTPStatus.REQUEST_URI_TOO_LONG, _NO_FUNDS)

    def _record(self, transaction: Transaction, request: RefundRequest, amount: int) -> Refund:
        if self._behaviour.refund_funds >= 0:
            self._behaviour.refund_funds -= amount
        refund = Refund(
            # Without a key the gateway makes one, so a repeated request refunds again.
            key=request.key or self._identifiers.unique(),
            amount=amount,
            reason=request.reason,
            created_at=self._clock.now(),
            chargeback_id=self._identifiers.chargeback_id(),
            chargeback_uuid=self._identifiers.unique(),
            direct=request.direct,
        )
        transaction.refunds.append(refund)
        return refund


def _tell_method(refund: Refund) -> None:
    refund.method_known = True
