"""Where money is that came: kept, given back, on its way back, or charged back."""

from collections.abc import Iterable
from dataclasses import dataclass

from payments.gateway import GatewayTransaction
from payments.money import Money, total
from payments.refunds import GIVEN_BACK, WAITING, Refund, RefundStatus
from payments.status import MONEY_CAME, AttemptStatus, PaymentStatus

_HELD_HERE = MONEY_CAME - {AttemptStatus.REVERSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """captured = kept + refunded + waiting + charged_back, always.

    `refunded` was given back, `waiting` is to be. What a bank reversed was never captured.
    """

    captured: Money
    refunded: Money
    waiting: Money
    charged_back: Money

    @property
    def kept(self) -> Money:
        return self.captured - self.refunded - self.waiting - self.charged_back


def books_of(transaction: GatewayTransaction, refunds: Iterable[Refund], amount: Money) -> Books:
    """The books of one transaction of an order of `amount`."""
    zero = Money.zero(amount.currency)
    # Transactions stored before 0.2 do not say how much came: it was the order's amount.
    captured = transaction.captured or amount
    if transaction.status not in _HELD_HERE:
        captured = zero
    own = [each for each in refunds if each.transaction_id == transaction.transaction_id]
    refunded = _sum(own, GIVEN_BACK, zero)
    waiting = _sum(own, WAITING, zero)
    charged_back = zero
    if transaction.status is AttemptStatus.CHARGED_BACK:
        rest = captured - refunded - waiting
        charged_back = rest if transaction.charged_back is None else transaction.charged_back
    return Books(captured=captured, refunded=refunded, waiting=waiting, charged_back=charged_back)


def paid_status_from(books: Books) -> PaymentStatus:
    """What a paid order is, given where its money is."""
    if books.charged_back.value > 0:
        return PaymentStatus.CHARGED_BACK
    if books.refunded.value >= books.captured.value:
        return PaymentStatus.REFUNDED
    return PaymentStatus.PARTIALLY_REFUNDED if books.refunded.value > 0 else PaymentStatus.PAID


def _sum(refunds: Iterable[Refund], statuses: frozenset[RefundStatus], zero: Money) -> Money:
    found = (each.amount for each in refunds if each.status in statuses)
    return total(found, zero.currency)
