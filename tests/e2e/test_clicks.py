"""An impatient customer clicks often; the order is charged once, and every click hears the same."""

import asyncio

import pytest

from tests.e2e.evidence import Shown, expect
from tests.e2e.shop import Shop

pytestmark = pytest.mark.e2e


async def test_fifty_simultaneous_clicks_open_one_transaction_and_hear_the_same(
    shop: Shop,
) -> None:
    order = shop.order()

    answers = await asyncio.gather(*(shop.post("/v1/payments", order) for _ in range(50)))

    assert {answer.status_code for answer in answers} <= {200, 201}
    bodies = [answer.json() for answer in answers]
    assert all(body == bodies[0] for body in bodies)
    await expect(
        shop,
        order["order_id"],
        Shown(
            status="awaiting_payment",
            told=bodies[0]["instructions"]["va_number"],
            audit=("order.placed", "attempt.opened"),
            gateway=("1 pending",),
        ),
    )


async def test_a_double_click_on_another_method_opens_one_more_attempt(shop: Shop) -> None:
    payment = await shop.checkout(method="bca_va")
    order_id = payment["order_id"]
    another = {"after_attempt": 1, "method": "bni_va", "integration": "core"}

    answers = await asyncio.gather(
        *(shop.post(f"/v1/payments/{order_id}/attempts", another) for _ in range(10))
    )
    too_late = await shop.post(
        f"/v1/payments/{order_id}/attempts", {**another, "method": "permata_va"}
    )

    assert {answer.status_code for answer in answers} <= {200, 201}
    assert {answer.json()["instructions"]["va_number"] for answer in answers} != {
        payment["instructions"]["va_number"]
    }
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert (too_late.status_code, too_late.json()["code"]) == (409, "attempt_conflict")
    await shop.customer(f"{order_id}~2", "pay")
    await expect(
        shop,
        order_id,
        Shown(
            status="paid",
            told="We have received your payment",
            audit=("attempt.accepted", "attempt.closing", "attempt.accepted", "order.paid"),
            gateway=("1 expire", "2 settlement"),
            mails=("receipt",),
        ),
    )
