"""Money that came too late or twice goes back by itself."""

from dataclasses import replace
from datetime import datetime

import pytest

from payments.believing import answered
from payments.cases import CaseCode, Resolution
from payments.changes import Change
from payments.gateway import ClosingCause
from payments.methods import PaymentMethod
from payments.payment import Payment
from payments.refund_moves import refund_stuck
from payments.refunding import refund_order
from payments.refunds import RefundCause, RefundOutcome, RefundStatus, ReportedRefund
from payments.status import AttemptStatus
from tests.payments.causes import CANCELLED, EXPIRED, SNAP, P, S, ended, events
from tests.payments.refund_causes import (
    DAY_LATER,
    about,
    answered_with,
    asked,
    decided,
    paid_by,
    returned_because,
    rupiah,
    sent,
    the_refund,
    told,
    transferred,
)
from tests.payments.samples import TERMS, after

M = PaymentMethod
OVER = ended(SNAP, ClosingCause.DEADLINE)
GONE = ended(SNAP, ClosingCause.CANCEL)
TWO_DAYS_LATER = after(days=2)


def came(
    payment: Payment,
    method: PaymentMethod,
    transaction_id: str = "trx-1",
    at: datetime = TWO_DAYS_LATER,
    status: AttemptStatus = S.PAID,
) -> Change:
    return answered(payment, 1, told(status, method, transaction_id), TERMS, at)


class TestLate:
    @pytest.mark.parametrize(("payment", "shown"), [(OVER, P.EXPIRED), (GONE, P.CANCELLED)])
    def test_the_gateway_gives_it_back(self, payment: Payment, shown: str) -> None:
        change = came(payment, M.QRIS)

        refund = the_refund(change.payment, "return-trx-1")
        assert refund.is_to_be_sent
        assert (refund.amount, refund.cause) == (rupiah(350_000), RefundCause.LATE_MONEY)
        assert (refund.requested_by, bool(refund.reason)) == ("service", True)
        assert (change.payment.status, change.payment.paying) == (shown, None)
        assert events(change) == ["transaction.paid", "refund.requested"]

    def test_a_card_in_capture_is_let_go(self) -> None:
        late = came(GONE, M.CREDIT_CARD).payment

        assert refund_order(late, the_refund(late, "return-trx-1")).is_whole
        voided = answered_with(sent(late, "return-trx-1"), RefundOutcome.VOIDED, "return-trx-1")
        assert the_refund(voided.payment, "return-trx-1").status is RefundStatus.CONFIRMED

    @pytest.mark.parametrize("method", [M.BCA_VA, M.INDOMARET])
    def test_what_the_gateway_cannot_give_back_somebody_transfers(
        self, method: PaymentMethod
    ) -> None:
        late = came(GONE, method).payment

        assert the_refund(late, "return-trx-1").status is RefundStatus.MANUAL
        done = transferred(late, "return-trx-1")
        assert the_refund(done, "return-trx-1").status is RefundStatus.CONFIRMED
        assert done.status is P.CANCELLED

    def test_it_says_why(self) -> None:
        assert returned_because(came(OVER, M.QRIS).payment) is RefundCause.LATE_MONEY
        assert returned_because(OVER) is None
        assert returned_because(paid_by(M.QRIS)) is None

    def test_no_approval_is_needed(self) -> None:
        strict = replace(TERMS, approval_above=0)
        late = answered(GONE, 1, told(S.PAID, M.QRIS), strict, TWO_DAYS_LATER).payment

        assert the_refund(late, "return-trx-1").is_to_be_sent

    def test_hearing_of_it_again_gives_nothing_back_again(self) -> None:
        late = came(GONE, M.QRIS).payment

        assert came(late, M.QRIS) == Change(late)


