"""What operators decide about refunds: two people for every transfer."""

from dataclasses import replace

import pytest

from payments.believing import answered
from payments.cases import CaseCode, Resolution
from payments.changes import Change
from payments.errors import InvalidRequestError
from payments.gateway import ClosingCause
from payments.methods import PaymentMethod
from payments.refund_moves import refund_stuck
from payments.refunding import refund_requested
from payments.refunds import RefundOutcome, RefundStatus
from tests.payments.causes import SNAP, P, S, ended, events
from tests.payments.refund_causes import (
    DAY_LATER,
    LIMITED,
    about,
    answered_with,
    asked,
    decided,
    paid_by,
    rupiah,
    sent,
    the_refund,
    told,
    transferred,
    wish_of,
)
from tests.payments.samples import TERMS

PAID = paid_by(PaymentMethod.QRIS)
CANCELLED_SNAP = ended(SNAP, ClosingCause.CANCEL)


class TestApproval:
    LARGE = asked(PAID, 300_000, terms=LIMITED)
    KEY = about(LARGE, CaseCode.REFUND_APPROVAL)

    def test_a_second_person_lets_it_go_out(self) -> None:
        change = decided(self.LARGE, self.KEY, Resolution.APPROVED, "budi")

        assert the_refund(change.payment).is_to_be_sent
        assert the_refund(change.payment).approved_by == "budi"
        assert events(change) == ["case.approved", "refund.approved"]

    def test_whoever_asked_cannot_approve(self) -> None:
        with pytest.raises(InvalidRequestError, match="actor: must be somebody else than ani"):
            decided(self.LARGE, self.KEY, Resolution.APPROVED, "ani")

    def test_who_only_says_who_they_are_cannot_be_the_second_person(self) -> None:
        with pytest.raises(InvalidRequestError, match="actor: must be verified"):
            decided(self.LARGE, self.KEY, Resolution.APPROVED, "unverified:budi")

    def test_what_somebody_unverified_has_asked_for_can_only_be_rejected(self) -> None:
        asked_for = refund_requested(
            PAID, replace(wish_of(300_000), actor="unverified:budi"), LIMITED, DAY_LATER
        ).payment

        with pytest.raises(InvalidRequestError, match="who asked is not verified"):
            decided(asked_for, self.KEY, Resolution.APPROVED, "cli:ani")
        rejected = decided(asked_for, self.KEY, Resolution.REJECTED, "unverified:citra").payment
        assert the_refund(rejected).status is RefundStatus.REFUSED

    def test_whoever_asked_may_take_it_back(self) -> None:
        rejected = decided(self.LARGE, self.KEY, Resolution.REJECTED, "ani").payment

        assert the_refund(rejected).status is RefundStatus.REFUSED
        assert [case.resolution for case in rejected.cases] == [Resolution.REJECTED]
        assert the_refund(asked(rejected, None, "r-2"), "r-2").amount == rupiah(350_000)

    @pytest.mark.parametrize("resolution", [Resolution.NOTED, Resolution.TRANSFERRED])
    def test_nothing_else_can_be_made_of_it(self, resolution: Resolution) -> None:
        with pytest.raises(InvalidRequestError, match="approved, rejected"):
            decided(self.LARGE, self.KEY, resolution)


