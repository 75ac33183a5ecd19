"""Midtrans cannot be reached: the customer is told at once, and nothing stays open there."""

import pytest

from tests.e2e.evidence import Shown, expect
from tests.e2e.shop import Shop
from tests.faults.conftest import Without

pytestmark = pytest.mark.e2e


async def test_a_gateway_that_cannot_be_reached_fails_the_payment_with_advice(
    breakable_shop: Shop, without: Without
) -> None:
    shop, order = breakable_shop, breakable_shop.order()
    order_id = order["order_id"]

    async with without("simulator"):
        answer = await shop.post("/v1/payments", order)
        meanwhile = await shop.payment(order_id)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (503, "gateway_unreachable")
    assert "no money" in problem["message"]["en"]
    assert "dana" in problem["message"]["id"]
    assert meanwhile["status"] == "failed"
    # It is closed as soon as the gateway answers again.
    failed = await expect(
        shop,
        order_id,
        Shown(
            status="failed",
            told="no money was taken",
            audit=("attempt.closing", "mail.sent", "attempt.failed"),
            gateway=(),
            mails=("failure",),
        ),
    )
    assert failed["methods"]
    another = {"after_attempt": 1, "method": "bca_va", "integration": "core"}
    assert (await shop.post(f"/v1/payments/{order_id}/attempts", another)).status_code == 201
    await shop.customer(f"{order_id}~2", "pay")
    await expect(
        shop,
        order_id,
        Shown(
            status="paid",
            told="We have received your payment",
            audit=("attempt.failed", "attempt.opened", "order.paid"),
            gateway=("2 settlement",),
            mails=("failure", "receipt"),
        ),
    )
