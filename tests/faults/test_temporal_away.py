"""Temporal stops: Midtrans is asked to come again, and what it then says counts."""

from datetime import UTC, datetime

import pytest

from tests.e2e.evidence import Shown, expect
from tests.e2e.shop import Shop, until
from tests.faults.conftest import Without

pytestmark = pytest.mark.e2e

UNTIL_MIDTRANS_TRIES_AGAIN_SECONDS = 200


async def test_a_notification_that_temporal_could_not_take_is_taken_when_it_comes_again(
    breakable_shop: Shop, without: Without
) -> None:
    shop = breakable_shop
    order_id = (await shop.checkout())["order_id"]
    gateway_order_id = f"{order_id}~1"

    async def refused() -> int | None:
        [notification] = await shop.notifications(gateway_order_id, "settlement")
        attempts = notification["attempts"]
        return attempts[0]["status"] if attempts else None

    async with without("temporal"):
        await shop.customer(gateway_order_id, "pay")
        assert await until(refused) == 503
        assert (await shop.payment(order_id))["status"] == "awaiting_payment"
    await shop.move_gateway_clock(advance_seconds=UNTIL_MIDTRANS_TRIES_AGAIN_SECONDS)

    await shop.payment_when(order_id, status="paid")
    await shop.move_gateway_clock(now=datetime.now(UTC).isoformat())
    await expect(
        shop,
        order_id,
        Shown(
            status="paid",
            told="We have received your payment",
            audit=("order.placed", "attempt.opened", "order.paid", "mail.sent"),
            gateway=("1 settlement",),
            mails=("receipt",),
        ),
    )