class TestManual:
    MANUAL = asked(PAID, 100_000, by_transfer=True)
    KEY = about(MANUAL, CaseCode.MANUAL_REFUND)
    APPROVED = decided(MANUAL, KEY, Resolution.APPROVED, "budi").payment
    NEEDLESS = answered(
        APPROVED, 1, told(S.CHARGED_BACK, PaymentMethod.QRIS), TERMS, DAY_LATER
    ).payment

    def test_one_approves_and_another_one_transfers(self) -> None:
        change = decided(
            self.APPROVED, self.KEY, Resolution.TRANSFERRED, "citra", reference="TRF-1"
        )

        refund = the_refund(change.payment)
        assert refund.status is RefundStatus.CONFIRMED
        assert (refund.approved_by, refund.transferred_by) == ("budi", "citra")
        assert (refund.reference, refund.confirmed_at) == ("TRF-1", DAY_LATER)
        assert change.payment.status is P.PARTIALLY_REFUNDED
        assert events(change) == ["case.transferred", "refund.confirmed"]

    def test_the_case_stays_open_until_it_is_transferred(self) -> None:
        assert self.APPROVED.open_cases == (CaseCode.MANUAL_REFUND,)
        assert the_refund(self.APPROVED).status is RefundStatus.MANUAL

    def test_approving_twice_is_once(self) -> None:
        again = decided(self.APPROVED, self.KEY, Resolution.APPROVED, "budi")

        assert again == Change(self.APPROVED)
        with pytest.raises(InvalidRequestError, match="is approved already"):
            decided(self.APPROVED, self.KEY, Resolution.APPROVED, "citra")

    def test_transferring_twice_is_once(self) -> None:
        done = transferred(self.MANUAL)

        again = decided(done, self.KEY, Resolution.TRANSFERRED, "citra", reference="TRF-1")

        assert again == Change(done)

    @pytest.mark.parametrize(
        ("actor", "reference", "problem"),
        [
            ("budi", "TRF-1", "must be somebody else than budi"),
            ("citra", None, "reference: is needed"),
            ("citra", "  ", "reference: is needed"),
        ],
    )
    def test_a_transfer_needs_another_person_and_a_reference(
        self, actor: str, reference: str | None, problem: str
    ) -> None:
        with pytest.raises(InvalidRequestError, match=problem):
            decided(self.APPROVED, self.KEY, Resolution.TRANSFERRED, actor, reference=reference)

    def test_it_must_be_approved_first(self) -> None:
        with pytest.raises(InvalidRequestError, match="must be approved first"):
            decided(self.MANUAL, self.KEY, Resolution.TRANSFERRED, "citra", reference="TRF-1")

    def test_whoever_asked_cannot_approve(self) -> None:
        with pytest.raises(InvalidRequestError, match="somebody else than ani"):
            decided(self.MANUAL, self.KEY, Resolution.APPROVED, "ani")

    def test_writing_ones_name_otherwise_makes_nobody_else(self) -> None:
        with pytest.raises(InvalidRequestError, match="somebody else than budi"):
            decided(self.APPROVED, self.KEY, Resolution.TRANSFERRED, "cli: Budi", reference="T-1")

    def test_money_that_is_not_the_shops_cannot_be_kept_by_a_decision(self) -> None:
        report = told(S.PAID, PaymentMethod.BCA_VA)
        late = answered(CANCELLED_SNAP, 1, report, TERMS, DAY_LATER).payment

        with pytest.raises(InvalidRequestError, match="this money is not the shop's"):
            decided(late, late.cases[0].key, Resolution.REJECTED)

    def test_a_transfer_made_before_it_became_needless_is_booked_all_the_same(self) -> None:
        needless = self.NEEDLESS

        done = decided(needless, self.KEY, Resolution.TRANSFERRED, "citra", reference="T-1").payment

        assert the_refund(needless).status is RefundStatus.REFUSED
        assert the_refund(done).status is RefundStatus.CONFIRMED
        assert CaseCode.CONTRADICTION in done.open_cases
        again = decided(done, self.KEY, Resolution.TRANSFERRED, "citra", reference="T-1")
        assert again == Change(done)

    def test_what_was_never_approved_cannot_have_been_transferred(self) -> None:
        report = told(S.CHARGED_BACK, PaymentMethod.QRIS)
        needless = answered(self.MANUAL, 1, report, TERMS, DAY_LATER).payment

        with pytest.raises(InvalidRequestError, match="is superseded already"):
            decided(needless, self.KEY, Resolution.TRANSFERRED, "citra", reference="T-1")

    def test_it_may_be_rejected(self) -> None:
        rejected = decided(self.APPROVED, self.KEY, Resolution.REJECTED).payment

        assert the_refund(rejected).status is RefundStatus.REFUSED
        assert rejected.open_cases == ()

    def test_it_cannot_be_noted_away(self) -> None:
        with pytest.raises(InvalidRequestError, match="rejected, approved, transferred"):
            decided(self.MANUAL, self.KEY, Resolution.NOTED)


class TestStuck:
    STUCK = refund_stuck(sent(asked(PAID, 100_000)), "r-1").payment
    KEY = about(STUCK, CaseCode.REFUND_STUCK)

    def test_it_was_made(self) -> None:
        change = decided(self.STUCK, self.KEY, Resolution.ACCEPTED)

        assert the_refund(change.payment).status is RefundStatus.CONFIRMED
        assert change.payment.status is P.PARTIALLY_REFUNDED
        assert events(change) == ["case.accepted", "refund.confirmed"]

    def test_it_was_not(self) -> None:
        rejected = decided(self.STUCK, self.KEY, Resolution.REJECTED).payment

        assert the_refund(rejected).status is RefundStatus.REFUSED
        assert rejected.status is P.PAID

    def test_what_the_gateway_took_and_the_bank_did_not_make_is_no_refund(self) -> None:
        accepted = answered_with(self.STUCK, RefundOutcome.ACCEPTED).payment
        assert accepted.status is P.PARTIALLY_REFUNDED

        rejected = decided(accepted, self.KEY, Resolution.REJECTED).payment

        assert rejected.status is P.PAID

    def test_it_cannot_be_noted_away(self) -> None:
        with pytest.raises(InvalidRequestError, match="accepted, rejected"):
            decided(self.STUCK, self.KEY, Resolution.NOTED)
