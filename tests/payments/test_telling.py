"""What a customer is told of money on its way back, as far as it has come."""

from dataclasses import replace

import pytest

from payments.gateway import GatewayTransaction, InstructionKind
from payments.messages import STATUS_TEXTS
from payments.methods import PaymentMethod
from payments.money import Currency, Money
from payments.payment import Payment
from payments.refunds import RETURNS, Refund, RefundCause, RefundStatus
from payments.status import AttemptStatus, PaymentStatus
from payments.telling import RETURN_TEXTS, payment_text, return_text
from tests.payments.samples import NOW, REQUEST, awaiting_payment

AWAITING = awaiting_payment(REQUEST)
PAYING = GatewayTransaction(
    transaction_id="trx-1",
    payment_type="qris",
    status=AttemptStatus.PAID,
    method=PaymentMethod.QRIS,
    captured=REQUEST.amount,
    paid_at=NOW,
)
PAID = replace(
    AWAITING,
    status=PaymentStatus.PAID,
    attempts=(replace(AWAITING.attempts[0], status=AttemptStatus.PAID, transactions=(PAYING,)),),
    paid_attempt=1,
    paid_transaction_id="trx-1",
    paid_at=NOW,
)
REFUND = Refund(
    refund_key="r-1",
    gateway_key="g-1",
    attempt=1,
    transaction_id="trx-1",
    amount=Money(100_000, Currency.IDR),
    reason="",
    cause=RefundCause.REQUESTED,
    status=RefundStatus.REQUESTED,
    requested_by="service",
    created_at=NOW,
)
UNPAID = (
    PaymentStatus.CANCELLED,
    PaymentStatus.EXPIRED,
    PaymentStatus.FAILED,
    PaymentStatus.REVERSED,
)
REFUNDED = (PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED)
NOT_YET_BACK = (RefundStatus.REQUESTED, RefundStatus.MANUAL, RefundStatus.ACCEPTED)


def with_return(status: PaymentStatus, cause: RefundCause, refund_status: RefundStatus) -> Payment:
    """The payment of this status, after other money of the order began to go back."""
    other = replace(REFUND, transaction_id="trx-2", cause=cause, status=refund_status)
    payment = PAID if status is PaymentStatus.PAID else AWAITING
    return replace(payment, status=status, refunds=(other,))


def test_of_all_money_that_must_go_back_it_can_be_told_how_far_it_has_come() -> None:
    assert set(RETURN_TEXTS) == {(cause, status) for cause in RETURNS for status in RefundStatus}


@pytest.mark.parametrize("status", PaymentStatus)
def test_a_payment_without_refunds_is_told_as_its_status_is(status: PaymentStatus) -> None:
    payment = replace(AWAITING, status=status)

    assert payment_text(payment, None) == STATUS_TEXTS[status, None]
    assert return_text(payment) is None


def test_instructions_matter_only_while_the_customer_is_to_pay() -> None:
    kind = InstructionKind.VIRTUAL_ACCOUNT

    assert payment_text(AWAITING, kind) == STATUS_TEXTS[PaymentStatus.AWAITING_PAYMENT, kind]
    assert payment_text(PAID, kind) == STATUS_TEXTS[PaymentStatus.PAID, None]


@pytest.mark.parametrize("status", UNPAID)
@pytest.mark.parametrize("refund_status", RefundStatus)
def test_late_money_is_never_denied(status: PaymentStatus, refund_status: RefundStatus) -> None:
    payment = with_return(status, RefundCause.LATE_MONEY, refund_status)

    told = payment_text(payment, None)

    assert told == return_text(payment)
    assert "tidak ada dana" not in told.id
    assert "no money was taken" not in told.en
    assert "We received your money" in told.en


@pytest.mark.parametrize("refund_status", RefundStatus)
def test_who_paid_twice_hears_of_the_second_payment(refund_status: RefundStatus) -> None:
    payment = with_return(PaymentStatus.PAID, RefundCause.SECOND_PAYMENT, refund_status)

    told = payment_text(payment, None)

    assert "sudah terbayar" in told.id
    assert "paid more than once" in told.en


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (PaymentStatus.CANCELLED, RefundCause.LATE_MONEY),
        (PaymentStatus.PAID, RefundCause.SECOND_PAYMENT),
    ],
)
@pytest.mark.parametrize("refund_status", NOT_YET_BACK)
def test_nothing_is_said_to_be_returned_before_it_is(
    status: PaymentStatus, cause: RefundCause, refund_status: RefundStatus
) -> None:
    payment = with_return(status, cause, refund_status)

    told = payment_text(payment, None)

    assert "telah kami kembalikan" not in told.id
    assert "have returned" not in told.en
    assert "has been returned" not in told.en


def test_money_that_somebody_else_gave_back_is_told_as_returned() -> None:
    payment = with_return(PaymentStatus.CANCELLED, RefundCause.LATE_MONEY, RefundStatus.REFUSED)
    elsewhere = replace(
        payment.refunds[0],
        refund_key="elsewhere-1",
        cause=RefundCause.ELSEWHERE,
        status=RefundStatus.CONFIRMED,
    )

    told = payment_text(replace(payment, refunds=(*payment.refunds, elsewhere)), None)

    assert told == RETURN_TEXTS[RefundCause.LATE_MONEY, RefundStatus.CONFIRMED]


def test_of_several_parts_none_is_said_to_be_further_than_it_is() -> None:
    payment = with_return(PaymentStatus.CANCELLED, RefundCause.LATE_MONEY, RefundStatus.CONFIRMED)
    rest = replace(payment.refunds[0], refund_key="rest", status=RefundStatus.REQUESTED)

    for refunds in ((rest, *payment.refunds), (*payment.refunds, rest)):
        told = payment_text(replace(payment, refunds=refunds), None)

        assert told == RETURN_TEXTS[RefundCause.LATE_MONEY, RefundStatus.REQUESTED]


@pytest.mark.parametrize("status", REFUNDED)
def test_a_second_payment_does_not_hide_that_the_first_was_refunded(
    status: PaymentStatus,
) -> None:
    payment = replace(
        with_return(PaymentStatus.PAID, RefundCause.SECOND_PAYMENT, RefundStatus.REQUESTED),
        status=status,
    )

    assert payment_text(payment, None) == STATUS_TEXTS[status, None]


def test_the_order_is_unpaid_even_if_a_second_payment_goes_back() -> None:
    payment = with_return(
        PaymentStatus.REVERSED, RefundCause.SECOND_PAYMENT, RefundStatus.CONFIRMED
    )

    assert payment_text(payment, None) == STATUS_TEXTS[PaymentStatus.REVERSED, None]
    assert return_text(payment) is None


@pytest.mark.parametrize("status", REFUNDED)
def test_an_accepted_refund_is_on_its_way_and_a_confirmed_one_is_back(
    status: PaymentStatus,
) -> None:
    accepted = replace(REFUND, status=RefundStatus.ACCEPTED)
    confirmed = replace(REFUND, refund_key="r-2", status=RefundStatus.CONFIRMED)

    on_its_way = payment_text(replace(PAID, status=status, refunds=(confirmed, accepted)), None)
    back = payment_text(replace(PAID, status=status, refunds=(confirmed,)), None)

    assert "sedang diproses" in on_its_way.id
    assert "on its way back to you" in on_its_way.en
    assert "telah kami kembalikan" in back.id
    assert "We have returned" in back.en
