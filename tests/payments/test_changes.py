from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.changes import (
    Change,
    answered,
    charge_opened,
    charge_refused,
    closed,
    closing_begun,
    placed,
)
from payments.gateway import ChargeOpened, ClosingCause, StatusReport
from payments.money import Currency, Money
from payments.payment import MONEY_WAS_HERE, CaseCode, Payment
from payments.request import PaymentRequest
from payments.status import AttemptStatus, PaymentStatus
from tests.payments.samples import (
    NOW,
    REQUEST,
    SNAP_REQUEST,
    TERMS,
    VIRTUAL_ACCOUNT,
    after,
    attempt_of,
    awaiting_payment,
    opened_of,
    report_of,
    with_second_attempt,
)

S, P = AttemptStatus, PaymentStatus
PLACED = placed(REQUEST, attempt_of(REQUEST)).payment
CORE = awaiting_payment(REQUEST)
SNAP = awaiting_payment(SNAP_REQUEST)
LATER = after(minutes=5)


def heard(payment: Payment, status: AttemptStatus, transaction_id: str = "trx-1") -> Payment:
    """The payment after the gateway said this of its first attempt."""
    report = report_of(payment.request, status, transaction_id)
    return answered(payment, 1, report, TERMS, LATER).payment


def ended(payment: Payment, cause: ClosingCause) -> Payment:
    """The payment after its first attempt was closed for this cause, without any money."""
    return closed(closing_begun(payment, 1, cause).payment, 1, TERMS, LATER).payment


def events(change: Change) -> list[str]:
    return [entry.event for entry in change.audit]


PAID = heard(CORE, S.PAID)
EXPIRED = ended(CORE, ClosingCause.DEADLINE)
CANCELLED = ended(CORE, ClosingCause.CANCEL)


class TestPlaced:
    def test_a_new_order_is_being_prepared(self) -> None:
        change = placed(REQUEST, attempt_of(REQUEST))

        assert change.payment.status is P.PREPARING
        assert change.payment.version == 1
        assert events(change) == ["order.placed", "attempt.accepted"]
        assert change.audit[1].details["gateway_order_id"] == "SKT-1001~1"


class TestChargeOpened:
    def test_the_customer_gets_the_instructions(self) -> None:
        change = charge_opened(PLACED, 1, opened_of(REQUEST), TERMS, NOW)

        assert change.payment.status is P.AWAITING_PAYMENT
        assert change.payment.latest_attempt.instructions == VIRTUAL_ACCOUNT
        assert events(change) == ["attempt.opened", "transaction.pending"]

    def test_a_snap_page_has_no_transaction_yet(self) -> None:
        assert SNAP.status is P.AWAITING_PAYMENT
        assert SNAP.latest_attempt.transactions == ()

    def test_money_may_come_with_the_charge(self) -> None:
        opened = ChargeOpened(instructions=None, report=report_of(REQUEST, S.PAID))

        change = charge_opened(PLACED, 1, opened, TERMS, NOW)

        assert change.payment.status is P.PAID
        assert events(change) == ["attempt.opened", "transaction.paid", "order.paid"]

    def test_a_charge_that_does_not_fit_is_a_case(self) -> None:
        report = replace(report_of(REQUEST, S.PENDING), nonce="another")

        change = charge_opened(
            PLACED, 1, ChargeOpened(instructions=VIRTUAL_ACCOUNT, report=report), TERMS, NOW
        )

        assert change.payment.status is P.CHECKING
        assert change.case is not None
        assert change.case.code is CaseCode.MISMATCH

    def test_a_notification_faster_than_the_answer_loses_no_instructions(self) -> None:
        early = heard(PLACED, S.PENDING)

        change = charge_opened(early, 1, opened_of(REQUEST), TERMS, NOW)

        assert change.payment.status is P.AWAITING_PAYMENT
        assert change.payment.latest_attempt.instructions == VIRTUAL_ACCOUNT

    def test_instructions_never_take_back_a_review(self) -> None:
        early = heard(PLACED, S.IN_REVIEW)

        change = charge_opened(early, 1, opened_of(REQUEST), TERMS, NOW)

        assert change.payment.status is P.IN_REVIEW

    @pytest.mark.parametrize("payment", [CORE, PAID, EXPIRED, heard(PLACED, S.PAID)])
    def test_a_late_or_repeated_answer_changes_nothing(self, payment: Payment) -> None:
        assert charge_opened(payment, 1, opened_of(REQUEST), TERMS, LATER) == Change(payment)

    def test_a_repeat_does_not_end_a_doubt(self) -> None:
        wrong = replace(report_of(REQUEST, S.PENDING), nonce="another")
        doubted = answered(CORE, 1, wrong, TERMS, NOW).payment

        assert charge_opened(doubted, 1, opened_of(REQUEST), TERMS, LATER) == Change(doubted)


