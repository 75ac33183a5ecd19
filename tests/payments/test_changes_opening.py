from dataclasses import replace

import pytest

from payments.changes import (
    Change,
    answered,
    charge_opened,
    charge_refused,
    closing_begun,
    placed,
)
from payments.gateway import ChargeOpened, ClosingCause
from payments.payment import CaseCode, Payment
from tests.payments.causes import (
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
)
from tests.payments.samples import (
    NOW,
    REQUEST,
    TERMS,
    VIRTUAL_ACCOUNT,
    after,
    attempt_of,
    opened_of,
    report_of,
)


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
