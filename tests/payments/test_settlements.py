from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from payments.believing import answered
from payments.methods import PaymentMethod
from payments.payment import Payment
from payments.reconciling import Discrepancy, DiscrepancyKind
from payments.refunds import RefundOutcome
from payments.settlements import (
    ExpectedFee,
    FeeTable,
    SettlementRow,
    duplicate,
    held_of,
    missing_row,
    row_differences,
    unreadable_row,
)
from payments.status import AttemptStatus
from tests.payments.refund_causes import (
    answered_with,
    asked,
    paid_by,
    rupiah,
    sent,
    told,
    transferred,
)
from tests.payments.samples import SNAP_REQUEST, TERMS, after, awaiting_payment

PAID = paid_by(PaymentMethod.QRIS)
NAME = f"{PAID.order_id}~1"
NO_FEES = FeeTable()
QRIS = FeeTable({PaymentMethod.QRIS: ExpectedFee(Fraction(7, 10))})


def row(**members: Any) -> SettlementRow:
    """The row that fits the paid order; `members` replace its own."""
    own = {
        "line": 2,
        "gateway_order_id": NAME,
        "transaction_id": "trx-1",
        "status": AttemptStatus.PAID,
        "method": PaymentMethod.QRIS,
        "amount": PAID.request.amount,
        "fee": rupiah(2450),
        "refunded": rupiah(0),
    }
    return SettlementRow(**{**own, **members})


def found(kind: DiscrepancyKind, ours: str, theirs: str, **members: Any) -> Discrepancy:
    own = {"gateway_order_id": NAME, "transaction_id": "trx-1", "order_id": PAID.order_id}
    return Discrepancy(kind=kind, ours=ours, theirs=theirs, **{**own, **members})


def given_back(amount: int) -> Payment:
    """Through the gateway."""
    return answered_with(sent(asked(PAID, amount)), RefundOutcome.ACCEPTED).payment


def test_a_row_that_says_what_we_hold_is_no_difference() -> None:
    assert row_differences(PAID, row(), QRIS) == ()


@pytest.mark.parametrize("silent", ["transaction_id", "status", "method", "amount", "fee"])
def test_what_the_file_does_not_say_is_no_difference(silent: str) -> None:
    assert row_differences(PAID, row(**{silent: None}), QRIS) == ()


def test_a_file_that_names_nothing_but_the_order_is_no_difference() -> None:
    assert row_differences(PAID, SettlementRow(line=2, gateway_order_id=NAME), QRIS) == ()


@pytest.mark.parametrize(
    ("payment", "members", "expected"),
    [
        (None, {}, found(DiscrepancyKind.OURS_MISSING, "none", "paid")),
        (None, {"status": None}, found(DiscrepancyKind.OURS_MISSING, "none", "line 2")),
        (
            PAID,
            {"transaction_id": "trx-2"},
            found(DiscrepancyKind.OURS_MISSING, "none", "paid", transaction_id="trx-2"),
        ),
        (
            PAID,
            {"gateway_order_id": f"{PAID.order_id}~2"},
            found(
                DiscrepancyKind.OURS_MISSING,
                "none",
                "paid",
                gateway_order_id=f"{PAID.order_id}~2",
            ),
        ),
        (
            PAID,
            {"gateway_order_id": "payment-link-7"},
            found(
                DiscrepancyKind.OURS_MISSING,
                "none",
                "paid",
                gateway_order_id="payment-link-7",
                order_id=None,
            ),
        ),
        (
            PAID,
            {"status": AttemptStatus.CHARGED_BACK},
            found(DiscrepancyKind.STATE_DIFFERS, "paid", "charged_back"),
        ),
        (
            PAID,
            {"amount": rupiah(349_999)},
            found(DiscrepancyKind.AMOUNT_DIFFERS, "350000", "349999"),
        ),
        (
            PAID,
            {"refunded": rupiah(50_000)},
            found(DiscrepancyKind.REFUND_DIFFERS, "0", "50000"),
        ),
        (PAID, {"fee": rupiah(2452)}, found(DiscrepancyKind.FEE_UNEXPECTED, "2450", "2452")),
    ],
)
def test_each_difference_is_told_with_its_kind(
    payment: Payment | None, members: dict[str, Any], expected: Discrepancy
) -> None:
    assert row_differences(payment, row(**members), QRIS) == (expected,)


