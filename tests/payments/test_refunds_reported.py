"""What the gateway tells of refunds: ours, the dashboard's, and the bank's word."""

from dataclasses import replace
from datetime import timedelta

import pytest

from payments.believing import answered
from payments.cases import CaseCode, Resolution
from payments.changes import Change, with_attempt
from payments.errors import NotRefundableError
from payments.methods import PaymentMethod
from payments.payment import Payment
from payments.refund_moves import credit_noted, details_forgotten, refund_stuck
from payments.refunds import (
    RefundCause,
    RefundOutcome,
    RefundStatus,
    ReportedRefund,
)
from payments.status import AttemptStatus
from tests.payments.causes import SNAP, P, S, events
from tests.payments.refund_causes import (
    ASKED,
    DAY_LATER,
    about,
    answered_with,
    asked,
    decided,
    listed,
    paid_by,
    rupiah,
    sent,
    the_refund,
    told,
    transferred,
)
from tests.payments.samples import TERMS

M = PaymentMethod
PAID = paid_by(M.QRIS)
CARD = paid_by(M.CREDIT_CARD)
BY_VA = paid_by(M.BCA_VA)
HALF = asked(PAID, 100_000)
SENT = sent(HALF)
ACCEPTED = answered_with(SENT, RefundOutcome.ACCEPTED).payment


def heard(
    payment: Payment, status: AttemptStatus, *refunds: ReportedRefund, fee: int = 0
) -> Change:
    report = told(status, M.QRIS, "trx-1", *refunds)
    report = replace(report, fee=rupiah(fee), amount=report.amount + rupiah(fee))
    return answered(payment, 1, report, TERMS, DAY_LATER)


def by_dashboard(amount: int, key: str = "dash-1", *, confirmed: bool = False) -> ReportedRefund:
    confirmed_at = DAY_LATER if confirmed else None
    return ReportedRefund(key=key, amount=rupiah(amount), confirmed_at=confirmed_at)


