"""A gateway written from the fact sheet (§5, §6), for the model-based test; it reckons by itself."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from payments.gateway import StatusReport
from payments.methods import PaymentMethod
from payments.money import Currency, Money
from payments.refunds import RefundAnswer, RefundOrder, RefundOutcome, ReportedRefund
from payments.status import AttemptStatus

M, S = PaymentMethod, AttemptStatus
METHODS = (M.CREDIT_CARD, M.BCA_VA, M.PERMATA_VA, M.INDOMARET, M.QRIS, M.GOPAY, M.SHOPEEPAY)
REFUNDABLE = frozenset({M.CREDIT_CARD, M.QRIS, M.GOPAY, M.SHOPEEPAY})
WHOLE_ONLY = frozenset({M.SHOPEEPAY})
REVERSIBLE = frozenset({M.PERMATA_VA, M.INDOMARET})
WITH_FEE = frozenset({M.QRIS, M.GOPAY})
FEE = 2_450


class State(StrEnum):
    PENDING = "pending"
    CAPTURE = "capture"
    SETTLEMENT = "settlement"
    EXPIRE = "expire"
    CANCEL = "cancel"
    VOID = "void"  # the gateway says cancel here too
    REVERSAL = "reversal"  # the gateway says deny


_TOLD_AS = {
    State.PENDING: S.PENDING,
    State.CAPTURE: S.PAID,
    State.EXPIRE: S.EXPIRED,
    State.CANCEL: S.CANCELLED,
    State.VOID: S.CANCELLED,
    State.REVERSAL: S.DENIED,
}


@dataclass
class GivenBack:
    key: str
    amount: int
    confirmed_at: datetime | None = None


@dataclass
class Transaction:
    transaction_id: str
    gateway_order_id: str
    attempt: int
    method: PaymentMethod
    nonce: str
    amount: int
    fee: int
    state: State = State.PENDING
    paid_at: datetime | None = None
    refunds: list[GivenBack] = field(default_factory=list)
    disputed: str = ""  # partial, full
    by_hand: int = 0  # what the shop's operators transferred of it

    @property
    def gross(self) -> int:
        return self.amount + self.fee

    @property
    def given_back(self) -> int:
        """What the gateway let go, a void included."""
        if self.state is State.VOID:
            return self.gross
        return sum(each.amount for each in self.refunds)

    @property
    def has_money(self) -> bool:
        return self.state in {State.CAPTURE, State.SETTLEMENT}

    @property
    def is_refundable(self) -> bool:
        settled = self.state is State.SETTLEMENT and not self.disputed
        return settled and self.method in REFUNDABLE and self.given_back < self.gross

    def pay(self, at: datetime) -> None:
        is_card = self.method is M.CREDIT_CARD
        late = {State.PENDING} if is_card else {State.PENDING, State.EXPIRE, State.CANCEL}
        if self.state in late:
            self.state = State.CAPTURE if is_card else State.SETTLEMENT
            self.paid_at = at

    def end(self, state: State) -> None:
        if self.state is State.PENDING:
            self.state = state

    def expire(self) -> None:
        self.end(State.EXPIRE)

    def settle(self) -> None:
        if self.state is State.CAPTURE:
            self.state = State.SETTLEMENT

    def void(self) -> None:
        if self.state is State.CAPTURE:
            self.state = State.VOID

    def reverse(self) -> None:
        if self.state is State.SETTLEMENT and self.method in REVERSIBLE:
            self.state = State.REVERSAL

    def charge_back(self, extent: str) -> None:
        is_card = self.state is State.SETTLEMENT and self.method is M.CREDIT_CARD
        if is_card and self.disputed != "full" and self.given_back < self.gross:
            self.disputed = extent

    def give_back(self, order: RefundOrder) -> RefundAnswer:
        """Equal keys are one refund; what it does not allow is refused with 412."""
        if any(each.key == order.gateway_key for each in self.refunds):
            return RefundAnswer(outcome=RefundOutcome.ACCEPTED)
        if self.state is State.CAPTURE and not order.is_whole:
            return RefundAnswer(outcome=RefundOutcome.NOT_YET)
        self.void()
        if self.state is State.VOID:
            return RefundAnswer(outcome=RefundOutcome.VOIDED)
        if not self.refund(order.gateway_key, order.amount.value):
            return RefundAnswer(outcome=RefundOutcome.REFUSED, gateway_code="412")
        return RefundAnswer(outcome=RefundOutcome.ACCEPTED)

    def find(self, order: RefundOrder) -> RefundAnswer:
        is_there = any(each.key == order.gateway_key for each in self.refunds)
        found = RefundOutcome.ACCEPTED if is_there else RefundOutcome.ABSENT
        return RefundAnswer(outcome=RefundOutcome.VOIDED if self.state is State.VOID else found)

    def refund(self, key: str, amount: int) -> bool:
        fits = 0 < amount <= self.gross - self.given_back
        is_allowed = self.method not in WHOLE_ONLY or amount == self.gross
        if not (self.is_refundable and fits and is_allowed):
            return False
        self.refunds.append(GivenBack(key, amount))
        return True

    def confirm_all(self, at: datetime) -> None:
        for each in self.refunds:
            each.confirmed_at = each.confirmed_at or at

    def report(self) -> StatusReport:
        """What the gateway would answer now."""
        return StatusReport(
            gateway_order_id=self.gateway_order_id,
            transaction_id=self.transaction_id,
            status=self._told(),
            payment_type="any",
            method=self.method,
            amount=rupiah(self.gross),
            fee=rupiah(self.fee),
            nonce=self.nonce,
            settled=self.state is State.SETTLEMENT,
            paid_at=self.paid_at,
            refunds=tuple(
                ReportedRefund(
                    key=each.key, amount=rupiah(each.amount), confirmed_at=each.confirmed_at
                )
                for each in self.refunds
            ),
            refunded=rupiah(self.given_back) if self.refunds else None,
            is_partial=self.disputed == "partial",
        )

    def _told(self) -> AttemptStatus:
        if self.disputed:
            return S.CHARGED_BACK
        if self.refunds:
            return S.REFUNDED if self.given_back == self.gross else S.PARTIALLY_REFUNDED
        return _TOLD_AS.get(self.state, S.PAID)


def rupiah(value: int) -> Money:
    return Money(value, Currency.IDR)