def test_several_differences_of_one_row_are_all_told() -> None:
    both = row(amount=rupiah(1000), refunded=rupiah(10))

    kinds = [each.kind for each in row_differences(PAID, both, QRIS)]

    assert kinds == [DiscrepancyKind.AMOUNT_DIFFERS, DiscrepancyKind.REFUND_DIFFERS]


@pytest.mark.parametrize(
    ("status", "refunded", "is_found"),
    [
        (AttemptStatus.PENDING, 0, False),
        (AttemptStatus.PAID, 0, False),
        (AttemptStatus.PARTIALLY_REFUNDED, 10_000, False),
        (AttemptStatus.PARTIALLY_REFUNDED, 50_000, False),
        (AttemptStatus.PARTIALLY_REFUNDED, 60_000, True),
        (AttemptStatus.PAID, 60_000, True),
        (AttemptStatus.DENIED, 0, True),
    ],
)
def test_a_file_that_is_older_than_what_we_hold_differs_only_where_it_has_more(
    status: AttemptStatus, refunded: int, *, is_found: bool
) -> None:
    older = row(status=status, refunded=rupiah(refunded))

    assert bool(row_differences(given_back(50_000), older, QRIS)) is is_found


def test_a_file_that_calls_less_than_all_refunded_is_not_older() -> None:
    told_refunded = row(status=AttemptStatus.REFUNDED, refunded=rupiah(50_000))

    (difference,) = row_differences(given_back(350_000), told_refunded, QRIS)

    assert (difference.kind, difference.theirs) == (DiscrepancyKind.REFUND_DIFFERS, "50000")


def test_a_reversed_settlement_is_what_the_file_calls_denied() -> None:
    denied = told(AttemptStatus.DENIED)
    reversed_payment = answered(PAID, 1, denied, TERMS, after(minutes=2)).payment

    of_money = row_differences(reversed_payment, row(status=AttemptStatus.DENIED), QRIS)

    assert reversed_payment.attempts[0].transactions[0].status is AttemptStatus.REVERSED
    assert of_money == ()


def test_amounts_of_a_transaction_without_money_are_not_compared() -> None:
    denied = answered(
        awaiting_payment(SNAP_REQUEST), 1, told(AttemptStatus.DENIED), TERMS, after(minutes=1)
    ).payment
    other = row(status=AttemptStatus.DENIED, amount=rupiah(1), refunded=rupiah(1), fee=None)

    assert row_differences(denied, other, QRIS) == ()


def test_what_the_gateway_gave_back_must_be_in_the_file() -> None:
    payment = given_back(50_000)

    (difference,) = row_differences(payment, row(status=None), QRIS)

    assert (difference.kind, difference.ours) == (DiscrepancyKind.REFUND_DIFFERS, "50000")
    assert row_differences(payment, row(status=None, refunded=rupiah(50_000)), QRIS) == ()


def test_what_a_human_transferred_is_not_in_the_file() -> None:
    payment = transferred(asked(PAID, 50_000, by_transfer=True))

    assert payment.refunded_amount == rupiah(50_000)
    assert row_differences(payment, row(status=None), QRIS) == ()


