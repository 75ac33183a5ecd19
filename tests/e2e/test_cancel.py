"""Cancelling races against the money, and the gateway says who was faster."""

import asyncio

import pytest

from tests.e2e.evidence import Shown, expect
from tests.e2e.shop import Shop

pytestmark = pytest.mark.e2e

CANCELLED = Shown(
    status="cancelled",
    told="The payment was cancelled and no money was taken",
    audit=("attempt.opened", "attempt.closing", "mail.sent"),
    gateway=("1 expire",),
    mails=("cancellation",),
)
PAID = Shown(
    status="paid",
    told="We have received your payment",
    audit=("attempt.closing", "order.paid", "mail.sent"),
    gateway=("1 settlement",),
    mails=("receipt",),
)


async def test_a_cancelled_order_is_cancelled_at_the_gateway_too(shop: Shop) -> None:
    order_id = (await shop.checkout())["order_id"]

    answer = await shop.post(f"/v1/payments/{order_id}/cancel", {"reason": "changed my mind"})
    again = await shop.post(f"/v1/payments/{order_id}/cancel", {"reason": "changed my mind"})

    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert again.json() == answer.json()
    await expect(shop, order_id, CANCELLED)


async def test_an_operator_cancels_with_a_reason(shop: Shop) -> None:
    order_id = (await shop.checkout())["order_id"]

    ran = await shop.command("cancel", order_id, "--reason", "out of stock")

    assert ran.exit_code == 0, ran.err
    await expect(shop, order_id, CANCELLED)


async def test_a_cancelled_snap_page_takes_no_money_any_more(shop: Shop) -> None:
    payment = await shop.checkout(method="any", integration="snap")
    order_id = payment["order_id"]

    answer = await shop.post(f"/v1/payments/{order_id}/cancel", {"reason": "changed my mind"})

    assert answer.json()["status"] == "cancelled"
    paying = await shop.http.post(
        f"{shop.simulator}/transactions/{order_id}~1/pay", json={"method": "gopay"}
    )
    assert not paying.is_success
    await expect(
        shop,
        order_id,
        Shown(
            status="cancelled",
            told="The payment was cancelled",
            audit=("attempt.opened", "attempt.closing", "attempt.cancelled"),
            gateway=(),
            mails=("cancellation",),
        ),
    )


async def test_money_that_came_just_before_the_cancel_wins(shop: Shop) -> None:
    order_id = (await shop.checkout())["order_id"]
    await shop.customer(f"{order_id}~1", "pay", notify=False)

    answer = await shop.post(f"/v1/payments/{order_id}/cancel", {"reason": "too late"})

    assert (answer.status_code, answer.json()["code"]) == (409, "already_paid")
    await expect(shop, order_id, PAID)


async def test_money_that_comes_while_it_is_being_cancelled_wins(shop: Shop) -> None:
    order_id = shop.new_order_id()
    await shop.plan_faults(
        {"operation": "expire", "order_id": f"{order_id}~1", "nth": 1, "fault": "status:412"}
    )
    await shop.checkout(order_id=order_id)

    cancelling = asyncio.create_task(
        shop.post(f"/v1/payments/{order_id}/cancel", {"reason": "too late"})
    )
    await shop.payment_when(order_id, status="checking")
    await shop.customer(f"{order_id}~1", "pay", notify=False)

    assert (await cancelling).status_code == 409
    await expect(shop, order_id, PAID)


async def test_cancel_and_payment_at_the_same_moment_end_in_the_same_state_here_and_there(
    shop: Shop,
) -> None:
    orders = [(await shop.checkout())["order_id"] for _ in range(5)]

    for order_id in orders:
        await asyncio.gather(
            shop.post(f"/v1/payments/{order_id}/cancel", {"reason": "changed my mind"}),
            shop.http.post(f"{shop.simulator}/transactions/{order_id}~1/settle", json={}),
        )

    for order_id in orders:
        [transaction] = await shop.at_gateway(order_id)
        was_paid = transaction["transaction_status"] == "settlement"
        payment = await shop.payment_when(order_id, status="paid" if was_paid else "cancelled")
        assert payment["attention"] is None
