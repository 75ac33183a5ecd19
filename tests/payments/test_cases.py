"""What a human makes of a case, and what that does to the payment."""

from dataclasses import replace

import pytest

from payments.believing import (
    answered,
    case_resolved,
    closed,
    needs_a_human,
    require_noted,
    unmatched_case,
)
from payments.cases import Case, CaseCode, Resolution
from payments.changes import Change
from payments.charging import another_attempt, closing_begun
from payments.errors import InvalidRequestError
from payments.gateway import ClosingCause, StatusReport
from payments.payment import Payment
from payments.progress import progress_of
from payments.status import MONEY_CAME, AttemptStatus
from tests.payments.causes import (
    CANCELLED,
    CORE,
    EXPIRED,
    LATER,
    PAID,
    P,
    S,
    ended,
    events,
    heard,
    second_report,
)
from tests.payments.samples import (
    REQUEST,
    TERMS,
    after,
    next_attempt_of,
    report_of,
    with_second_attempt,
)

DECIDED = after(hours=2)


def wrong(status: AttemptStatus, transaction_id: str = "trx-1") -> StatusReport:
    return replace(report_of(REQUEST, status, transaction_id), nonce="another")


def opened_by(change: Change) -> Case:
    assert change.case is not None
    return change.case


def resolved(
    payment: Payment, case: Case, resolution: Resolution, still_open: CaseCode | None = None
) -> Change:
    return case_resolved(payment, case, resolution, still_open, TERMS, DECIDED)


MISMATCH = answered(CORE, 1, wrong(S.PAID), TERMS, LATER)
DOUBTED, PAID_WRONGLY = MISMATCH.payment, opened_by(MISMATCH)
PENDING_WRONGLY = opened_by(answered(CORE, 1, wrong(S.PENDING), TERMS, LATER))


class TestAccepted:
    def test_the_order_is_paid_and_its_invoice_due(self) -> None:
        change = resolved(DOUBTED, PAID_WRONGLY, Resolution.ACCEPTED)

        paid = change.payment
        assert (paid.status, paid.paid_attempt, paid.paid_at) == (P.PAID, 1, DECIDED)
        assert paid.paid_with is REQUEST.method
        assert paid.attention is None
        assert events(change) == ["case.accepted", "order.paid"]
        assert progress_of(paid, ()).invoice_due

    def test_a_transaction_that_was_known_is_not_there_twice(self) -> None:
        paid = resolved(DOUBTED, PAID_WRONGLY, Resolution.ACCEPTED).payment

        (transaction,) = paid.latest_attempt.transactions
        assert (transaction.transaction_id, transaction.status) == ("trx-1", S.PAID)

    def test_the_same_answer_afterwards_opens_the_case_that_is_known(self) -> None:
        paid = resolved(DOUBTED, PAID_WRONGLY, Resolution.ACCEPTED).payment

        again = opened_by(answered(paid, 1, wrong(S.PAID), TERMS, after(hours=3)))

        assert _identity(again) == _identity(PAID_WRONGLY)

    def test_what_was_never_paid_cannot_be_accepted(self) -> None:
        with pytest.raises(InvalidRequestError, match="resolution: must be rejected"):
            resolved(DOUBTED, PENDING_WRONGLY, Resolution.ACCEPTED)

    def test_money_of_an_order_that_is_paid_cannot_be_accepted(self) -> None:
        both = replace(with_second_attempt(EXPIRED), status=P.AWAITING_PAYMENT)
        change = answered(both, 2, replace(second_report(S.PAID), nonce="another"), TERMS, LATER)
        paid = heard(change.payment, S.PAID)

        with pytest.raises(InvalidRequestError, match="not paid"):
            resolved(paid, opened_by(change), Resolution.ACCEPTED)

        rejected = resolved(paid, opened_by(change), Resolution.REJECTED).payment
        assert (rejected.status, rejected.paid_attempt) == (P.PAID, 1)
        assert rejected.latest_attempt.status is S.FAILED


