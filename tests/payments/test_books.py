"""captured = kept + refunded + waiting + charged_back."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.books import Books, books_of, paid_status_from
from payments.gateway import GatewayTransaction
from payments.refunds import GIVEN_BACK, WAITING, Refund, RefundCause, RefundStatus
from payments.status import MONEY_CAME, AttemptStatus, PaymentStatus
from tests.payments.causes import P, S
from tests.payments.refund_causes import rupiah
from tests.payments.samples import NOW

AMOUNT = rupiah(350_000)
PAID = GatewayTransaction(
    transaction_id="trx-1", payment_type="qris", status=S.PAID, captured=AMOUNT
)


def refund_of(amount: int, status: RefundStatus, transaction_id: str = "trx-1") -> Refund:
    return Refund(
        refund_key=f"{transaction_id}-{status}-{amount}",
        gateway_key="uuid",
        attempt=1,
        transaction_id=transaction_id,
        amount=rupiah(amount),
        reason="",
        cause=RefundCause.REQUESTED,
        status=status,
        requested_by="ani",
        created_at=NOW,
    )


@pytest.mark.parametrize("status", AttemptStatus)
def test_only_money_that_came_and_was_not_taken_back_is_here(status: AttemptStatus) -> None:
    books = books_of(replace(PAID, status=status), (), AMOUNT)

    is_here = status in MONEY_CAME - {S.REVERSED}
    assert books.captured == (AMOUNT if is_here else rupiah(0))


@given(st.lists(st.tuples(st.integers(1, 99_999), st.sampled_from(RefundStatus))))
def test_every_refund_is_in_one_place(wishes: list[tuple[int, RefundStatus]]) -> None:
    refunds = [refund_of(amount, status) for amount, status in wishes]

    books = books_of(PAID, refunds, AMOUNT)

    assert books.refunded.value == sum(a for a, status in wishes if status in GIVEN_BACK)
    assert books.waiting.value == sum(a for a, status in wishes if status in WAITING)
    assert books.kept + books.refunded + books.waiting + books.charged_back == AMOUNT


def test_a_refund_of_another_transaction_does_not_count() -> None:
    other = refund_of(1, RefundStatus.CONFIRMED, "trx-2")

    assert books_of(PAID, (other,), AMOUNT).kept == AMOUNT


def test_a_dispute_is_about_all_that_is_left_until_its_amount_is_known() -> None:
    disputed = replace(PAID, status=S.CHARGED_BACK)
    given_back = refund_of(100_000, RefundStatus.ACCEPTED)

    assert books_of(disputed, (given_back,), AMOUNT).charged_back == rupiah(250_000)
    known = replace(disputed, charged_back=rupiah(50_000))
    assert books_of(known, (given_back,), AMOUNT).kept == rupiah(200_000)


@pytest.mark.parametrize(
    ("refunded", "waiting", "charged_back", "status"),
    [
        (0, 0, 0, P.PAID),
        (0, 350_000, 0, P.PAID),
        (1, 0, 0, P.PARTIALLY_REFUNDED),
        (350_000, 0, 0, P.REFUNDED),
        (1, 0, 1, P.CHARGED_BACK),
    ],
)
def test_a_paid_order_says_where_its_money_is(
    refunded: int, waiting: int, charged_back: int, status: PaymentStatus
) -> None:
    books = Books(
        captured=AMOUNT,
        refunded=rupiah(refunded),
        waiting=rupiah(waiting),
        charged_back=rupiah(charged_back),
    )

    assert paid_status_from(books) is status
