"""What a human makes of a case, and what that does to the payment."""

from dataclasses import replace

import pytest

from payments.believing import answered, closed, unmatched_case
from payments.cases import Case, CaseCode, CaseKey, Resolution
from payments.changes import Change, needs_a_human
from payments.charging import another_attempt, closing_begun
from payments.deciding import Decision, case_decided, require_noted
from payments.errors import InvalidRequestError, NoOtherMethodError
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
    newest_case,
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
NOTHING_TO_DECIDE = (
    CaseCode.CONTRADICTION,
    CaseCode.UNMATCHED_MONEY,
    CaseCode.LATE_MONEY,
    CaseCode.SECOND_PAYMENT,
)


def wrong(status: AttemptStatus, transaction_id: str = "trx-1") -> StatusReport:
    return replace(report_of(REQUEST, status, transaction_id), nonce="another")


def resolved(payment: Payment, case: Case, resolution: Resolution) -> Change:
    decision = Decision(resolution=resolution, actor="operator", at=DECIDED)
    return case_decided(payment, case.key, decision, TERMS)


def without_cases(payment: Payment) -> Payment:
    return replace(payment, cases=())


MISMATCH = answered(CORE, 1, wrong(S.PAID), TERMS, LATER)
DOUBTED, PAID_WRONGLY = MISMATCH.payment, newest_case(MISMATCH)
PENDING = answered(CORE, 1, wrong(S.PENDING), TERMS, LATER)
STILL_DOUBTED, PENDING_WRONGLY = PENDING.payment, newest_case(PENDING)


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

    def test_the_same_answer_afterwards_is_no_news(self) -> None:
        paid = resolved(DOUBTED, PAID_WRONGLY, Resolution.ACCEPTED).payment

        again = answered(paid, 1, wrong(S.PAID), TERMS, after(hours=3))

        assert again == Change(paid)

    def test_what_becomes_of_the_money_counts_from_then_on(self) -> None:
        paid = resolved(DOUBTED, PAID_WRONGLY, Resolution.ACCEPTED).payment

        assert answered(paid, 1, wrong(S.DENIED), TERMS, LATER).payment.status is P.REVERSED

    def test_what_was_never_paid_cannot_be_accepted(self) -> None:
        with pytest.raises(InvalidRequestError, match="resolution: must be rejected"):
            resolved(STILL_DOUBTED, PENDING_WRONGLY, Resolution.ACCEPTED)

    def test_money_of_an_order_that_is_paid_cannot_be_accepted(self) -> None:
        both = replace(with_second_attempt(EXPIRED), status=P.AWAITING_PAYMENT)
        change = answered(both, 2, replace(second_report(S.PAID), nonce="another"), TERMS, LATER)
        paid = heard(change.payment, S.PAID)

        with pytest.raises(InvalidRequestError, match="not paid"):
            resolved(paid, newest_case(change), Resolution.ACCEPTED)

        rejected = resolved(paid, newest_case(change), Resolution.REJECTED).payment
        assert (rejected.status, rejected.paid_attempt) == (P.PAID, 1)
        assert rejected.latest_attempt.status is S.FAILED


class TestRejected:
    def test_money_that_does_not_count_fails_the_attempt(self) -> None:
        change = resolved(DOUBTED, PAID_WRONGLY, Resolution.REJECTED)

        assert change.payment.status is P.FAILED
        assert change.payment.retry_until == after(hours=26)
        assert change.payment.attention is None
        assert events(change) == ["case.rejected", "attempt.rejected"]

    def test_another_method_may_then_be_tried(self) -> None:
        failed = resolved(DOUBTED, PAID_WRONGLY, Resolution.REJECTED).payment

        tried = another_attempt(failed, next_attempt_of(REQUEST, at=after(hours=3))).payment

        assert tried.status is P.PREPARING

    def test_a_cancel_that_waited_for_the_decision_is_kept(self) -> None:
        cancelling = closing_begun(DOUBTED, 1, ClosingCause.CANCEL, TERMS, LATER).payment

        assert resolved(cancelling, PAID_WRONGLY, Resolution.REJECTED).payment.status is P.CANCELLED

    def test_what_may_still_be_paid_is_closed_at_the_gateway_first(self) -> None:
        rejected = resolved(STILL_DOUBTED, PENDING_WRONGLY, Resolution.REJECTED).payment

        assert rejected.status is P.CHECKING
        assert rejected.latest_attempt.closing is ClosingCause.CHARGE_FAILED
        assert not progress_of(rejected, ()).waits_for_a_human
        with pytest.raises(NoOtherMethodError):
            another_attempt(rejected, next_attempt_of(REQUEST, at=after(hours=3)))
        assert closed(rejected, 1, TERMS, DECIDED).payment.status is P.FAILED

    def test_why_it_was_being_closed_already_stays(self) -> None:
        closing = closing_begun(STILL_DOUBTED, 1, ClosingCause.DEADLINE, TERMS, LATER).payment

        rejected = resolved(closing, PENDING_WRONGLY, Resolution.REJECTED).payment

        assert closed(rejected, 1, TERMS, DECIDED).payment.status is P.EXPIRED