class TestReported:
    def test_a_notification_may_be_faster_than_the_answer(self) -> None:
        change = heard(SENT, S.PARTIALLY_REFUNDED, listed(SENT))

        assert the_refund(change.payment).status is RefundStatus.ACCEPTED
        assert "refund.accepted" in events(change)

    def test_the_bank_confirms(self) -> None:
        confirmed = heard(ACCEPTED, S.PARTIALLY_REFUNDED, listed(ACCEPTED, confirmed=True))

        assert the_refund(confirmed.payment).confirmed_at == DAY_LATER
        assert "refund.confirmed" in events(confirmed)
        for is_confirmed in (True, False):
            again = listed(ACCEPTED, confirmed=is_confirmed)
            assert heard(confirmed.payment, S.PARTIALLY_REFUNDED, again).payment == (
                confirmed.payment
            )

    def test_what_the_dashboard_gave_back_is_followed(self) -> None:
        change = heard(PAID, S.PARTIALLY_REFUNDED, by_dashboard(50_000))

        (refund,) = change.payment.refunds
        assert (refund.cause, refund.amount) == (RefundCause.ELSEWHERE, rupiah(50_000))
        assert refund.requested_by == "gateway"
        assert change.payment.status is P.PARTIALLY_REFUNDED
        again = heard(change.payment, S.PARTIALLY_REFUNDED, by_dashboard(50_000))
        assert again.payment == change.payment

    def test_one_name_in_the_dashboard_may_stand_for_two_refunds(self) -> None:
        twice = heard(PAID, S.PAID).payment
        report = told(S.PAID, M.QRIS, "trx-2")
        twice = answered(twice, 1, report, TERMS, ASKED).payment

        first = heard(twice, S.PARTIALLY_REFUNDED, by_dashboard(50_000)).payment
        report = told(S.PARTIALLY_REFUNDED, M.QRIS, "trx-2", by_dashboard(60_000))
        both = answered(first, 1, report, TERMS, DAY_LATER).payment

        given = {each.transaction_id: each.amount for each in both.refunds if each.accepted_at}
        assert given == {"trx-1": rupiah(50_000), "trx-2": rupiah(60_000)}

    def test_a_fee_that_went_with_it_was_never_the_orders(self) -> None:
        paid = heard(SNAP, S.PAID, fee=4_000).payment

        change = heard(paid, S.REFUNDED, by_dashboard(354_000), fee=4_000)

        assert change.payment.refunded_amount == rupiah(350_000)
        assert change.payment.status is P.REFUNDED
        assert change.payment.cases == ()

    def test_our_refund_does_not_give_back_the_fee(self) -> None:
        paid = heard(SNAP, S.PAID, fee=4_000).payment

        assert the_refund(asked(paid)).amount == rupiah(350_000)

    def test_the_fee_given_back_afterwards_is_no_refund(self) -> None:
        paid = heard(SNAP, S.PAID, fee=4_000).payment
        given = answered_with(sent(asked(paid)), RefundOutcome.ACCEPTED).payment

        both = heard(given, S.REFUNDED, listed(given), by_dashboard(4_000), fee=4_000).payment

        assert len(both.refunds) == 1
        assert both.cases == ()

    def test_a_sum_without_a_list_is_ours_when_it_fits(self) -> None:
        report = replace(told(S.PARTIALLY_REFUNDED), refunded=rupiah(100_000))

        ours = answered(SENT, 1, report, TERMS, DAY_LATER).payment

        assert [each.status for each in ours.refunds] == [RefundStatus.ACCEPTED]

    @pytest.mark.parametrize("payment", [PAID, HALF])
    def test_a_sum_without_a_list_that_fits_nothing_sent_came_from_elsewhere(
        self, payment: Payment
    ) -> None:
        report = replace(told(S.PARTIALLY_REFUNDED), refunded=rupiah(100_000))

        told_once = answered(payment, 1, report, TERMS, DAY_LATER).payment

        assert told_once.refunds[-1].cause is RefundCause.ELSEWHERE
        assert told_once.refunded_amount == rupiah(100_000)
        assert answered(told_once, 1, report, TERMS, DAY_LATER).payment == told_once

    def test_a_whole_refund_without_list_or_sum_is_everything(self) -> None:
        assert heard(PAID, S.REFUNDED).payment.refunded_amount == rupiah(350_000)

    def test_what_is_given_back_in_the_dashboard_is_not_given_back_again(self) -> None:
        waiting = asked(PAID, 200_000, terms=TERMS)

        change = heard(waiting, S.PARTIALLY_REFUNDED, by_dashboard(200_000))

        refund = the_refund(change.payment)
        assert (refund.status, refund.gateway_code) == (RefundStatus.REFUSED, "elsewhere")

    def test_what_still_fits_is_given_back_too(self) -> None:
        assert the_refund(heard(HALF, S.PAID, by_dashboard(200_000)).payment).is_to_be_sent

    def test_the_gateways_word_ends_a_transfer_before_it_is_made(self) -> None:
        manual = asked(PAID, by_transfer=True)

        change = heard(manual, S.REFUNDED, listed(manual))

        assert the_refund(change.payment).status is RefundStatus.ACCEPTED
        assert [case.resolution for case in change.payment.cases] == [Resolution.SUPERSEDED]

    def test_what_went_back_twice_is_told(self) -> None:
        done = transferred(asked(PAID, by_transfer=True))

        change = heard(done, S.REFUNDED, by_dashboard(350_000))

        assert change.payment.attention is CaseCode.CONTRADICTION
        assert change.payment.cases[-1].amount == rupiah(350_000)

    def test_a_fee_that_hides_a_rupiah_too_much_is_told(self) -> None:
        paid = heard(SNAP, S.PAID, fee=4_000).payment
        lost = sent(asked(paid, 1))
        given = heard(lost, S.PARTIALLY_REFUNDED, by_dashboard(350_000), fee=4_000).payment

        change = heard(given, S.PARTIALLY_REFUNDED, by_dashboard(350_000), listed(given), fee=4_000)

        assert change.payment.attention is CaseCode.CONTRADICTION
        assert change.payment.cases[-1].amount == rupiah(1)

    def test_a_transfer_is_stopped_when_a_refund_taken_for_lost_was_made(self) -> None:
        stuck = refund_stuck(sent(asked(PAID, 300_000)), "r-1").payment
        rejected = decided(stuck, about(stuck, CaseCode.REFUND_STUCK), Resolution.REJECTED)
        manual = asked(rejected.payment, None, "r-2", by_transfer=True)

        found = heard(manual, S.PARTIALLY_REFUNDED, listed(manual)).payment

        assert the_refund(found).status is RefundStatus.ACCEPTED
        assert the_refund(found, "r-2").status is RefundStatus.REFUSED
        assert found.open_cases == ()


class TestVoided:
    def test_a_void_in_the_dashboard_is_followed(self) -> None:
        change = answered(CARD, 1, told(S.CANCELLED, M.CREDIT_CARD), TERMS, DAY_LATER)

        (refund,) = change.payment.refunds
        assert (refund.cause, refund.status) == (RefundCause.ELSEWHERE, RefundStatus.CONFIRMED)
        assert change.payment.status is P.REFUNDED
        again = answered(change.payment, 1, told(S.CANCELLED, M.CREDIT_CARD), TERMS, DAY_LATER)
        assert again.payment == change.payment

    def test_a_void_is_our_own_refund_when_one_was_asked_for(self) -> None:
        waiting = sent(asked(CARD))

        done = answered(waiting, 1, told(S.CANCELLED, M.CREDIT_CARD), TERMS, DAY_LATER).payment

        assert [each.status for each in done.refunds] == [RefundStatus.CONFIRMED]
        assert the_refund(done).confirmed_at == DAY_LATER

    def test_a_void_of_what_was_transferred_is_told(self) -> None:
        done = transferred(asked(CARD, by_transfer=True))

        change = answered(done, 1, told(S.CANCELLED, M.CREDIT_CARD), TERMS, DAY_LATER)

        assert change.payment.attention is CaseCode.CONTRADICTION