class TestChargeRefused:
    def test_another_method_may_be_tried(self) -> None:
        change = charge_refused(PLACED, 1, "402", TERMS, NOW)

        assert change.payment.status is P.FAILED
        assert change.payment.retry_until == after(hours=24)
        assert change.audit[0].details["gateway_code"] == "402"

    def test_a_cancel_during_the_charge_is_kept(self) -> None:
        closing = closing_begun(PLACED, 1, ClosingCause.CANCEL).payment

        refused = charge_refused(closing, 1, "402", TERMS, NOW).payment

        assert refused.status is P.CANCELLED
        assert refused.retry_until is None

    @pytest.mark.parametrize("payment", [CORE, PAID, EXPIRED])
    def test_what_has_been_opened_cannot_be_refused(self, payment: Payment) -> None:
        assert charge_refused(payment, 1, "402", TERMS, LATER) == Change(payment)


class TestClosingBegun:
    @pytest.mark.parametrize("cause", ClosingCause)
    def test_until_the_gateway_is_final_it_is_checked(self, cause: ClosingCause) -> None:
        change = closing_begun(CORE, 1, cause)

        assert change.payment.status is P.CHECKING
        assert change.payment.latest_attempt.closing is cause
        assert change.audit[0].details["because"] == cause

    @pytest.mark.parametrize("cause", ClosingCause)
    def test_a_repeat_changes_nothing(self, cause: ClosingCause) -> None:
        closing = closing_begun(CORE, 1, cause).payment

        assert closing_begun(closing, 1, cause) == Change(closing)

    def test_a_cancel_outlives_a_deadline(self) -> None:
        deadline = closing_begun(CORE, 1, ClosingCause.DEADLINE).payment

        both = closing_begun(deadline, 1, ClosingCause.CANCEL).payment

        assert closed(both, 1, TERMS, LATER).payment.status is P.CANCELLED

    def test_a_deadline_never_undoes_a_cancel(self) -> None:
        cancel = closing_begun(CORE, 1, ClosingCause.CANCEL).payment

        assert closing_begun(cancel, 1, ClosingCause.DEADLINE) == Change(cancel)

    def test_the_first_other_cause_stays(self) -> None:
        failed = closing_begun(PLACED, 1, ClosingCause.CHARGE_FAILED).payment

        assert closing_begun(failed, 1, ClosingCause.DEADLINE) == Change(failed)

    def test_a_review_goes_on_while_it_is_being_closed(self) -> None:
        review = heard(CORE, S.IN_REVIEW)

        assert closing_begun(review, 1, ClosingCause.CANCEL).payment.status is P.IN_REVIEW

    @pytest.mark.parametrize(
        "payment", [EXPIRED, charge_refused(PLACED, 1, "4", TERMS, NOW).payment]
    )
    def test_an_order_that_ended_otherwise_can_be_cancelled(self, payment: Payment) -> None:
        change = closing_begun(payment, 1, ClosingCause.CANCEL)

        assert change.payment.status is P.CANCELLED
        assert change.payment.retry_until is None
        assert events(change) == ["order.cancelled"]

    @pytest.mark.parametrize("payment", [PAID, CANCELLED])
    @pytest.mark.parametrize("cause", ClosingCause)
    def test_what_is_over_is_not_closed(self, payment: Payment, cause: ClosingCause) -> None:
        assert closing_begun(payment, 1, cause) == Change(payment)

    def test_a_deadline_does_not_cancel_what_failed(self) -> None:
        assert closing_begun(EXPIRED, 1, ClosingCause.DEADLINE) == Change(EXPIRED)


