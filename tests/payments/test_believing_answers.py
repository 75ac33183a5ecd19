from dataclasses import replace

import pytest

from payments.believing import answered
from payments.cases import CaseCode
from payments.changes import Change
from payments.charging import closing_begun
from payments.gateway import ClosingCause
from payments.money import Currency, Money
from payments.payment import Payment
from payments.status import AttemptStatus, PaymentStatus
from tests.payments.causes import (
    CANCELLED,
    CORE,
    EXPIRED,
    LATER,
    PAID,
    SNAP,
    P,
    S,
    ended,
    events,
    heard,
    newest_case,
)
from tests.payments.samples import (
    REQUEST,
    TERMS,
    after,
    report_of,
)


class TestAnswered:
    def test_the_customer_paid(self) -> None:
        change = answered(CORE, 1, report_of(REQUEST, S.PAID), TERMS, LATER)

        assert change.payment.status is P.PAID
        assert change.payment.paid_at == after(minutes=1)
        assert change.payment.paid_attempt == 1
        assert events(change) == ["transaction.paid", "order.paid"]

    def test_the_gateways_silence_leaves_our_own_word(self) -> None:
        report = replace(report_of(REQUEST, S.PAID), paid_at=None, method=None)

        paid = answered(CORE, 1, report, TERMS, LATER).payment

        assert (paid.paid_at, paid.paid_with) == (LATER, REQUEST.method)

    @pytest.mark.parametrize(
        ("status", "shown"),
        [
            (S.DENIED, P.FAILED),
            (S.FAILED, P.FAILED),
            (S.EXPIRED, P.EXPIRED),
            (S.CANCELLED, P.CANCELLED),
            (S.IN_REVIEW, P.IN_REVIEW),
            (S.AUTHORIZED, P.CHECKING),
        ],
    )
    def test_a_core_attempt_follows_its_transaction(
        self, status: AttemptStatus, shown: PaymentStatus
    ) -> None:
        assert heard(CORE, status).status is shown

    @pytest.mark.parametrize("status", [S.DENIED, S.EXPIRED, S.CANCELLED, S.FAILED])
    def test_a_snap_page_stays_open_after_a_failed_try(self, status: AttemptStatus) -> None:
        tried = heard(heard(SNAP, S.PENDING), status)

        assert tried.status is P.AWAITING_PAYMENT
        assert heard(tried, S.PAID, "trx-2").status is P.PAID

    @pytest.mark.parametrize("cause", ClosingCause)
    def test_an_expiry_while_closing_ends_as_the_cause_says(self, cause: ClosingCause) -> None:
        closing = closing_begun(CORE, 1, cause, TERMS, LATER).payment

        assert heard(closing, S.EXPIRED) == replace(
            ended(CORE, cause), attempts=heard(closing, S.EXPIRED).attempts
        )

    def test_an_expiry_while_cancelling_is_a_cancel(self) -> None:
        closing = closing_begun(CORE, 1, ClosingCause.CANCEL, TERMS, LATER).payment

        assert heard(closing, S.EXPIRED).status is P.CANCELLED

    def test_money_beats_a_cancel_that_is_under_way(self) -> None:
        closing = closing_begun(CORE, 1, ClosingCause.CANCEL, TERMS, LATER).payment

        assert heard(closing, S.PAID).status is P.PAID

    @pytest.mark.parametrize("status", AttemptStatus)
    def test_a_repeated_answer_changes_nothing(self, status: AttemptStatus) -> None:
        once = heard(CORE, status)

        assert heard(once, status) == once

    def test_a_late_report_never_undoes_a_payment(self) -> None:
        assert heard(PAID, S.PENDING) == PAID

    def test_a_contradiction_is_a_case_and_changes_no_status(self) -> None:
        change = answered(PAID, 1, report_of(REQUEST, S.EXPIRED), TERMS, LATER)

        assert change.payment == replace(PAID, cases=change.payment.cases)
        assert change.payment.attention is CaseCode.CONTRADICTION
        assert newest_case(change).details == {
            "status": "paid",
            "held": "paid",
            "reported": "expired",
        }

    def test_a_settlement_taken_back_is_a_reversal(self) -> None:
        reversed_ = heard(PAID, S.DENIED)

        assert reversed_.status is P.REVERSED
        assert heard(reversed_, S.DENIED) == reversed_

    @pytest.mark.parametrize(
        ("status", "shown"),
        [
            (S.REFUNDED, P.REFUNDED),
            (S.CHARGED_BACK, P.CHARGED_BACK),
        ],
    )
    def test_money_given_back_shows(self, status: AttemptStatus, shown: PaymentStatus) -> None:
        assert heard(PAID, status).status is shown


class TestMismatch:
    WRONG = replace(report_of(REQUEST, S.PAID), amount=Money(1, Currency.IDR))

    def test_nothing_is_paid(self) -> None:
        change = answered(CORE, 1, self.WRONG, TERMS, LATER)

        assert change.payment.status is P.CHECKING
        assert change.payment.latest_attempt.status is S.UNKNOWN
        assert newest_case(change).details["differs"] == "amount"
        assert events(change) == ["case.mismatch"]

    def test_a_repeat_changes_nothing(self) -> None:
        once = answered(CORE, 1, self.WRONG, TERMS, LATER)

        again = answered(once.payment, 1, self.WRONG, TERMS, after(hours=1))

        assert again == Change(once.payment)

    @pytest.mark.parametrize("payment", [PAID, EXPIRED, CANCELLED])
    def test_what_is_over_is_not_doubted(self, payment: Payment) -> None:
        change = answered(payment, 1, self.WRONG, TERMS, LATER)

        assert change.payment == replace(payment, cases=change.payment.cases)
        assert change.payment.attention is CaseCode.MISMATCH

    def test_a_fitting_payment_ends_the_doubt(self) -> None:
        doubted = answered(CORE, 1, self.WRONG, TERMS, LATER).payment

        assert heard(doubted, S.PAID).status is P.PAID
