"""What may become of an order, told at once to a model of the gateway and to the service."""

from dataclasses import replace
from datetime import datetime, timedelta

from payments.cases import CaseCode, Resolution
from payments.charging import another_attempt, closing_begun, placed
from payments.gateway import ClosingCause
from payments.methods import METHODS, Integration, PaymentMethod
from payments.money import Currency, Money
from payments.refunding import RefundWish, refund_requested
from payments.request import LineItem
from tests.payments.model_gateway import Transaction
from tests.payments.samples import REQUEST, TERMS, attempt_of, next_attempt_of
from tests.payments.test_money_conserved import Order


class Life(Order):
    """One order; nobody fails to hear of anything."""

    terms = TERMS

    def begin(self, order_id: str, rupiah: int, at: datetime, method: PaymentMethod) -> None:
        is_core = Integration.CORE in METHODS[method].integrations
        request = replace(
            REQUEST,
            order_id=order_id,
            method=method if is_core else PaymentMethod.ANY,
            integration=Integration.CORE if is_core else Integration.SNAP,
            amount=Money(rupiah, Currency.IDR),
            items=(LineItem("DECK", "Skate deck", rupiah, 1),),
        )
        first = replace(attempt_of(request), at=at, expires_at=at + timedelta(minutes=5))
        self.now, self.method = at, method
        self.payment = placed(request, first).payment
        self.audit, self.sent, self.invoices = [], set(), 0
        self.transactions, self.told, self.sessions = [], [], set()
        self.opened()

    @property
    def latest(self) -> Transaction:
        return self.transactions[-1]

    def choose(self, method: PaymentMethod | None = None) -> Transaction:
        """The customer chooses on the page; through Core API it is chosen already."""
        if self.sessions:
            self.happened(
                self.begun(self.payment.latest_attempt.number, method or self.method), is_told=True
            )
        return self.latest

    def pay(self, transaction: Transaction) -> None:
        self.now += timedelta(minutes=1)
        transaction.pay(self.now)
        self.happened(transaction, is_told=True)

    def settle(self) -> None:
        self.now += timedelta(days=1)
        for each in self.transactions:
            each.settle()
            self.ask(each)

    def end(self, cause: ClosingCause) -> None:
        number = self.payment.latest_attempt.number
        self.take(lambda payment: closing_begun(payment, number, cause, self.terms, self.now))
        self.close()

    def try_again(self, method: PaymentMethod) -> None:
        self.now += timedelta(minutes=10)
        number = len(self.payment.attempts) + 1
        new = next_attempt_of(self.payment.request, number, method, self.now)
        new = replace(new, integration=Integration.SNAP)
        self.take(lambda payment: another_attempt(payment, new))
        self.opened()

    def give_back(self, rupiah: int | None = None, *, by_transfer: bool = False) -> None:
        """Ani asks for it; by hand it takes two others."""
        amount = None if rupiah is None else Money(rupiah, Currency.IDR)
        key = f"r-{len(self.payment.refunds) + 1}"
        wish = RefundWish(
            refund_key=key, amount=amount, reason="torn", actor="ani", by_transfer=by_transfer
        )
        self.take(lambda payment: refund_requested(payment, wish, self.terms, self.now))
        self.do_refunds()

    def do_refunds(self) -> None:
        for refund in self.to_be_sent():
            self.send(refund, "answered")
        for case in self.open_cases():
            if case.code is CaseCode.MANUAL_REFUND:
                self.decide(case, Resolution.APPROVED, "budi", None)
                self.decide(case, Resolution.TRANSFERRED, "citra", None)

    def confirm(self) -> None:
        self.now += timedelta(hours=20)
        for each in self.transactions:
            each.confirm_all(self.now)
            self.ask(each)

    def charge_back(self, extent: str, resolution: Resolution | None, lost: int | None) -> None:
        self.latest.charge_back(extent)
        self.ask(self.latest)
        for case in self.open_cases() if resolution else ():
            self.decide(case, resolution or Resolution.LOST, "ani", lost)