class TestClosed:
    @pytest.mark.parametrize(
        ("cause", "status", "may_retry"),
        [
            (ClosingCause.DEADLINE, P.EXPIRED, True),
            (ClosingCause.CANCEL, P.CANCELLED, False),
            (ClosingCause.CHARGE_FAILED, P.FAILED, True),
        ],
    )
    def test_the_cause_says_how_it_ends(
        self, cause: ClosingCause, status: PaymentStatus, *, may_retry: bool
    ) -> None:
        payment = ended(CORE, cause)

        assert payment.status is status
        assert payment.retry_until == (LATER + timedelta(hours=24) if may_retry else None)

    def test_without_a_cause_it_expired(self) -> None:
        assert closed(CORE, 1, TERMS, LATER).payment.status is P.EXPIRED

    @pytest.mark.parametrize("payment", [PAID, EXPIRED, CANCELLED])
    def test_closing_twice_changes_nothing(self, payment: Payment) -> None:
        assert closed(payment, 1, TERMS, after(hours=1)) == Change(payment)

    def test_a_page_on_which_a_payment_was_denied_ends_as_failed(self) -> None:
        denied = heard(SNAP, S.DENIED)

        assert ended(denied, ClosingCause.DEADLINE).status is P.FAILED
        assert ended(denied, ClosingCause.CANCEL).status is P.CANCELLED


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
        closing = closing_begun(CORE, 1, cause).payment

        assert heard(closing, S.EXPIRED) == replace(
            ended(CORE, cause), attempts=heard(closing, S.EXPIRED).attempts
        )

    def test_an_expiry_while_cancelling_is_a_cancel(self) -> None:
        closing = closing_begun(CORE, 1, ClosingCause.CANCEL).payment

        assert heard(closing, S.EXPIRED).status is P.CANCELLED

    def test_money_beats_a_cancel_that_is_under_way(self) -> None:
        closing = closing_begun(CORE, 1, ClosingCause.CANCEL).payment

        assert heard(closing, S.PAID).status is P.PAID

    @pytest.mark.parametrize("status", AttemptStatus)
    def test_a_repeated_answer_changes_nothing(self, status: AttemptStatus) -> None:
        once = heard(CORE, status)

        assert heard(once, status) == once

    def test_a_late_report_never_undoes_a_payment(self) -> None:
        assert heard(PAID, S.PENDING) == PAID

    def test_a_contradiction_is_a_case_and_changes_no_status(self) -> None:
        change = answered(PAID, 1, report_of(REQUEST, S.EXPIRED), TERMS, LATER)

        assert change.payment == replace(PAID, attention=CaseCode.CONTRADICTION)
        assert change.case is not None
        assert change.case.details == {
            "attempt": "1",
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
            (S.PARTIALLY_REFUNDED, P.PARTIALLY_REFUNDED),
            (S.REFUNDED, P.REFUNDED),
            (S.CHARGED_BACK, P.CHARGED_BACK),
        ],
    )
    def test_money_given_back_shows(self, status: AttemptStatus, shown: PaymentStatus) -> None:
        assert heard(PAID, status).status is shown


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
        cancelled = closing_begun(EXPIRED, 1, ClosingCause.CANCEL).payment

        assert heard(cancelled, S.EXPIRED).status is P.CANCELLED

    @pytest.mark.parametrize("at", [after(hours=1), LATER + timedelta(hours=24, seconds=-1)])
    def test_late_money_is_taken_while_another_method_may_be_tried(self, at: datetime) -> None:
        change = answered(EXPIRED, 1, report_of(REQUEST, S.PAID), TERMS, at)

        assert change.payment.status is P.PAID
        assert change.case is None

    def test_money_later_than_that_must_go_back(self) -> None:
        at = LATER + timedelta(hours=24)

        change = answered(EXPIRED, 1, report_of(REQUEST, S.PAID), TERMS, at)

        assert change.payment.status is P.EXPIRED
        assert change.payment.attention is CaseCode.LATE_MONEY
        assert events(change) == ["transaction.paid", "case.late_money"]

    def test_money_of_an_attempt_in_time_is_no_late_money(self) -> None:
        waiting = replace(CORE, retry_until=NOW)

        assert heard(waiting, S.PAID).status is P.PAID

    def test_money_for_a_cancelled_order_must_go_back(self) -> None:
        change = answered(CANCELLED, 1, report_of(REQUEST, S.PAID), TERMS, LATER)

        assert change.payment.status is P.CANCELLED
        assert change.case is not None
        assert change.case.code is CaseCode.LATE_MONEY

    def test_returned_money_leaves_the_order_cancelled(self) -> None:
        returned = heard(heard(CANCELLED, S.PAID), S.REFUNDED)

        assert returned.status is P.CANCELLED
        assert returned.latest_attempt.status is S.REFUNDED

    def test_a_second_payment_must_go_back(self) -> None:
        paid = heard(SNAP, S.PAID)

        change = answered(paid, 1, report_of(SNAP_REQUEST, S.PAID, "trx-2"), TERMS, LATER)

        assert change.payment.status is P.PAID
        assert change.case is not None
        assert (change.case.code, change.case.transaction_id) == (CaseCode.SECOND_PAYMENT, "trx-2")

    def test_the_first_attention_is_kept(self) -> None:
        doubted = replace(CANCELLED, attention=CaseCode.MISMATCH)

        assert heard(doubted, S.PAID).attention is CaseCode.MISMATCH


