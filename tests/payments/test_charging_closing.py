from datetime import timedelta

import pytest

from payments.believing import closed
from payments.changes import Change
from payments.charging import charge_refused, closing_begun
from payments.gateway import ChargeFailure, ClosingCause
from payments.payment import Payment
from payments.status import PaymentStatus
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
    ended,
    events,
    heard,
)
from tests.payments.samples import (
    NOW,
    TERMS,
    after,
)


class TestClosingBegun:
    @pytest.mark.parametrize("cause", ClosingCause)
    def test_until_the_gateway_is_final_it_is_checked(self, cause: ClosingCause) -> None:
        change = closing_begun(CORE, 1, cause, TERMS, LATER)

        assert change.payment.status is P.CHECKING
        assert change.payment.latest_attempt.closing is cause
        assert change.audit[0].details["because"] == cause

    @pytest.mark.parametrize("cause", ClosingCause)
    def test_a_repeat_changes_nothing(self, cause: ClosingCause) -> None:
        closing = closing_begun(CORE, 1, cause, TERMS, LATER).payment

        assert closing_begun(closing, 1, cause, TERMS, LATER) == Change(closing)

    def test_a_cancel_outlives_a_deadline(self) -> None:
        deadline = closing_begun(CORE, 1, ClosingCause.DEADLINE, TERMS, LATER).payment

        both = closing_begun(deadline, 1, ClosingCause.CANCEL, TERMS, LATER).payment

        assert closed(both, 1, TERMS, LATER).payment.status is P.CANCELLED

    def test_a_deadline_never_undoes_a_cancel(self) -> None:
        cancel = closing_begun(CORE, 1, ClosingCause.CANCEL, TERMS, LATER).payment

        assert closing_begun(cancel, 1, ClosingCause.DEADLINE, TERMS, LATER) == Change(cancel)

    def test_the_first_other_cause_stays(self) -> None:
        failed = closing_begun(PLACED, 1, ClosingCause.CHARGE_FAILED, TERMS, LATER).payment

        assert closing_begun(failed, 1, ClosingCause.DEADLINE, TERMS, LATER) == Change(failed)

    def test_a_review_goes_on_while_it_is_being_closed(self) -> None:
        review = heard(CORE, S.IN_REVIEW)

        assert (
            closing_begun(review, 1, ClosingCause.CANCEL, TERMS, LATER).payment.status
            is P.IN_REVIEW
        )

    @pytest.mark.parametrize(
        "payment", [EXPIRED, charge_refused(PLACED, 1, "4", TERMS, NOW).payment]
    )
    def test_an_order_that_ended_otherwise_can_be_cancelled(self, payment: Payment) -> None:
        change = closing_begun(payment, 1, ClosingCause.CANCEL, TERMS, LATER)

        assert change.payment.status is P.CANCELLED
        assert change.payment.retry_until is None
        assert events(change) == ["order.cancelled"]

    @pytest.mark.parametrize("payment", [PAID, CANCELLED])
    @pytest.mark.parametrize("cause", ClosingCause)
    def test_what_is_over_is_not_closed(self, payment: Payment, cause: ClosingCause) -> None:
        assert closing_begun(payment, 1, cause, TERMS, LATER) == Change(payment)

    @pytest.mark.parametrize("failure", [ChargeFailure.UNREACHABLE, ChargeFailure.UNKNOWN])
    def test_trouble_with_the_gateway_is_audited(self, failure: ChargeFailure) -> None:
        change = closing_begun(PLACED, 1, ClosingCause.CHARGE_FAILED, TERMS, LATER, failure)

        assert change.payment.latest_attempt.failure is failure
        assert change.audit[0].details == {
            "attempt": "1",
            "status": "preparing",
            "because": failure,
        }

    def test_a_cancel_of_an_attempt_that_failed_keeps_why_it_failed(self) -> None:
        unknown = closing_begun(
            PLACED, 1, ClosingCause.CHARGE_FAILED, TERMS, LATER, ChargeFailure.UNKNOWN
        ).payment

        cancel = closing_begun(unknown, 1, ClosingCause.CANCEL, TERMS, LATER).payment

        assert cancel.latest_attempt.failure is ChargeFailure.UNKNOWN
        assert closed(cancel, 1, TERMS, LATER).payment.status is P.CANCELLED

    def test_a_cancel_outlives_a_switch_to_another_method(self) -> None:
        switching = closing_begun(CORE, 1, ClosingCause.OTHER_METHOD, TERMS, LATER).payment

        cancel = closing_begun(switching, 1, ClosingCause.CANCEL, TERMS, LATER).payment

        over = closed(cancel, 1, TERMS, LATER).payment
        assert over.status is P.CANCELLED
        assert over.methods_to_try(LATER) == ()

    def test_a_payment_faster_than_the_switch_wins(self) -> None:
        switching = closing_begun(CORE, 1, ClosingCause.OTHER_METHOD, TERMS, LATER).payment

        paid = heard(switching, S.PAID)

        assert (paid.status, paid.paid_attempt) == (P.PAID, 1)
        assert closed(paid, 1, TERMS, LATER) == Change(paid)

    def test_the_window_for_another_method_is_not_extended_by_closing(self) -> None:
        unsent = closing_begun(
            PLACED, 1, ClosingCause.CHARGE_FAILED, TERMS, NOW, ChargeFailure.UNREACHABLE
        ).payment

        over = closed(unsent, 1, TERMS, after(hours=20)).payment

        assert over.retry_until == unsent.retry_until == after(hours=24)

    def test_a_deadline_does_not_cancel_what_failed(self) -> None:
        assert closing_begun(EXPIRED, 1, ClosingCause.DEADLINE, TERMS, LATER) == Change(EXPIRED)


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