class TestStuck:
    @pytest.mark.parametrize("payment", [SENT, ACCEPTED])
    def test_a_human_asks_what_became_of_it(self, payment: Payment) -> None:
        stuck = refund_stuck(payment, "r-1").payment

        assert stuck.attention is CaseCode.REFUND_STUCK
        assert refund_stuck(stuck, "r-1") == Change(stuck)

    def test_the_banks_word_ends_it(self) -> None:
        stuck = refund_stuck(ACCEPTED, "r-1").payment

        confirmed = heard(stuck, S.PARTIALLY_REFUNDED, listed(stuck, confirmed=True)).payment

        assert confirmed.cases[0].resolution is Resolution.SUPERSEDED

    def test_the_gateways_word_alone_does_not(self) -> None:
        stuck = refund_stuck(SENT, "r-1").payment

        assert answered_with(stuck, RefundOutcome.ACCEPTED).payment.open_cases

    @pytest.mark.parametrize("key", ["r-1", "r-9"])
    def test_what_is_over_is_not_stuck(self, key: str) -> None:
        refused = answered_with(SENT, RefundOutcome.REFUSED).payment

        assert refund_stuck(refused, key) == Change(refused)


class TestAfterwards:
    DONE = transferred(asked(BY_VA, 100_000))

    def test_bank_details_are_forgotten_a_month_after_the_transfer(self) -> None:
        assert the_refund(self.DONE).forget_at == DAY_LATER + timedelta(days=30)

        change = details_forgotten(self.DONE, "r-1")

        assert the_refund(change.payment).forget_at is None
        assert events(change) == ["bank_details.deleted"]

    def test_a_credit_note_is_noted_once(self) -> None:
        noted = credit_noted(self.DONE, "r-1", "CN-2026-000001").payment

        assert the_refund(noted).credit_note_number == "CN-2026-000001"
        assert credit_noted(noted, "r-1", "CN-2026-000002") == Change(noted)

    @pytest.mark.parametrize("key", ["r-1", "r-9"])
    def test_what_is_not_there_is_not_forgotten(self, key: str) -> None:
        forgotten = details_forgotten(self.DONE, "r-1").payment

        assert details_forgotten(forgotten, key) == Change(forgotten)

    def test_a_refund_that_is_unknown_has_no_credit_note(self) -> None:
        assert credit_noted(self.DONE, "r-9", "CN-2026-000001") == Change(self.DONE)

    def test_a_transfer_shows_on_the_order_and_not_at_the_gateway(self) -> None:
        assert self.DONE.status is P.PARTIALLY_REFUNDED
        assert self.DONE.attempts[0].transactions[0].status is S.PAID


class TestSpokenOfTwice:
    """The gateway may tell one refund as a sum, and again in a list."""

    def test_a_sum_and_then_the_list_are_one_refund(self) -> None:
        summed = replace(told(S.PARTIALLY_REFUNDED, M.QRIS), refunded=rupiah(100_000))
        once = answered(PAID, 1, summed, TERMS, ASKED).payment
        both = replace(
            told(S.PARTIALLY_REFUNDED, M.QRIS, "trx-1", by_dashboard(100_000)),
            refunded=rupiah(100_000),
        )

        again = answered(once, 1, both, TERMS, DAY_LATER).payment

        assert once.refunded_amount == again.refunded_amount == rupiah(100_000)

    def test_a_part_of_unknown_size_is_for_a_human_and_nothing_more_goes_back(self) -> None:
        untold = answered(PAID, 1, told(S.PARTIALLY_REFUNDED, M.QRIS), TERMS, ASKED).payment

        assert untold.open_cases == (CaseCode.CONTRADICTION,)
        assert not untold.is_fulfillable(DAY_LATER)
        with pytest.raises(NotRefundableError, match="how much went back already"):
            asked(untold, 1_000)

    def test_an_order_refunded_before_refunds_were_kept_stays_refunded(self) -> None:
        attempt = PAID.attempts[0]
        gone = replace(attempt.transactions[-1], status=S.REFUNDED)
        old = with_attempt(replace(PAID, status=P.REFUNDED), attempt.with_changed(gone))

        second = answered(old, 1, told(S.PAID, M.QRIS, "trx-2"), TERMS, DAY_LATER).payment

        assert second.status is P.REFUNDED
        assert not second.is_fulfillable(DAY_LATER)
