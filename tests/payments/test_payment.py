from dataclasses import replace

import pytest

from payments.believing import answered
from payments.cases import CaseCode
from payments.charging import closing_begun, placed
from payments.gateway import ENDS_AS, ChargeFailure, ClosingCause, Mismatch, mismatches
from payments.methods import PaymentMethod
from payments.money import Currency, Money
from payments.payment import attempt_status_from, payment_status_from
from payments.refunding import RefundWish, refund_requested
from payments.status import AttemptStatus, PaymentStatus
from tests.payments.samples import (
    NOW,
    REQUEST,
    TERMS,
    after,
    attempt_of,
    awaiting_payment,
    report_of,
    with_second_attempt,
)

WAITING = awaiting_payment(REQUEST)
PAID = answered(WAITING, 1, report_of(REQUEST, AttemptStatus.PAID), TERMS, NOW).payment


def test_every_attempt_status_is_shown_as_a_payment_status() -> None:
    shown = {
        payment_status_from(replace(WAITING.latest_attempt, status=status))
        for status in AttemptStatus
    }

    assert shown == set(PaymentStatus)


def test_every_closing_cause_says_how_the_attempt_ends() -> None:
    assert set(ENDS_AS) == set(ClosingCause)


def test_an_attempt_without_transactions_is_what_it_was() -> None:
    attempt = replace(WAITING.latest_attempt, transactions=(), status=AttemptStatus.UNKNOWN)

    assert attempt_status_from(attempt) is AttemptStatus.UNKNOWN


def test_goods_are_shipped_once_paid() -> None:
    assert PAID.is_fulfillable(after(minutes=1))
    assert not WAITING.is_fulfillable(after(minutes=1))


def test_goods_wait_while_the_settlement_can_be_reversed() -> None:
    held = replace(PAID, paid_with=PaymentMethod.PERMATA_VA)

    assert held.fulfil_after == after(minutes=16)
    assert not held.is_fulfillable(after(minutes=15))
    assert held.is_fulfillable(after(minutes=16))


def test_the_method_of_the_attempt_that_paid_holds_the_goods_back() -> None:
    late = with_second_attempt(replace(PAID, paid_with=None))

    assert late.fulfil_after == after(minutes=1)


def test_goods_wait_when_the_gateway_contradicts_itself() -> None:
    told = answered(PAID, 1, report_of(REQUEST, AttemptStatus.EXPIRED), TERMS, NOW).payment

    assert told.attention is CaseCode.CONTRADICTION
    assert not told.is_fulfillable(after(days=1))


def test_goods_stay_when_all_the_money_is_on_its_way_back() -> None:
    wish = RefundWish(refund_key="r-1", amount=None, reason="", actor="checkout")

    waiting = refund_requested(PAID, wish, TERMS, after(minutes=2)).payment

    assert waiting.status is PaymentStatus.PAID
    assert not waiting.is_fulfillable(after(days=1))


def test_an_order_paid_before_its_transaction_was_kept_knows_its_money() -> None:
    old = replace(PAID, paid_transaction_id=None)
    transaction = old.paying

    assert transaction is not None
    assert transaction.transaction_id == "trx-1"
    assert WAITING.paying is None
    assert WAITING.refunded_amount == Money.zero(Currency.IDR)


def test_what_a_transaction_stored_without_amount_brought_was_the_orders() -> None:
    transaction = replace(PAID.attempts[0].transactions[0], captured=None)

    assert PAID.books_of(transaction).captured == REQUEST.amount


@pytest.mark.parametrize(
    "status",
    [
        PaymentStatus.AWAITING_PAYMENT,
        PaymentStatus.FAILED,
        PaymentStatus.EXPIRED,
        PaymentStatus.REVERSED,
    ],
)
def test_another_method_is_offered_until_the_window_ends(status: PaymentStatus) -> None:
    payment = replace(WAITING, status=status, retry_until=after(hours=24))

    assert payment.methods_to_try(after(hours=23))[-1] is PaymentMethod.BCA_VA
    assert payment.methods_to_try(after(hours=24)) == ()


def test_no_method_is_offered_for_what_is_paid() -> None:
    assert PAID.methods_to_try(NOW) == ()


@pytest.mark.parametrize(
    ("differing", "found"),
    [
        ({}, ()),
        ({"merchant_id": None, "nonce": None}, ()),
        ({"gateway_order_id": "SKT-1001~2"}, (Mismatch.GATEWAY_ORDER_ID,)),
        ({"merchant_id": "G1"}, (Mismatch.MERCHANT,)),
        ({"nonce": "another"}, (Mismatch.NONCE,)),
        ({"amount": Money(349_999, Currency.IDR)}, (Mismatch.AMOUNT,)),
        ({"amount": Money(354_000, Currency.IDR), "fee": Money(4_000, Currency.IDR)}, ()),
        ({"fee": Money(4_000, Currency.IDR)}, (Mismatch.AMOUNT,)),
        ({"amount": Money(350_000, "USD")}, (Mismatch.CURRENCY,)),  # type: ignore[arg-type]
    ],
)
def test_a_report_is_compared_with_the_charge(
    differing: dict[str, object], found: tuple[Mismatch, ...]
) -> None:
    report = replace(report_of(REQUEST, AttemptStatus.PAID), **differing)  # type: ignore[arg-type]

    assert mismatches(WAITING.charge(1), TERMS.merchant_id, report) == found


def test_a_charge_is_that_of_its_attempt() -> None:
    charge = with_second_attempt(WAITING).charge(2)

    assert charge.gateway_order_id == "SKT-1001~2"
    assert charge.method is PaymentMethod.QRIS
    assert charge.request is WAITING.request


def test_what_is_being_closed_is_being_checked() -> None:
    closing = closing_begun(WAITING, 1, ClosingCause.DEADLINE, TERMS, NOW).payment

    assert closing.status is PaymentStatus.CHECKING


class TestWhatNeverLeftUs:
    """A charge that could not be sent took no money, as long as nothing says otherwise."""

    UNSENT = closing_begun(
        placed(REQUEST, attempt_of(REQUEST)).payment,
        1,
        ClosingCause.CHARGE_FAILED,
        TERMS,
        NOW,
        ChargeFailure.UNREACHABLE,
    ).payment

    def test_the_customer_hears_at_once_that_it_failed(self) -> None:
        assert self.UNSENT.status is PaymentStatus.FAILED

    def test_a_transaction_at_the_gateway_proves_the_contrary(self) -> None:
        report = report_of(REQUEST, AttemptStatus.PENDING)

        found = answered(self.UNSENT, 1, report, TERMS, after(minutes=1)).payment

        assert found.status is PaymentStatus.CHECKING

    def test_a_cancel_waits_for_the_gateway_and_offers_nothing(self) -> None:
        cancel = closing_begun(self.UNSENT, 1, ClosingCause.CANCEL, TERMS, after(minutes=1)).payment

        assert cancel.status is PaymentStatus.CHECKING
        assert cancel.methods_to_try(after(minutes=1)) == ()
        assert cancel.latest_attempt.failure is ChargeFailure.UNREACHABLE

    @pytest.mark.parametrize("failure", [None, ChargeFailure.UNKNOWN])
    def test_what_may_have_been_sent_is_checked(self, failure: ChargeFailure | None) -> None:
        attempt = replace(self.UNSENT.latest_attempt, failure=failure)

        assert payment_status_from(attempt) is PaymentStatus.CHECKING
