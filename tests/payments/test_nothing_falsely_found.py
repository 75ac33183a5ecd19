"""Whatever happened to an order: once both sides have heard of it, nothing is found to differ."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from hypothesis import settings

from payments.believing import answered
from payments.cases import CaseCode, Resolution
from payments.methods import PaymentMethod
from payments.payment import Payment
from payments.reconciling import compared
from payments.refunds import RefundOutcome
from payments.settlements import ExpectedFee, FeeTable, SettlementRow, row_differences
from payments.status import AttemptStatus
from tests.payments.causes import SNAP
from tests.payments.model_gateway import Transaction, rupiah
from tests.payments.refund_causes import (
    answered_with,
    asked,
    decided,
    paid_by,
    sent,
    told,
    transferred,
)
from tests.payments.samples import TERMS, after
from tests.payments.test_disputes import dispute
from tests.payments.test_money_conserved import Order

LATER = timedelta(days=9)
NO_FEES = FeeTable()
PAID = paid_by(PaymentMethod.CREDIT_CARD)


def row_of(transaction: Transaction) -> SettlementRow:
    """As the dashboard exports it."""
    return SettlementRow(
        line=2,
        gateway_order_id=transaction.gateway_order_id,
        transaction_id=transaction.transaction_id,
        status=transaction.report().status,
        method=transaction.method,
        amount=rupiah(transaction.gross),
        refunded=rupiah(sum(each.amount for each in transaction.refunds)),
    )


class ReconciledOrder(Order):
    """The order of the other model, reconciled at its end."""

    def teardown(self) -> None:
        super().teardown()
        for each in self.transactions if hasattr(self, "payment") else ():
            if not self.is_contradicted(each.transaction_id):
                found = compared(self.payment, each.attempt, each.report(), self.now + LATER)
                assert found == ()
                assert row_differences(self.payment, row_of(each), NO_FEES) == ()


TestNothingIsFalselyFound = ReconciledOrder.TestCase
TestNothingIsFalselyFound.settings = settings(
    max_examples=300, stateful_step_count=20, deadline=None, derandomize=True
)


def disputed_and(resolution: Resolution) -> Payment:
    charged_back = told(AttemptStatus.CHARGED_BACK, PaymentMethod.CREDIT_CARD)
    payment = answered(PAID, 1, charged_back, TERMS, after(days=2)).payment
    assert payment.open_cases == (CaseCode.CHARGEBACK,)
    return decided(payment, dispute(), resolution).payment


def test_a_dispute_that_was_won_may_be_told_as_paid_again() -> None:
    report = told(AttemptStatus.PAID, PaymentMethod.CREDIT_CARD)
    won, lost = disputed_and(Resolution.WON), disputed_and(Resolution.LOST)

    assert [each.theirs for each in compared(won, 1, report, after(hours=1))] == []
    assert [each.theirs for each in compared(lost, 1, report, after(hours=1))] == ["paid"]


def test_a_part_that_was_transferred_is_not_given_back_at_the_gateway() -> None:
    by_hand = transferred(asked(PAID, 100_000, by_transfer=True))
    both = answered_with(
        sent(asked(by_hand, 250_000, "r-2"), "r-2"), RefundOutcome.ACCEPTED, "r-2"
    ).payment

    (held,) = both.attempts[0].transactions
    assert held.status is AttemptStatus.PARTIALLY_REFUNDED
    assert both.refunded_amount == PAID.request.amount


def test_the_fee_of_the_agreed_share_is_of_what_the_customer_paid() -> None:
    amount, imposed = PAID.request.amount, rupiah(50_000)
    report = told(AttemptStatus.PAID, PaymentMethod.CREDIT_CARD)
    with_fee = answered(
        SNAP, 1, replace(report, amount=amount + imposed, fee=imposed), TERMS, after(minutes=1)
    ).payment
    agreed = FeeTable({PaymentMethod.CREDIT_CARD: ExpectedFee(Fraction(10))})
    row = SettlementRow(
        line=2,
        gateway_order_id=report.gateway_order_id,
        transaction_id=report.transaction_id,
        amount=amount + imposed,
        fee=rupiah(40_000),
    )

    assert row_differences(with_fee, row, agreed) == ()