@pytest.mark.parametrize(
    ("fee", "fees", "is_expected"),
    [
        (2449, QRIS, True),
        (2451, QRIS, True),
        (2448, QRIS, False),
        (0, QRIS, False),
        (2451, replace(QRIS, tolerance=0), False),
        (0, NO_FEES, True),
        (350_000, NO_FEES, True),
        (350_001, NO_FEES, False),
        (-1, NO_FEES, False),
    ],
)
def test_a_fee_is_as_agreed_or_at_least_possible(
    fee: int, fees: FeeTable, *, is_expected: bool
) -> None:
    differences = row_differences(PAID, row(fee=rupiah(fee)), fees)

    assert [each.kind for each in differences] == (
        [] if is_expected else [DiscrepancyKind.FEE_UNEXPECTED]
    )


def test_the_agreed_fee_is_of_the_method_that_we_hold_where_the_file_is_silent() -> None:
    (difference,) = row_differences(PAID, row(method=None, fee=rupiah(1)), QRIS)

    assert (difference.kind, difference.ours) == (DiscrepancyKind.FEE_UNEXPECTED, "2450")


@pytest.mark.parametrize("fee", [rupiah(0), rupiah(4000)])
def test_no_fee_is_expected_of_a_method_that_nobody_knows(fee: Any) -> None:
    transaction = replace(PAID.attempts[0].transactions[0], method=None)
    unnamed = replace(PAID, attempts=(PAID.attempts[0].with_changed(transaction),))

    assert row_differences(unnamed, row(method=None, fee=fee), QRIS) == ()


@pytest.mark.parametrize(
    ("expected", "amount", "fee"),
    [
        (ExpectedFee(flat=4000), 10_000, 4000),
        (ExpectedFee(Fraction("0.7")), 10_000, 70),
        (ExpectedFee(Fraction("0.7")), 150, 1),
        (ExpectedFee(Fraction("0.7")), 215, 2),
        (ExpectedFee(Fraction("0.7")), 50, 0),
        (ExpectedFee(Fraction("0.5")), 100, 1),
        (ExpectedFee(Fraction("2.9"), 2000), 100_000, 4900),
    ],
)
def test_an_agreed_fee_is_rounded_half_up(expected: ExpectedFee, amount: int, fee: int) -> None:
    assert expected.of(rupiah(amount)) == rupiah(fee)


def test_a_row_without_a_transaction_id_is_about_the_one_with_money() -> None:
    denied = told(AttemptStatus.DENIED, transaction_id="trx-0")
    tried_twice = awaiting_payment(SNAP_REQUEST)
    for report in (denied, told(AttemptStatus.PAID), replace(denied, transaction_id="trx-9")):
        tried_twice = answered(tried_twice, 1, report, TERMS, after(minutes=1)).payment
    never_paid = answered(awaiting_payment(SNAP_REQUEST), 1, denied, TERMS, after(minutes=1))
    without_id = row(transaction_id=None)

    with_money, newest = held_of(tried_twice, without_id), held_of(never_paid.payment, without_id)

    assert with_money is not None
    assert newest is not None
    assert (with_money.transaction_id, newest.transaction_id) == ("trx-1", "trx-0")
    assert held_of(awaiting_payment(SNAP_REQUEST), without_id) is None


def test_a_row_of_an_order_that_cannot_be_read_says_so() -> None:
    unread = found(DiscrepancyKind.UNREADABLE, "unreadable", "not asked", transaction_id="")

    assert unreadable_row(row(), {PAID.order_id}) == (unread,)
    assert unreadable_row(row(), {"another"}) == ()
    assert unreadable_row(row(gateway_order_id="of nobody"), {PAID.order_id}) == ()


def test_a_second_row_of_a_transaction_names_the_first() -> None:
    assert duplicate(row(line=9), 2) == found(DiscrepancyKind.DUPLICATE_ROW, "line 2", "line 9")


def test_money_that_the_file_lacks_is_missing_there() -> None:
    held = PAID.attempts[0].transactions[0]

    assert missing_row(PAID, 1, held) == found(DiscrepancyKind.THEIRS_MISSING, "paid", "no row")
