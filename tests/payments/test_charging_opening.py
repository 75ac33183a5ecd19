from dataclasses import replace
from datetime import timedelta

import pytest

from payments.believing import answered, closed
from payments.cases import CaseCode
from payments.changes import Change
from payments.charging import another_attempt, charge_opened, charge_refused, closing_begun, placed
from payments.errors import InvalidRequestError, NoOtherMethodError
from payments.gateway import ChargeFailure, ChargeOpened, ClosingCause
from payments.methods import PaymentMethod
from payments.money import Currency, Money
from payments.payment import Payment
from tests.payments.causes import (
    CANCELLED,
    CORE,
    EXPIRED,
    LATER,
    PAID,
    PLACED,
    SNAP,
    P,
    S,
    events,
    heard,
    newest_case,
)
from tests.payments.samples import (
    NOW,
    REQUEST,
    TERMS,
    VIRTUAL_ACCOUNT,
    after,
    attempt_of,
    next_attempt_of,
    opened_of,
    report_of,
)

UNSENT = closing_begun(
    PLACED, 1, ClosingCause.CHARGE_FAILED, TERMS, LATER, ChargeFailure.UNREACHABLE
).payment


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
        assert newest_case(change).code is CaseCode.MISMATCH

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
        closing = closing_begun(PLACED, 1, ClosingCause.CANCEL, TERMS, LATER).payment

        refused = charge_refused(closing, 1, "402", TERMS, NOW).payment

        assert refused.status is P.CANCELLED
        assert refused.retry_until is None

    @pytest.mark.parametrize("payment", [CORE, PAID, EXPIRED])
    def test_what_has_been_opened_cannot_be_refused(self, payment: Payment) -> None:
        assert charge_refused(payment, 1, "402", TERMS, LATER) == Change(payment)


class TestAnotherAttempt:
    def test_the_next_attempt_is_prepared_with_five_minutes_of_its_own(self) -> None:
        new = next_attempt_of(REQUEST)

        change = another_attempt(EXPIRED, new)

        tried = change.payment
        assert tried.status is P.PREPARING
        assert tried.retry_until is None
        assert tried.attempts[:1] == EXPIRED.attempts
        latest = tried.latest_attempt
        assert (latest.number, latest.method) == (2, PaymentMethod.QRIS)
        assert (latest.accepted_at, latest.expires_at) == (after(minutes=10), after(minutes=15))
        assert events(change) == ["attempt.accepted"]
        assert change.audit[0].details == {
            "gateway_order_id": "SKT-1001~2",
            "method": "qris",
            "integration": "core",
        }

    def test_a_repeat_changes_nothing(self) -> None:
        tried = another_attempt(EXPIRED, next_attempt_of(REQUEST)).payment

        again = another_attempt(tried, next_attempt_of(REQUEST, method=PaymentMethod.GOPAY))

        assert again == Change(tried)

    def test_the_failed_method_may_be_tried_again(self) -> None:
        again = another_attempt(EXPIRED, next_attempt_of(REQUEST, method=REQUEST.method))

        assert again.payment.latest_attempt.method is REQUEST.method

    @pytest.mark.parametrize(
        "payment",
        [
            CORE,
            PAID,
            CANCELLED,
            closing_begun(CORE, 1, ClosingCause.OTHER_METHOD, TERMS, LATER).payment,
            UNSENT,
        ],
        ids=["open", "paid", "cancelled", "being closed", "unsent but not yet closed"],
    )
    def test_nothing_opens_before_the_last_attempt_is_over(self, payment: Payment) -> None:
        with pytest.raises(NoOtherMethodError):
            another_attempt(payment, next_attempt_of(REQUEST))

    def test_nothing_opens_after_the_window(self) -> None:
        in_time = next_attempt_of(REQUEST, at=LATER + timedelta(hours=24, seconds=-1))
        too_late = next_attempt_of(REQUEST, at=LATER + timedelta(hours=24))

        assert another_attempt(EXPIRED, in_time).payment.status is P.PREPARING
        with pytest.raises(NoOtherMethodError):
            another_attempt(EXPIRED, too_late)

    def test_an_attempt_cannot_be_left_out(self) -> None:
        with pytest.raises(NoOtherMethodError):
            another_attempt(EXPIRED, next_attempt_of(REQUEST, number=3))

    def test_a_method_that_does_not_take_the_amount_is_refused(self) -> None:
        rich = replace(EXPIRED, request=replace(REQUEST, amount=Money(11_000_000, Currency.IDR)))

        with pytest.raises(InvalidRequestError):
            another_attempt(rich, next_attempt_of(REQUEST))

    def test_a_method_is_opened_where_it_is_served(self) -> None:
        with pytest.raises(InvalidRequestError, match="integration: dana is served through snap"):
            another_attempt(EXPIRED, next_attempt_of(REQUEST, method=PaymentMethod.DANA))

    def test_after_an_unsent_charge_another_method_opens_once_the_gateway_answered(self) -> None:
        over = closed(UNSENT, 1, TERMS, after(minutes=6)).payment

        tried = another_attempt(over, next_attempt_of(REQUEST)).payment

        assert over.status is P.FAILED
        assert over.retry_until == UNSENT.retry_until == LATER + timedelta(hours=24)
        assert tried.status is P.PREPARING

    def test_a_switch_to_another_method_leaves_the_order_to_be_tried(self) -> None:
        closing = closing_begun(CORE, 1, ClosingCause.OTHER_METHOD, TERMS, LATER).payment

        over = closed(closing, 1, TERMS, LATER).payment

        assert over.latest_attempt.status is S.CANCELLED
        assert over.status is P.FAILED
        assert another_attempt(over, next_attempt_of(REQUEST)).payment.status is P.PREPARING

    def test_late_money_for_the_first_pays_the_order_while_the_second_waits(self) -> None:
        tried = another_attempt(EXPIRED, next_attempt_of(REQUEST)).payment

        paid = heard(tried, S.PAID)

        assert (paid.status, paid.paid_attempt) == (P.PAID, 1)
        assert paid.latest_attempt.status is S.PREPARING
