from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from payments.believing import answered
from payments.cases import Case, CaseCode, CaseKey
from payments.gateway import StatusReport
from payments.methods import PaymentMethod
from payments.money import Money
from payments.payment import Payment
from payments.reconciling import (
    OVERDUE_AFTER,
    DiscrepancyKind,
    card_settles_by,
    compared,
)
from payments.refunds import RefundOutcome, ReportedRefund
from payments.status import AttemptStatus
from tests.payments.refund_causes import (
    answered_with,
    asked,
    listed,
    paid_by,
    rupiah,
    sent,
    told,
    transferred,
)
from tests.payments.samples import SNAP_REQUEST, TERMS, after, awaiting_payment

K = DiscrepancyKind
WAITING = awaiting_payment(SNAP_REQUEST)
PAID = paid_by(PaymentMethod.QRIS)
SETTLED = replace(told(AttemptStatus.PAID), settled=True)
SOON = after(minutes=2)
LONG_AFTER = WAITING.attempts[0].expires_at + OVERDUE_AFTER


def kinds(payment: Payment, report: StatusReport | None, now: datetime = SOON) -> list[str]:
    return [found.kind for found in compared(payment, 1, report, now)]


def given_back(amount: int | None = None) -> Payment:
    """Through the gateway, which has taken it."""
    return answered_with(sent(asked(PAID, amount)), RefundOutcome.ACCEPTED).payment


def telling(payment: Payment, *refunds: ReportedRefund, **members: Any) -> StatusReport:
    """The gateway's word on the payment as we hold it, with these refunds."""
    status = payment.attempts[0].transactions[-1].status
    return replace(SETTLED, status=status, refunds=refunds, **members)


def test_the_same_on_both_sides_is_no_difference() -> None:
    assert compared(PAID, 1, SETTLED, SOON) == ()
    assert compared(WAITING, 1, None, SOON) == ()


def test_a_state_that_differs_is_told_with_both() -> None:
    (found,) = compared(PAID, 1, replace(SETTLED, status=AttemptStatus.CHARGED_BACK), SOON)

    assert (found.kind, found.ours, found.theirs) == (K.STATE_DIFFERS, "paid", "charged_back")
    assert (found.order_id, found.gateway_order_id) == (PAID.order_id, f"{PAID.order_id}~1")
    assert found.key == (K.STATE_DIFFERS, f"{PAID.order_id}~1", "trx-1")


def test_a_settlement_that_was_denied_is_known_as_reversed() -> None:
    denied = told(AttemptStatus.DENIED)
    reversed_payment = answered(PAID, 1, denied, TERMS, SOON).payment

    assert kinds(PAID, denied) == [K.STATE_DIFFERS]
    assert kinds(reversed_payment, denied) == []


def test_a_transaction_that_we_do_not_hold_is_missing_here() -> None:
    (found,) = compared(WAITING, 1, SETTLED, SOON)

    assert (found.kind, found.ours, found.theirs) == (K.OURS_MISSING, "none", "paid")


def test_a_transaction_that_the_gateway_does_not_have_is_missing_there() -> None:
    (found,) = compared(PAID, 1, None, SOON)

    assert (found.kind, found.transaction_id) == (K.THEIRS_MISSING, "trx-1")
    assert (found.ours, found.theirs) == ("paid", "absent")


@pytest.mark.parametrize(
    ("asked_about", "named"), [("trx-1", "trx-1"), ("trx-2", "trx-2"), (None, "trx-2")]
)
def test_what_is_missing_there_is_the_transaction_that_was_asked_about(
    asked_about: str | None, named: str
) -> None:
    second = replace(SETTLED, transaction_id="trx-2")
    paid_twice = answered(PAID, 1, second, TERMS, after(hours=2)).payment

    (found,) = compared(paid_twice, 1, None, SOON, asked_about)

    assert found.transaction_id == named


@pytest.mark.parametrize("payment", [PAID, WAITING])
def test_another_amount_is_told_whether_or_not_we_hold_the_transaction(payment: Payment) -> None:
    found = compared(payment, 1, replace(SETTLED, amount=rupiah(350_001)), SOON)[-1]

    assert (found.kind, found.ours, found.theirs) == (K.AMOUNT_DIFFERS, "350000", "350001")


def test_a_fee_that_the_customer_bore_is_no_difference() -> None:
    assert kinds(PAID, replace(SETTLED, amount=rupiah(354_000), fee=rupiah(4000))) == []


def test_another_currency_is_told_instead_of_another_amount() -> None:
    foreign: Any = "USD"  # one that this service does not charge in yet

    (found,) = compared(PAID, 1, replace(SETTLED, amount=Money(1, foreign)), SOON)

    assert (found.kind, found.ours, found.theirs) == (K.CURRENCY_DIFFERS, "IDR", "USD")


def test_another_method_is_told_unless_one_side_does_not_know_it() -> None:
    assert kinds(PAID, replace(SETTLED, method=PaymentMethod.GOPAY)) == [K.METHOD_DIFFERS]
    assert kinds(PAID, replace(SETTLED, method=None)) == []


@pytest.mark.parametrize(("seconds", "is_found"), [(-1, False), (0, True), (3600, True)])
def test_an_attempt_is_overdue_long_after_its_time(seconds: int, *, is_found: bool) -> None:
    now = LONG_AFTER + timedelta(seconds=seconds)

    assert kinds(WAITING, None, now) == ([K.OVERDUE] if is_found else [])