class TestRejected:
    def test_money_that_does_not_count_fails_the_attempt(self) -> None:
        change = resolved(DOUBTED, PAID_WRONGLY, Resolution.REJECTED)

        assert change.payment.status is P.FAILED
        assert change.payment.retry_until == after(hours=26)
        assert change.payment.attention is None
        assert events(change) == ["case.rejected"]

    def test_another_method_may_then_be_tried(self) -> None:
        failed = resolved(DOUBTED, PAID_WRONGLY, Resolution.REJECTED).payment

        tried = another_attempt(failed, next_attempt_of(REQUEST, at=after(hours=3))).payment

        assert tried.status is P.PREPARING

    def test_a_cancel_that_waited_for_the_decision_is_kept(self) -> None:
        cancelling = closing_begun(DOUBTED, 1, ClosingCause.CANCEL, TERMS, LATER).payment

        assert resolved(cancelling, PAID_WRONGLY, Resolution.REJECTED).payment.status is P.CANCELLED

    def test_what_may_still_be_paid_is_closed_at_the_gateway_first(self) -> None:
        doubted = answered(CORE, 1, wrong(S.PENDING), TERMS, LATER).payment

        rejected = resolved(doubted, PENDING_WRONGLY, Resolution.REJECTED).payment

        assert rejected.status is P.CHECKING
        assert rejected.latest_attempt.closing is ClosingCause.CHARGE_FAILED
        assert not progress_of(rejected, ()).waits_for_a_human
        with pytest.raises(InvalidRequestError):
            another_attempt(rejected, next_attempt_of(REQUEST, at=after(hours=3)))
        assert closed(rejected, 1, TERMS, DECIDED).payment.status is P.FAILED

    def test_why_it_was_being_closed_already_stays(self) -> None:
        doubted = answered(CORE, 1, wrong(S.PENDING), TERMS, LATER).payment
        closing = closing_begun(doubted, 1, ClosingCause.DEADLINE, TERMS, LATER).payment

        rejected = resolved(closing, PENDING_WRONGLY, Resolution.REJECTED).payment

        assert closed(rejected, 1, TERMS, DECIDED).payment.status is P.EXPIRED


class TestNoted:
    @pytest.mark.parametrize("payment", [PAID, EXPIRED, CANCELLED])
    def test_a_mismatch_that_holds_nothing_up_is_noted(self, payment: Payment) -> None:
        told = answered(payment, 1, wrong(S.PAID), TERMS, LATER)

        change = resolved(told.payment, opened_by(told), Resolution.NOTED)

        assert change.payment == payment
        assert events(change) == ["case.noted"]
        assert change.audit[0].details == {
            "attempt": "1",
            "code": "mismatch",
            "transaction_id": "trx-1",
        }

    def test_goods_are_shipped_once_a_contradiction_is_noted(self) -> None:
        told = answered(PAID, 1, report_of(REQUEST, S.EXPIRED), TERMS, LATER)
        assert not told.payment.is_fulfillable(DECIDED)

        noted = resolved(told.payment, opened_by(told), Resolution.NOTED).payment

        assert noted.is_fulfillable(DECIDED)

    def test_the_case_that_is_still_open_is_shown_next(self) -> None:
        told = answered(PAID, 1, report_of(REQUEST, S.EXPIRED), TERMS, LATER)

        change = resolved(told.payment, opened_by(told), Resolution.NOTED, CaseCode.SECOND_PAYMENT)

        assert change.payment.attention is CaseCode.SECOND_PAYMENT

    @pytest.mark.parametrize("resolution", [Resolution.ACCEPTED, Resolution.REJECTED])
    @pytest.mark.parametrize(
        "case",
        [
            Case(code, attempt=9, transaction_id="trx-9")
            for code in CaseCode
            if code is not CaseCode.MISMATCH
        ],
        ids=lambda case: case.code,
    )
    def test_whatever_decides_nothing_can_only_be_noted(
        self, case: Case, resolution: Resolution
    ) -> None:
        with pytest.raises(InvalidRequestError, match="resolution: must be noted"):
            resolved(PAID, case, resolution)

        assert resolved(PAID, case, Resolution.NOTED).payment == PAID

    def test_a_doubt_cannot_be_noted_away(self) -> None:
        with pytest.raises(InvalidRequestError):
            resolved(DOUBTED, PAID_WRONGLY, Resolution.NOTED)

    def test_a_case_without_an_order_can_only_be_noted(self) -> None:
        require_noted(Resolution.NOTED)

        for resolution in (Resolution.ACCEPTED, Resolution.REJECTED):
            with pytest.raises(InvalidRequestError, match="must be noted"):
                require_noted(resolution)