class TestRefusedByTheGateway:
    KEY = "return-trx-1"
    SENT = sent(came(GONE, M.QRIS).payment, KEY)

    def test_it_goes_by_hand_then(self) -> None:
        refused = answered_with(self.SENT, RefundOutcome.REFUSED, self.KEY, "412").payment

        assert the_refund(refused, self.KEY).status is RefundStatus.MANUAL
        assert refused.open_cases == (CaseCode.MANUAL_REFUND,)

    def test_also_when_it_is_stuck_and_was_not_made(self) -> None:
        stuck = refund_stuck(self.SENT, self.KEY).payment

        manual = decided(stuck, about(stuck, CaseCode.REFUND_STUCK, self.KEY), Resolution.REJECTED)

        assert the_refund(manual.payment, self.KEY).status is RefundStatus.MANUAL

    def test_what_was_listed_after_all_and_then_not_made_is_tried_anew(self) -> None:
        manual = answered_with(self.SENT, RefundOutcome.REFUSED, self.KEY, "412").payment
        given = ReportedRefund(key=the_refund(manual, self.KEY).gateway_key, amount=rupiah(350_000))
        report = told(S.REFUNDED, M.QRIS, "trx-1", given)
        taken = answered(manual, 1, report, TERMS, DAY_LATER).payment
        stuck = refund_stuck(taken, self.KEY).payment

        lost = decided(stuck, about(stuck, CaseCode.REFUND_STUCK, self.KEY), Resolution.REJECTED)

        assert the_refund(lost.payment, self.KEY).status is RefundStatus.REFUSED
        assert the_refund(lost.payment, f"{self.KEY}-2").is_to_be_sent
        assert lost.payment.open_cases == ()

    def test_a_stuck_refund_that_is_refused_needs_one_decision_only(self) -> None:
        stuck = refund_stuck(self.SENT, self.KEY).payment

        refused = answered_with(stuck, RefundOutcome.REFUSED, self.KEY, "412").payment

        assert refused.open_cases == (CaseCode.MANUAL_REFUND,)

    def test_only_the_rest_goes_when_a_part_went_back_in_the_dashboard(self) -> None:
        given = ReportedRefund(key="dash-1", amount=rupiah(100_000))
        report = told(S.PARTIALLY_REFUNDED, M.QRIS, "trx-1", given)
        partly = answered(self.SENT, 1, report, TERMS, DAY_LATER).payment

        refused = answered_with(partly, RefundOutcome.REFUSED, self.KEY, "412").payment

        assert the_refund(refused, self.KEY).status is RefundStatus.REFUSED
        assert the_refund(refused, "return-trx-1-2").amount == rupiah(250_000)

    def test_only_the_rest_is_sent_when_that_was_heard_in_time(self) -> None:
        given = ReportedRefund(key="dash-1", amount=rupiah(100_000))
        report = told(S.PARTIALLY_REFUNDED, M.QRIS, "trx-1", given)
        waiting = came(GONE, M.QRIS).payment

        partly = answered(waiting, 1, report, TERMS, DAY_LATER).payment

        assert the_refund(partly, "return-trx-1-2").amount == rupiah(250_000)
        assert the_refund(partly, "return-trx-1-2").is_to_be_sent

    def test_nothing_goes_when_all_of_it_went_back_in_the_dashboard(self) -> None:
        given = ReportedRefund(key="dash-1", amount=rupiah(350_000))
        waiting = came(GONE, M.QRIS).payment

        report = told(S.REFUNDED, M.QRIS, "trx-1", given)
        done = answered(waiting, 1, report, TERMS, DAY_LATER).payment

        assert [each.status for each in done.refunds] == [
            RefundStatus.REFUSED,
            RefundStatus.ACCEPTED,
        ]


class TestSecondPayment:
    @pytest.mark.parametrize("first", [M.QRIS, M.BCA_VA])
    def test_the_second_goes_back_by_the_gateway(self, first: PaymentMethod) -> None:
        both = came(paid_by(first), M.GOPAY, "trx-2").payment

        refund = the_refund(both, "return-trx-2")
        assert refund.is_to_be_sent
        assert refund.cause is RefundCause.SECOND_PAYMENT
        assert (both.status, both.paid_transaction_id) == (P.PAID, "trx-1")

    def test_the_first_goes_back_when_only_that_one_can_by_the_gateway(self) -> None:
        change = came(paid_by(M.QRIS), M.BCA_VA, "trx-2")

        both = change.payment
        assert (both.paid_transaction_id, both.paid_with) == ("trx-2", M.BCA_VA)
        assert the_refund(both, "return-trx-1").is_to_be_sent
        assert events(change) == ["transaction.paid", "order.paid_otherwise", "refund.requested"]

    def test_what_was_touched_is_not_exchanged(self) -> None:
        both = came(asked(paid_by(M.QRIS), 1), M.BCA_VA, "trx-2").payment

        assert both.paid_transaction_id == "trx-1"
        assert the_refund(both, "return-trx-2").status is RefundStatus.MANUAL

    def test_the_second_is_transferred_when_neither_can(self) -> None:
        both = came(paid_by(M.BCA_VA), M.INDOMARET, "trx-2").payment

        assert both.paid_transaction_id == "trx-1"
        assert the_refund(both, "return-trx-2").status is RefundStatus.MANUAL

    def test_what_is_given_back_of_it_does_not_show_on_the_order(self) -> None:
        both = sent(came(paid_by(M.QRIS), M.GOPAY, "trx-2").payment, "return-trx-2")

        done = answered_with(both, RefundOutcome.ACCEPTED, "return-trx-2").payment

        assert done.status is P.PAID
        assert done.refunded_amount == rupiah(0)
        assert done.attempts[0].transactions[-1].status is S.REFUNDED

    def test_a_payment_after_everything_was_given_back_goes_back_too(self) -> None:
        given = answered_with(sent(asked(paid_by(M.QRIS))), RefundOutcome.ACCEPTED).payment

        again = came(given, M.GOPAY, "trx-2").payment

        assert (again.status, the_refund(again, "return-trx-2").is_to_be_sent) == (
            P.REFUNDED,
            True,
        )


def test_core_attempts_return_late_money_as_well() -> None:
    for payment in (EXPIRED, CANCELLED):
        report = replace(told(S.PAID, M.BCA_VA), payment_type="bank_transfer")
        late = answered(payment, 1, report, TERMS, TWO_DAYS_LATER).payment
        assert the_refund(late, "return-trx-1").status is RefundStatus.MANUAL
