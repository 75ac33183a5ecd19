"""A refund from the wish to the bank's word."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from payments.cases import CaseCode
from payments.changes import Change
from payments.errors import InvalidRequestError, NotRefundableError, RefundConflictError
from payments.methods import PaymentMethod
from payments.payment import Payment
from payments.refund_moves import refund_refused, refund_sent
from payments.refund_reports import refund_answered
from payments.refunding import refund_order, refund_requested
from payments.refunds import (
    RefundAnswer,
    RefundCause,
    RefundOutcome,
    RefundStatus,
    is_refund_key,
    refunds_open_at,
)
from tests.payments.causes import EXPIRED, SNAP, P, S, events
from tests.payments.refund_causes import (
    ASKED,
    DAY_LATER,
    LIMITED,
    answered_with,
    asked,
    paid_by,
    rupiah,
    sent,
    the_refund,
    transferred,
    wish_of,
)
from tests.payments.samples import TERMS, after

M = PaymentMethod
PAID = paid_by(M.QRIS)
CARD = paid_by(M.CREDIT_CARD)
BY_VA = paid_by(M.BCA_VA)
HALF = asked(PAID, 100_000)
SENT = sent(HALF)
ACCEPTED = answered_with(SENT, RefundOutcome.ACCEPTED).payment


@pytest.mark.parametrize(
    ("key", "fits"),
    [("r-1", True), ("A_z-9" * 8, True), ("", False), ("r" * 41, False), ("r 1", False)],
)
def test_a_key_is_of_the_gateways_letters(key: str, *, fits: bool) -> None:
    assert is_refund_key(key) is fits


class TestRequested:
    def test_a_key_that_the_gateway_would_not_take_is_refused(self) -> None:
        with pytest.raises(InvalidRequestError, match="refund_key"):
            asked(PAID, 1, "r 1")

    def test_a_part_waits_to_be_sent(self) -> None:
        change = refund_requested(PAID, wish_of(100_000), TERMS, ASKED)

        refund = the_refund(change.payment)
        assert (refund.status, refund.amount) == (RefundStatus.REQUESTED, rupiah(100_000))
        assert (refund.cause, refund.requested_by) == (RefundCause.REQUESTED, "ani")
        assert refund.is_to_be_sent
        assert change.payment.status is P.PAID
        assert events(change) == ["refund.requested"]

    def test_without_an_amount_it_is_all_that_is_left(self) -> None:
        rest = asked(HALF, refund_key="r-2")

        assert the_refund(rest, "r-2").amount == rupiah(250_000)

    @pytest.mark.parametrize("amount", [None, 100_000])
    def test_the_same_key_is_the_same_refund(self, amount: int | None) -> None:
        assert refund_requested(HALF, wish_of(amount), TERMS, DAY_LATER) == Change(HALF)

    def test_a_key_stands_for_one_amount(self) -> None:
        with pytest.raises(RefundConflictError):
            refund_requested(HALF, wish_of(100_001), TERMS, DAY_LATER)

    @pytest.mark.parametrize("amount", [0, -1, 250_001])
    def test_no_more_than_what_is_left(self, amount: int) -> None:
        with pytest.raises(InvalidRequestError, match=r"amount\.value: 1 to 250000"):
            asked(HALF, amount, "r-2")

    def test_another_currency_is_refused(self) -> None:
        wish = replace(wish_of(), amount=replace(rupiah(1), currency="USD"))  # type: ignore[arg-type]

        with pytest.raises(InvalidRequestError, match=r"amount\.currency"):
            refund_requested(PAID, wish, TERMS, ASKED)

    @pytest.mark.parametrize(
        ("payment", "why"),
        [
            (SNAP, "not paid"),
            (EXPIRED, "not paid"),
            (asked(PAID), "nothing is left"),
            (transferred(asked(BY_VA)), "nothing is left"),
        ],
    )
    def test_what_is_not_here_cannot_be_given_back(self, payment: Payment, why: str) -> None:
        with pytest.raises(NotRefundableError, match=why):
            asked(payment, 1, "r-2")

    @pytest.mark.parametrize("method", [M.SHOPEEPAY, M.OVO])
    def test_some_methods_give_back_the_whole_only(self, method: PaymentMethod) -> None:
        with pytest.raises(InvalidRequestError, match="the whole amount only: 350000"):
            asked(paid_by(method), 349_999)

        assert the_refund(asked(paid_by(method))).is_to_be_sent
        assert the_refund(asked(paid_by(method), 1, by_transfer=True)).amount == rupiah(1)

    @pytest.mark.parametrize("method", [M.BCA_VA, M.MANDIRI_BILL, M.INDOMARET, M.ALFAMART])
    def test_what_the_gateway_cannot_give_back_somebody_transfers(
        self, method: PaymentMethod
    ) -> None:
        change = refund_requested(paid_by(method), wish_of(100_000), TERMS, ASKED)

        assert the_refund(change.payment).status is RefundStatus.MANUAL
        assert change.payment.attention is CaseCode.MANUAL_REFUND
        assert change.payment.cases[0].amount == rupiah(100_000)
        assert events(change) == ["refund.requested", "refund.manual", "case.manual_refund"]

    @pytest.mark.parametrize(
        ("days", "status"), [(6, RefundStatus.REQUESTED), (8, RefundStatus.MANUAL)]
    )
    def test_once_the_window_is_over_it_is_transferred(
        self, days: int, status: RefundStatus
    ) -> None:
        assert the_refund(asked(PAID, at=after(days=days))).status is status

    def test_somebody_may_want_a_transfer(self) -> None:
        assert the_refund(asked(PAID, by_transfer=True)).status is RefundStatus.MANUAL


class TestApproval:
    LARGE = asked(PAID, 200_001, terms=LIMITED)

    def test_up_to_the_limit_nobody_is_asked(self) -> None:
        assert the_refund(asked(PAID, 200_000, terms=LIMITED)).is_to_be_sent
        assert the_refund(asked(PAID, terms=TERMS)).is_to_be_sent

    def test_above_it_a_second_person_is(self) -> None:
        assert not the_refund(self.LARGE).is_to_be_sent
        assert self.LARGE.attention is CaseCode.REFUND_APPROVAL

    def test_a_large_refund_in_small_parts_is_a_large_one(self) -> None:
        first = asked(PAID, 150_000, "r-1", terms=LIMITED)
        second = asked(first, 50_001, "r-2", terms=LIMITED)

        assert the_refund(first).is_to_be_sent
        assert not the_refund(second, "r-2").is_to_be_sent

    def test_what_was_refused_counts_no_more(self) -> None:
        first = asked(PAID, 150_000, "r-1", terms=LIMITED)
        refused = refund_refused(first, the_refund(first)).payment

        assert the_refund(asked(refused, 200_000, "r-2", terms=LIMITED), "r-2").is_to_be_sent

    def test_a_transfer_is_approved_in_its_own_case(self) -> None:
        manual = asked(BY_VA, terms=LIMITED)

        assert manual.open_cases == (CaseCode.MANUAL_REFUND,)

    def test_nothing_is_sent_before(self) -> None:
        assert refund_sent(self.LARGE, "r-1", ASKED) == Change(self.LARGE)


class TestSent:
    def test_the_gateway_may_know_it_from_now_on(self) -> None:
        assert the_refund(SENT).sent_at == after(minutes=31)
        assert refund_sent(SENT, "r-1", DAY_LATER) == Change(SENT)
        assert refund_sent(SENT, "r-9", DAY_LATER) == Change(SENT)

    def test_the_request_is_equal_each_time(self) -> None:
        order = refund_order(SENT, the_refund(SENT))

        assert order.gateway_order_id == "SKT-1001~1"
        assert order == replace(refund_order(HALF, the_refund(HALF)), sent_at=order.sent_at)
        assert not order.is_whole
        assert refund_order(asked(CARD), the_refund(asked(CARD))).is_whole

    def test_the_key_is_repeated_for_seven_days(self) -> None:
        order = refund_order(SENT, the_refund(SENT))
        assert order.sent_at is not None

        assert order.may_be_repeated(order.sent_at + timedelta(days=6))
        assert not order.may_be_repeated(order.sent_at + timedelta(days=7))
        assert refund_order(HALF, the_refund(HALF)).may_be_repeated(after(days=99))

    @pytest.mark.parametrize(
        ("method", "asked_at", "opens_at"),
        [
            (M.SHOPEEPAY, "16:49:59", "16:49:59"),
            (M.SHOPEEPAY, "16:50:00", "23:00:00"),
            (M.SHOPEEPAY, "22:59:59", "23:00:00"),
            (M.SHOPEEPAY, "23:00:00", "23:00:00"),
            (M.GOPAY, "16:50:00", "16:50:00"),
            (None, "16:50:00", "16:50:00"),
        ],
    )
    def test_a_refund_waits_for_the_gateways_morning(
        self, method: PaymentMethod | None, asked_at: str, opens_at: str
    ) -> None:
        def utc(clock: str) -> datetime:
            return datetime.fromisoformat(f"2026-11-23T{clock}").replace(tzinfo=UTC)

        assert refunds_open_at(method, utc(asked_at)) == utc(opens_at)


class TestAnswered:
    def test_the_gateway_accepts_it_before_the_bank_does(self) -> None:
        refund = the_refund(ACCEPTED)

        assert (refund.status, refund.confirmed_at) == (RefundStatus.ACCEPTED, None)
        assert ACCEPTED.status is P.PARTIALLY_REFUNDED
        assert ACCEPTED.refunded_amount == rupiah(100_000)
        assert ACCEPTED.attempts[0].transactions[0].status is S.PARTIALLY_REFUNDED

    def test_all_of_it_makes_the_order_refunded(self) -> None:
        payment = answered_with(sent(asked(PAID)), RefundOutcome.ACCEPTED).payment

        assert payment.status is P.REFUNDED

    def test_a_void_needs_no_bank(self) -> None:
        payment = answered_with(sent(asked(CARD)), RefundOutcome.VOIDED).payment

        assert the_refund(payment).status is RefundStatus.CONFIRMED
        assert payment.status is P.REFUNDED

    @pytest.mark.parametrize(
        "outcome", [RefundOutcome.NO_FUNDS, RefundOutcome.NOT_YET, RefundOutcome.ABSENT]
    )
    def test_what_may_still_come_is_waited_for(self, outcome: RefundOutcome) -> None:
        assert answered_with(SENT, outcome) == Change(SENT)
        assert the_refund(SENT).is_to_be_sent

    def test_a_refusal_keeps_the_money_here(self) -> None:
        change = answered_with(SENT, RefundOutcome.REFUSED, code="412")

        refund = the_refund(change.payment)
        assert (refund.status, refund.gateway_code) == (RefundStatus.REFUSED, "412")
        assert change.payment.status is P.PAID
        assert change.audit[0].details["gateway_code"] == "412"
        assert the_refund(asked(change.payment, None, "r-2"), "r-2").amount == rupiah(350_000)

    @pytest.mark.parametrize("outcome", RefundOutcome)
    def test_a_late_answer_changes_nothing(self, outcome: RefundOutcome) -> None:
        assert answered_with(ACCEPTED, outcome) == Change(ACCEPTED)
        assert refund_answered(PAID, "r-9", RefundAnswer(outcome=outcome), DAY_LATER) == Change(
            PAID
        )