class TestNoted:
    @pytest.mark.parametrize("payment", [PAID, EXPIRED, CANCELLED])
    def test_a_mismatch_that_holds_nothing_up_is_noted(self, payment: Payment) -> None:
        told = answered(payment, 1, wrong(S.PAID), TERMS, LATER)

        change = resolved(told.payment, newest_case(told), Resolution.NOTED)

        assert without_cases(change.payment) == payment
        assert events(change) == ["case.noted"]
        assert change.audit[0].details == {
            "attempt": "1",
            "code": "mismatch",
            "transaction_id": "trx-1",
        }

    def test_goods_are_shipped_once_a_contradiction_is_noted(self) -> None:
        told = answered(PAID, 1, report_of(REQUEST, S.EXPIRED), TERMS, LATER)
        assert not told.payment.is_fulfillable(DECIDED)

        noted = resolved(told.payment, newest_case(told), Resolution.NOTED).payment

        assert noted.is_fulfillable(DECIDED)

    def test_the_case_that_is_still_open_is_shown_next(self) -> None:
        told = answered(PAID, 1, report_of(REQUEST, S.EXPIRED), TERMS, LATER)
        twice = answered(told.payment, 1, wrong(S.PAID, "trx-2"), TERMS, LATER)

        change = resolved(twice.payment, newest_case(told), Resolution.NOTED)

        assert change.payment.attention is CaseCode.MISMATCH

    @pytest.mark.parametrize("resolution", [Resolution.ACCEPTED, Resolution.REJECTED])
    @pytest.mark.parametrize("code", NOTHING_TO_DECIDE)
    def test_whatever_decides_nothing_can_only_be_noted(
        self, code: CaseCode, resolution: Resolution
    ) -> None:
        case = Case(key=CaseKey(code=code, transaction_id="trx-9"), attempt=9)
        told = needs_a_human(PAID, case).payment

        with pytest.raises(InvalidRequestError, match="resolution: must be noted"):
            resolved(told, case, resolution)

        assert without_cases(resolved(told, case, Resolution.NOTED).payment) == PAID

    def test_a_decision_that_is_repeated_changes_nothing(self) -> None:
        told = answered(PAID, 1, report_of(REQUEST, S.EXPIRED), TERMS, LATER)
        noted = resolved(told.payment, newest_case(told), Resolution.NOTED).payment

        assert resolved(noted, newest_case(told), Resolution.NOTED) == Change(noted)

    def test_a_case_cannot_be_closed_in_two_ways(self) -> None:
        failed = resolved(DOUBTED, PAID_WRONGLY, Resolution.REJECTED).payment

        with pytest.raises(InvalidRequestError, match="resolution: is rejected already"):
            resolved(failed, PAID_WRONGLY, Resolution.ACCEPTED)

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
        doubted = answered(PAID, 1, wrong(S.PAID, "trx-2"), TERMS, LATER)

        told = answered(doubted.payment, 1, report_of(REQUEST, S.EXPIRED), TERMS, LATER)

        assert told.payment.attention is CaseCode.CONTRADICTION
        assert not told.payment.is_fulfillable(DECIDED)


class TestMoneyOfATransactionThatWasFoundWanting:
    """What was told before it was paid is told again when it is paid: no money is overlooked."""

    def test_it_is_another_case(self) -> None:
        told = answered(STILL_DOUBTED, 1, wrong(S.PAID), TERMS, LATER)

        assert len(told.payment.cases) == 2
        assert newest_case(told).key.money_came

    @pytest.mark.parametrize("status", [S.EXPIRED, S.DENIED, S.CANCELLED])
    def test_its_end_without_money_is_not(self, status: AttemptStatus) -> None:
        assert answered(STILL_DOUBTED, 1, wrong(status), TERMS, LATER) == Change(STILL_DOUBTED)


class TestUnmatched:
    @pytest.mark.parametrize("status", AttemptStatus)
    def test_only_money_waits_for_a_human(self, status: AttemptStatus) -> None:
        case = unmatched_case(7, report_of(REQUEST, status))

        assert (case is not None) is (status in MONEY_CAME)

    def test_an_order_without_the_attempt_draws_attention(self) -> None:
        case = unmatched_case(7, report_of(REQUEST, S.PAID))
        assert case is not None

        change = needs_a_human(CORE, case)

        assert change.payment == replace(CORE, cases=(case,))
        assert change.payment.attention is CaseCode.UNMATCHED_MONEY
        assert events(change) == ["case.unmatched_money"]
        assert change.audit[0].details["attempt"] == "7"

    def test_returned_money_may_be_noted_of_any_attempt(self) -> None:
        case = unmatched_case(7, report_of(REQUEST, S.PAID))
        assert case is not None

        noted = resolved(needs_a_human(CORE, case).payment, case, Resolution.NOTED)

        assert without_cases(noted.payment) == CORE

    def test_money_that_fits_once_its_attempt_is_stored_needs_nobody(self) -> None:
        case = unmatched_case(1, report_of(REQUEST, S.PAID))
        assert case is not None
        unmatched = needs_a_human(CORE, case).payment

        paid = heard(unmatched, S.PAID)

        assert paid.status is P.PAID
        assert [each.resolution for each in paid.cases] == [Resolution.MATCHED]


def test_a_closing_does_not_end_a_doubt_that_is_money() -> None:
    closing = closing_begun(DOUBTED, 1, ClosingCause.DEADLINE, TERMS, LATER).payment

    assert closing.status is P.CHECKING
    assert progress_of(closing, ()).waits_for_a_human
    assert ended(CORE, ClosingCause.DEADLINE).status is P.EXPIRED