class TestWhatIsShown:
    def test_a_contradiction_is_shown_before_what_came_earlier(self) -> None:
        doubted = replace(PAID, attention=CaseCode.SECOND_PAYMENT)

        told = answered(doubted, 1, report_of(REQUEST, S.EXPIRED), TERMS, LATER)

        assert told.payment.attention is CaseCode.CONTRADICTION
        assert not told.payment.is_fulfillable(DECIDED)


class TestMoneyOfATransactionThatWasFoundWanting:
    """What was told before it was paid is told again when it is paid: no money is overlooked."""

    def test_it_is_another_case(self) -> None:
        paid = opened_by(answered(CORE, 1, wrong(S.PAID), TERMS, LATER))

        assert _identity(paid) != _identity(PENDING_WRONGLY)
        assert paid.money_came

    @pytest.mark.parametrize("status", [S.EXPIRED, S.DENIED, S.CANCELLED])
    def test_its_end_without_money_is_not(self, status: AttemptStatus) -> None:
        over = opened_by(answered(CORE, 1, wrong(status), TERMS, LATER))

        assert _identity(over) == _identity(PENDING_WRONGLY)


class TestUnmatched:
    @pytest.mark.parametrize("status", AttemptStatus)
    def test_only_money_waits_for_a_human(self, status: AttemptStatus) -> None:
        case = unmatched_case(7, report_of(REQUEST, status))

        assert (case is not None) is (status in MONEY_CAME)

    def test_an_order_without_the_attempt_draws_attention(self) -> None:
        case = unmatched_case(7, report_of(REQUEST, S.PAID))
        assert case is not None

        change = needs_a_human(CORE, case)

        assert change.payment == replace(CORE, attention=CaseCode.UNMATCHED_MONEY)
        assert events(change) == ["case.unmatched_money"]
        assert change.audit[0].details["attempt"] == "7"

    def test_returned_money_may_be_noted_of_any_attempt(self) -> None:
        case = unmatched_case(7, report_of(REQUEST, S.PAID))
        assert case is not None

        noted = resolved(needs_a_human(CORE, case).payment, case, Resolution.NOTED)

        assert noted.payment == CORE


def test_late_money_and_second_payments_are_money() -> None:
    late = opened_by(answered(CANCELLED, 1, report_of(REQUEST, S.PAID), TERMS, LATER))
    second = opened_by(answered(PAID, 1, report_of(REQUEST, S.PAID, "trx-2"), TERMS, LATER))

    assert late.money_came
    assert second.money_came


def test_a_closing_does_not_end_a_doubt_that_is_money() -> None:
    closing = closing_begun(DOUBTED, 1, ClosingCause.DEADLINE, TERMS, LATER).payment

    assert closing.status is P.CHECKING
    assert progress_of(closing, ()).waits_for_a_human
    assert ended(CORE, ClosingCause.DEADLINE).status is P.EXPIRED


def _identity(case: Case) -> tuple[CaseCode, str, bool]:
    return case.code, case.transaction_id, case.money_came