class TestMismatch:
    WRONG = replace(report_of(REQUEST, S.PAID), amount=Money(1, Currency.IDR))

    def test_nothing_is_paid(self) -> None:
        change = answered(CORE, 1, self.WRONG, TERMS, LATER)

        assert change.payment.status is P.CHECKING
        assert change.payment.latest_attempt.status is S.UNKNOWN
        assert change.case is not None
        assert change.case.details["differs"] == "amount"
        assert events(change) == ["case.mismatch"]

    def test_a_repeat_changes_nothing(self) -> None:
        once = answered(CORE, 1, self.WRONG, TERMS, LATER)

        again = answered(once.payment, 1, self.WRONG, TERMS, after(hours=1))

        assert again.payment == once.payment
        assert again.case is not None
        assert again.case.transaction_id == "trx-1"

    @pytest.mark.parametrize("payment", [PAID, EXPIRED, CANCELLED])
    def test_what_is_over_is_not_doubted(self, payment: Payment) -> None:
        change = answered(payment, 1, self.WRONG, TERMS, LATER)

        assert change.payment == replace(payment, attention=CaseCode.MISMATCH)

    def test_a_fitting_payment_ends_the_doubt(self) -> None:
        doubted = answered(CORE, 1, self.WRONG, TERMS, LATER).payment

        assert heard(doubted, S.PAID).status is P.PAID


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
            lambda payment: closing_begun(payment, 2, ClosingCause.OTHER_METHOD),
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
        assert change.case is not None
        assert (change.case.code, change.case.attempt) == (CaseCode.SECOND_PAYMENT, 2)


def second_report(status: AttemptStatus) -> StatusReport:
    return replace(report_of(REQUEST, status, "trx-b"), gateway_order_id="SKT-1001~2")


CAUSES = st.one_of(
    st.builds(
        lambda status, trx, hours: (
            lambda payment: answered(
                payment, 1, report_of(payment.request, status, trx), TERMS, after(hours=hours)
            )
        ),
        st.sampled_from(AttemptStatus),
        st.sampled_from(["trx-1", "trx-2"]),
        st.integers(0, 48),
    ),
    st.builds(
        lambda cause: lambda payment: closing_begun(payment, 1, cause),
        st.sampled_from(ClosingCause),
    ),
    st.just(lambda payment: closed(payment, 1, TERMS, LATER)),
    st.just(lambda payment: charge_opened(payment, 1, opened_of(payment.request), TERMS, LATER)),
    st.just(lambda payment: charge_refused(payment, 1, "402", TERMS, LATER)),
)


@given(
    st.sampled_from([REQUEST, SNAP_REQUEST]),
    st.lists(CAUSES, max_size=12),
    CAUSES,
)
def test_whatever_happens_money_stays_and_a_repeat_is_no_news(
    request_: PaymentRequest,
    causes: list[Callable[[Payment], Change]],
    last: Callable[[Payment], Change],
) -> None:
    payment = placed(request_, attempt_of(request_)).payment

    for cause in (*causes, last):
        before, payment = payment, cause(payment).payment
        assert before.status not in MONEY_WAS_HERE or payment.status in MONEY_WAS_HERE
        assert (payment.status in MONEY_WAS_HERE) is (payment.paid_attempt is not None)
        assert payment.retry_until is None or payment.status in {P.FAILED, P.EXPIRED}
        assert before.status is not P.CANCELLED or payment.status is P.CANCELLED

    assert _without_order(last(payment).payment) == _without_order(payment)


def _without_order(payment: Payment) -> Payment:
    """Transactions apart from their order: the one heard of last is kept last."""
    attempts = tuple(
        replace(
            attempt,
            transactions=tuple(sorted(attempt.transactions, key=lambda t: t.transaction_id)),
        )
        for attempt in payment.attempts
    )
    return replace(payment, attempts=attempts)
