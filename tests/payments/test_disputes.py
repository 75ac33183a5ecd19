"""Chargebacks: the issuer of the customer's card takes the money back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from payments.believing import answered
from payments.books import Books
from payments.cases import CaseCode, CaseKey, Resolution
from payments.changes import Change
from payments.errors import InvalidRequestError, NotRefundableError
from payments.methods import PaymentMethod
from payments.payment import Payment
from payments.refunds import RefundCause, RefundOutcome, RefundStatus, ReportedRefund
from payments.status import AttemptStatus
from tests.payments.causes import SNAP, P, S, events
from tests.payments.refund_causes import (
    DAY_LATER,
    LIMITED,
    answered_with,
    asked,
    decided,
    paid_by,
    rupiah,
    sent,
    the_refund,
    told,
    transferred,
)
from tests.payments.samples import TERMS, after

CARD = PaymentMethod.CREDIT_CARD
PAID = paid_by(CARD)


def heard(
    payment: Payment,
    status: AttemptStatus,
    *refunds: ReportedRefund,
    partial: bool = False,
    transaction_id: str = "trx-1",
) -> Change:
    report = replace(told(status, CARD, transaction_id, *refunds), is_partial=partial)
    return answered(payment, 1, report, TERMS, DAY_LATER)


def dispute(about: str = "full", transaction_id: str = "trx-1") -> CaseKey:
    return CaseKey(code=CaseCode.CHARGEBACK, transaction_id=transaction_id, about=about)


def books(payment: Payment) -> Books:
    return payment.books_of(payment.attempts[0].transactions[0])


DISPUTED = heard(PAID, S.CHARGED_BACK).payment
PARTLY = heard(PAID, S.CHARGED_BACK, partial=True).payment


class TestOpened:
    def test_a_human_has_time_to_send_evidence(self) -> None:
        change = heard(PAID, S.CHARGED_BACK)

        (case,) = change.payment.cases
        due = (DAY_LATER + timedelta(days=7)).isoformat(timespec="seconds")
        assert (case.key, case.amount) == (dispute(), rupiah(350_000))
        assert case.details == {"evidence_due": due}
        assert change.payment.status is P.CHARGED_BACK
        assert not change.payment.is_fulfillable(after(days=9))
        assert events(change) == ["transaction.charged_back", "case.chargeback"]

    @pytest.mark.parametrize(("payment", "partial"), [(DISPUTED, False), (PARTLY, True)])
    def test_hearing_it_again_changes_nothing(self, payment: Payment, *, partial: bool) -> None:
        assert heard(payment, S.CHARGED_BACK, partial=partial) == Change(payment)

    def test_a_dispute_of_a_part_may_become_one_of_all(self) -> None:
        full = heard(PARTLY, S.CHARGED_BACK).payment

        assert [case.resolution for case in full.cases] == [Resolution.SUPERSEDED, None]
        assert full.open_cases == (CaseCode.CHARGEBACK,)

    def test_a_dispute_of_all_is_new_when_that_of_a_part_was_won(self) -> None:
        won = decided(PARTLY, dispute("partial"), Resolution.WON).payment

        full = heard(won, S.CHARGED_BACK).payment

        assert books(full).charged_back == rupiah(350_000)

    def test_a_late_word_of_a_part_does_not_undo_what_became_of_all(self) -> None:
        won = decided(DISPUTED, dispute(), Resolution.WON).payment

        assert heard(won, S.CHARGED_BACK, partial=True) == Change(won)

    def test_what_was_given_back_before_is_not_disputed(self) -> None:
        given = answered_with(sent(asked(PAID, 100_000)), RefundOutcome.ACCEPTED).payment

        disputed = heard(given, S.CHARGED_BACK).payment

        assert books(disputed).charged_back == rupiah(250_000)
        assert disputed.status is P.CHARGED_BACK

    def test_the_first_word_may_be_the_chargeback(self) -> None:
        change = heard(SNAP, S.CHARGED_BACK)

        assert events(change) == [
            "transaction.paid",
            "order.paid",
            "transaction.charged_back",
            "case.chargeback",
        ]
        assert change.payment.paid_transaction_id == "trx-1"

    @pytest.mark.parametrize("status", [S.PARTIALLY_REFUNDED, S.REFUNDED])
    def test_the_first_word_may_be_a_refund(self, status: AttemptStatus) -> None:
        amount = 350_000 if status is S.REFUNDED else 50_000
        given = ReportedRefund(key="dash-1", amount=rupiah(amount))

        change = heard(SNAP, status, given)

        assert change.payment.refunded_amount == rupiah(amount)
        assert "order.paid" in events(change)


class TestRefunds:
    def test_nothing_is_given_back_while_it_is_disputed(self) -> None:
        with pytest.raises(NotRefundableError, match="disputed"):
            asked(PARTLY, 1)

    @pytest.mark.parametrize(
        "waiting",
        [
            asked(PAID, 100_000),
            asked(PAID, 250_000, terms=LIMITED),
            asked(PAID, 100_000, by_transfer=True),
        ],
        ids=["to be sent", "to be approved", "to be transferred"],
    )
    def test_what_waits_is_stopped(self, waiting: Payment) -> None:
        disputed = heard(waiting, S.CHARGED_BACK).payment

        refund = the_refund(disputed)
        assert (refund.status, refund.gateway_code) == (RefundStatus.REFUSED, "charged_back")
        assert disputed.open_cases == (CaseCode.CHARGEBACK,)
        assert books(disputed).charged_back == rupiah(350_000)

    def test_what_the_gateway_may_know_is_not(self) -> None:
        disputed = heard(sent(asked(PAID, 100_000)), S.CHARGED_BACK).payment

        assert the_refund(disputed).status is RefundStatus.REQUESTED
        assert books(disputed).charged_back == rupiah(250_000)

    def test_a_transfer_after_the_gateways_refusal_is_stopped(self) -> None:
        both = heard(PAID, S.PAID, transaction_id="trx-2").payment
        key = "return-trx-2"
        refused = answered_with(sent(both, key), RefundOutcome.REFUSED, key, "412").payment
        assert the_refund(refused, key).status is RefundStatus.MANUAL

        disputed = heard(refused, S.CHARGED_BACK, transaction_id="trx-2").payment

        assert the_refund(disputed, key).status is RefundStatus.REFUSED
        assert disputed.open_cases == (CaseCode.CHARGEBACK,)

    def test_after_it_money_goes_back_by_transfer(self) -> None:
        won = decided(DISPUTED, dispute(), Resolution.WON).payment

        assert the_refund(asked(won, 100_000)).status is RefundStatus.MANUAL


class TestDecided:
    def test_won_the_money_is_here_again(self) -> None:
        change = decided(DISPUTED, dispute(), Resolution.WON)

        assert change.payment.status is P.PAID
        assert books(change.payment).kept == rupiah(350_000)
        assert events(change) == ["case.won"]

    def test_lost_it_is_gone(self) -> None:
        lost = decided(DISPUTED, dispute(), Resolution.LOST).payment

        assert lost.status is P.CHARGED_BACK
        assert books(lost).charged_back == rupiah(350_000)

    def test_lost_in_part_the_rest_is_here(self) -> None:
        lost = decided(PARTLY, dispute("partial"), Resolution.LOST, amount=100_000).payment

        assert books(lost).charged_back == rupiah(100_000)
        assert books(lost).kept == rupiah(250_000)
        assert the_refund(asked(lost)).amount == rupiah(250_000)

    @pytest.mark.parametrize("amount", [0, 350_001])
    def test_no_more_is_lost_than_was_disputed(self, amount: int) -> None:
        with pytest.raises(InvalidRequestError, match="what was disputed"):
            decided(DISPUTED, dispute(), Resolution.LOST, amount=amount)

    def test_what_had_all_been_transferred_can_be_lost_too(self) -> None:
        done = transferred(asked(PAID, by_transfer=True))

        disputed = heard(done, S.CHARGED_BACK).payment

        assert decided(disputed, dispute(), Resolution.LOST).payment.open_cases == ()

    @pytest.mark.parametrize("resolution", [Resolution.NOTED, Resolution.ACCEPTED])
    def test_it_is_won_or_lost(self, resolution: Resolution) -> None:
        with pytest.raises(InvalidRequestError, match="won, lost"):
            decided(DISPUTED, dispute(), resolution)

    def test_a_second_payment_that_was_disputed_and_won_goes_back_after_all(self) -> None:
        both = heard(PAID, S.PAID, transaction_id="trx-2").payment
        disputed = heard(both, S.CHARGED_BACK, transaction_id="trx-2").payment
        assert the_refund(disputed, "return-trx-2").status is RefundStatus.REFUSED

        won = decided(disputed, dispute(transaction_id="trx-2"), Resolution.WON).payment

        again = the_refund(won, "return-trx-2-2")
        assert (again.status, again.amount) == (RefundStatus.MANUAL, rupiah(350_000))
        assert again.cause is RefundCause.SECOND_PAYMENT
