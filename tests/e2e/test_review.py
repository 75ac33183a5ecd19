"""Midtrans holds a card payment for review: the customer waits, an operator decides."""

import pytest

from tests.e2e.evidence import Shown, expect
from tests.e2e.shop import Shop

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("decision", "end"),
    [
        (
            "approve",
            Shown(
                status="paid",
                told="We have received your payment",
                audit=("transaction.in_review", "review.approve", "order.paid"),
                gateway=("1 capture",),
                mails=("receipt",),
            ),
        ),
        (
            "deny",
            Shown(
                status="failed",
                told="no money was taken",
                audit=("transaction.in_review", "review.deny", "transaction.denied"),
                gateway=("1 deny",),
                mails=("failure",),
            ),
        ),
    ],
)
async def test_a_payment_in_review_becomes_what_the_operator_decides(
    impatient_shop: Shop, decision: str, end: Shown
) -> None:
    # By the time that anybody has looked at it, the customer's own time is up.
    shop = impatient_shop
    payment = await shop.checkout(method="credit_card", integration="snap")
    order_id = payment["order_id"]
    await shop.customer(f"{order_id}~1", "challenge")
    waiting = await shop.payment_when(order_id, status="in_review")
    assert "being reviewed for your safety" in waiting["message"]["en"]

    ran = await shop.command("review", order_id, decision, "--reason", "looked at it")

    assert ran.exit_code == 0, ran.err
    await expect(shop, order_id, end)
