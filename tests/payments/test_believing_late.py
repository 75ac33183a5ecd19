from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from payments.believing import answered, closed
from payments.cases import CaseCode
from payments.changes import Change
from payments.charging import closing_begun
from payments.gateway import ClosingCause
from payments.payment import Payment
from payments.refunds import RefundCause
from payments.status import AttemptStatus
from tests.payments.causes import (
    CANCELLED,
    CORE,
    EXPIRED,
    LATER,
    SNAP,
    P,
    S,
    ended,
    events,
    heard,
    second_report,
)
from tests.payments.refund_causes import returned_because
from tests.payments.samples import (
    NOW,
    REQUEST,
    SNAP_REQUEST,
    TERMS,
    after,
    report_of,
    with_second_attempt,
)


class TestAfterTheEnd:
    @pytest.mark.parametrize("cause", [ClosingCause.DEADLINE, ClosingCause.CANCEL])
    @pytest.mark.parametrize(
        "status", [S.PENDING, S.AUTHORIZED, S.IN_REVIEW, S.DENIED, S.EXPIRED, S.FAILED]
    )
    def test_a_late_word_without_money_moves_nothing(
        self, cause: ClosingCause, status: AttemptStatus
    ) -> None:
        over = ended(SNAP, cause)

        late = answered(over, 1, report_of(SNAP_REQUEST, status), TERMS, after(hours=1)).payment

        assert late == replace(over, attempts=late.attempts)
        assert late.latest_attempt.status is over.latest_attempt.status
        assert late.latest_attempt.transactions[-1].status is status

    def test_a_cancel_of_an_expired_order_outlives_a_late_word(self) -> None:
        cancelled = closing_begun(EXPIRED, 1, ClosingCause.CANCEL, TERMS, LATER).payment

        assert heard(cancelled, S.EXPIRED).status is P.CANCELLED

    @pytest.mark.parametrize("at", [after(hours=1), LATER + timedelta(hours=24, seconds=-1)])
    def test_late_money_is_taken_while_another_method_may_be_tried(self, at: datetime) -> None:
        change = answered(EXPIRED, 1, report_of(REQUEST, S.PAID), TERMS, at)

        assert change.payment.status is P.PAID
        assert not change.payment.cases
        assert not change.payment.refunds

    def test_money_later_than_that_must_go_back(self) -> None:
        at = LATER + timedelta(hours=24)

        change = answered(EXPIRED, 1, report_of(REQUEST, S.PAID), TERMS, at)

        assert change.payment.status is P.EXPIRED
        assert returned_because(change.payment) is RefundCause.LATE_MONEY
        assert events(change) == [
            "transaction.paid",
            "refund.requested",
            "refund.manual",
            "case.manual_refund",
        ]

    def test_money_of_an_attempt_in_time_is_no_late_money(self) -> None:
        waiting = replace(CORE, retry_until=NOW)

        assert heard(waiting, S.PAID).status is P.PAID

    def test_money_for_a_cancelled_order_must_go_back(self) -> None:
        change = answered(CANCELLED, 1, report_of(REQUEST, S.PAID), TERMS, LATER)

        assert change.payment.status is P.CANCELLED
        assert returned_because(change.payment) is RefundCause.LATE_MONEY

    def test_returned_money_leaves_the_order_cancelled(self) -> None:
        returned = heard(heard(CANCELLED, S.PAID), S.REFUNDED)

        assert returned.status is P.CANCELLED
        assert returned.latest_attempt.status is S.REFUNDED

    def test_a_second_payment_must_go_back(self) -> None:
        paid = heard(SNAP, S.PAID)

        change = answered(paid, 1, report_of(SNAP_REQUEST, S.PAID, "trx-2"), TERMS, LATER)

        assert change.payment.status is P.PAID
        (refund,) = change.payment.refunds
        assert (refund.cause, refund.transaction_id) == (RefundCause.SECOND_PAYMENT, "trx-2")

    def test_the_first_attention_is_kept(self) -> None:
        wrong = replace(report_of(REQUEST, S.PENDING, "trx-0"), nonce="another")
        doubted = answered(CANCELLED, 1, wrong, TERMS, LATER).payment

        both = heard(doubted, S.PAID)

        assert both.open_cases == (CaseCode.MISMATCH, CaseCode.MANUAL_REFUND)
        assert both.attention is CaseCode.MISMATCH


class TestSeveralAttempts:
    SECOND_OPEN = with_second_attempt(EXPIRED)

    def test_a_late_word_on_the_first_leaves_the_order_to_the_second(self) -> None:
        waiting = replace(self.SECOND_OPEN, status=P.AWAITING_PAYMENT)

        assert heard(waiting, S.EXPIRED).status is P.AWAITING_PAYMENT

    def test_money_for_the_first_pays_the_order(self) -> None:
        paid = heard(self.SECOND_OPEN, S.PAID)

        assert paid.status is P.PAID
        assert paid.paid_attempt == 1

    @pytest.mark.parametrize(
        "happens",
        [
            lambda payment: closing_begun(payment, 2, ClosingCause.OTHER_METHOD, TERMS, LATER),
            lambda payment: closed(payment, 2, TERMS, LATER),
            lambda payment: answered(payment, 2, second_report(S.EXPIRED), TERMS, LATER),
            lambda payment: answered(
                payment, 2, replace(second_report(S.PENDING), nonce="another"), TERMS, LATER
            ),
        ],
        ids=["closing", "closed", "expired", "mismatch"],
    )
    def test_the_end_of_the_second_never_undoes_the_money_of_the_first(
        self, happens: Callable[[Payment], Change]
    ) -> None:
        paid = heard(self.SECOND_OPEN, S.PAID)

        assert happens(paid).payment.status is P.PAID

    def test_a_refund_of_the_attempt_that_paid_shows(self) -> None:
        paid = heard(self.SECOND_OPEN, S.PAID)

        assert heard(paid, S.REFUNDED).status is P.REFUNDED

    def test_money_for_both_is_a_second_payment(self) -> None:
        paid = heard(self.SECOND_OPEN, S.PAID)

        change = answered(paid, 2, second_report(S.PAID), TERMS, LATER)

        assert change.payment.status is P.PAID
        assert change.payment.paid_attempt == 1
        (refund,) = change.payment.refunds
        assert (refund.cause, refund.attempt) == (RefundCause.SECOND_PAYMENT, 2)


def test_money_that_pays_the_order_already_is_no_second_payment_when_its_row_was_lost() -> None:
    whole = heard(CORE, S.PAID)
    lost = replace(whole, attempts=(replace(whole.latest_attempt, transactions=()),))

    mended = heard(lost, S.PAID)

    assert mended == whole
    assert mended.refunds == ()