def test_an_attempt_that_waits_for_a_human_is_not_overdue() -> None:
    review = told(AttemptStatus.IN_REVIEW)
    in_review = answered(WAITING, 1, review, TERMS, SOON).payment
    mismatch = Case(key=CaseKey(code=CaseCode.MISMATCH, transaction_id="trx-1"), attempt=1)

    assert in_review.attempts[0].status is AttemptStatus.IN_REVIEW
    assert kinds(in_review, review, LONG_AFTER) == []
    assert kinds(replace(WAITING, cases=(mismatch,)), None, LONG_AFTER) == []


def test_an_attempt_that_has_ended_is_never_overdue() -> None:
    assert kinds(PAID, SETTLED, LONG_AFTER + timedelta(days=9)) == []


def test_a_card_settles_until_16_on_the_second_day_in_jakarta() -> None:
    late_on_the_23rd = datetime(2026, 11, 23, 16, 59, tzinfo=UTC)
    early_on_the_24th = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)

    assert card_settles_by(late_on_the_23rd) == datetime(2026, 11, 25, 9, tzinfo=UTC)
    assert card_settles_by(early_on_the_24th) == datetime(2026, 11, 26, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "settled", "expected"),
    [(1, False, []), (3, False, [K.CAPTURE_OVERDUE]), (3, True, [])],
)
def test_a_card_that_stays_in_capture_is_told(
    days: int, expected: list[str], *, settled: bool
) -> None:
    card = paid_by(PaymentMethod.CREDIT_CARD)
    report = replace(told(AttemptStatus.PAID, PaymentMethod.CREDIT_CARD), settled=settled)

    assert kinds(card, report, after(days=days)) == expected


@pytest.mark.parametrize("paid_at", [after(minutes=1), None])
def test_a_capture_that_we_do_not_hold_counts_from_the_gateways_time(
    paid_at: datetime | None,
) -> None:
    report = replace(told(AttemptStatus.PAID), paid_at=paid_at)
    found = kinds(replace(PAID, attempts=WAITING.attempts), report, after(days=3))

    assert (K.CAPTURE_OVERDUE in found) is (paid_at is not None)


def test_refunds_that_both_sides_know_are_no_difference() -> None:
    payment = given_back(50_000)

    assert kinds(payment, telling(payment, listed(payment))) == []


def test_a_refund_that_we_do_not_know_is_told() -> None:
    elsewhere = ReportedRefund(key="dashboard", amount=rupiah(1000))

    (found,) = compared(PAID, 1, telling(PAID, elsewhere), SOON)

    assert (found.kind, found.ours, found.theirs) == (K.REFUND_DIFFERS, "none", "1000")


@pytest.mark.parametrize(("confirmed", "theirs"), [(False, "made"), (True, "confirmed")])
def test_a_refund_that_was_made_behind_our_back_is_told(theirs: str, *, confirmed: bool) -> None:
    requested = sent(asked(PAID, 50_000))
    report = telling(requested, listed(requested, confirmed=confirmed))

    (found,) = compared(requested, 1, report, SOON)

    assert (found.kind, found.ours, found.theirs) == (K.REFUND_DIFFERS, "requested", theirs)


def test_a_refund_that_the_bank_has_confirmed_is_told() -> None:
    payment = given_back(50_000)

    (found,) = compared(payment, 1, telling(payment, listed(payment, confirmed=True)), SOON)

    assert (found.kind, found.ours, found.theirs) == (K.REFUND_DIFFERS, "accepted", "confirmed")


def test_a_refund_that_only_we_know_is_told_if_the_gateway_lists_any() -> None:
    first = given_back(50_000)
    both = answered_with(sent(asked(first, 1000, "r-2"), "r-2"), RefundOutcome.ACCEPTED, "r-2")

    (found,) = compared(both.payment, 1, telling(both.payment, listed(first)), SOON)

    assert (found.kind, found.ours, found.theirs) == (K.REFUND_DIFFERS, "accepted", "absent")
    assert kinds(both.payment, telling(both.payment)) == []


def test_a_refund_that_was_only_asked_for_is_not_missed_there() -> None:
    requested = asked(PAID, 50_000)
    elsewhere = ReportedRefund(key="dashboard", amount=rupiah(1000))

    found = compared(requested, 1, telling(requested, elsewhere), SOON)

    assert [each.ours for each in found] == ["none"]


def test_what_a_human_transferred_is_not_missed_there() -> None:
    payment = transferred(asked(PAID, 50_000, by_transfer=True))
    elsewhere = ReportedRefund(key="dashboard", amount=rupiah(1000))

    assert [each.ours for each in compared(payment, 1, telling(payment, elsewhere), SOON)] == [
        "none"
    ]


def test_refunds_of_another_transaction_are_not_compared() -> None:
    payment = given_back(50_000)
    second = replace(SETTLED, transaction_id="trx-2")
    paid_twice = answered(payment, 1, second, TERMS, after(hours=2)).payment

    assert kinds(paid_twice, second) == []


def test_what_is_left_of_a_fee_that_the_customer_bore_is_no_difference() -> None:
    whole = given_back()
    report = replace(
        telling(whole, listed(whole)),
        status=AttemptStatus.PARTIALLY_REFUNDED,
        amount=rupiah(354_000),
        fee=rupiah(4000),
    )
    refunded = answered(whole, 1, report, TERMS, after(hours=2)).payment
    held = replace(refunded.attempts[0].transactions[0], status=AttemptStatus.REFUNDED)
    all_back = replace(refunded, attempts=(refunded.attempts[0].with_changed(held),))

    assert kinds(all_back, report) == []
    assert K.STATE_DIFFERS in kinds(all_back, replace(report, fee=rupiah(0)))
