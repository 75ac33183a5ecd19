"""A card that has not settled: all of it is let go, a part waits until it has."""

from typing import Any

import pytest

from tests.e2e.evidence import Shown, expect
from tests.e2e.refunds import ask_back, given_back, paid, refund_when
from tests.e2e.shop import Shop, until

pytestmark = pytest.mark.e2e

CARD: dict[str, Any] = {"method": "credit_card", "integration": "snap"}


async def test_a_card_in_capture_is_voided_so_that_it_is_never_debited(shop: Shop) -> None:
    order_id = await paid(shop, **CARD)

    await ask_back(shop, order_id)

    refund = await refund_when(shop, order_id, "confirmed")
    await expect(
        shop,
        order_id,
        Shown(
            status="refunded",
            told="We have returned your money",
            audit=("order.paid", "refund.sent", "refund.confirmed", "credit_note.issued"),
            gateway=("1 cancel",),
            mails=("receipt", "refund"),
        ),
    )
    assert refund["confirmed_at"] is not None, "no bank has to confirm what it never paid"


async def test_a_card_that_settles_before_it_could_be_voided_is_refunded(shop: Shop) -> None:
    order_id = await paid(shop, **CARD)
    gateway_order_id = f"{order_id}~1"
    await shop.plan_faults(
        {"operation": "cancel", "order_id": gateway_order_id, "fault": "status:412"}
    )

    await ask_back(shop, order_id)
    await told(shop, order_id, "refund.sent")
    await shop.customer(gateway_order_id, "settle")

    await expect(
        shop,
        order_id,
        Shown(
            status="refunded",
            told="is on its way back to you",
            audit=("order.paid", "refund.sent", "refund.accepted", "credit_note.issued"),
            gateway=("1 refund",),
            mails=("receipt", "refund"),
        ),
    )
    assert await given_back(shop, order_id) == [350_000]


async def test_a_part_of_a_card_payment_goes_back_once_the_card_has_settled(shop: Shop) -> None:
    order_id = await paid(shop, **CARD)
    gateway_order_id = f"{order_id}~1"

    await ask_back(shop, order_id, 100_000)
    await told(shop, order_id, "refund.sent")
    waiting = await shop.payment(order_id)
    await shop.customer(gateway_order_id, "settle")

    assert waiting["status"] == "paid"
    assert waiting["fulfillable"] is True
    await expect(
        shop,
        order_id,
        Shown(
            status="partially_refunded",
            told="Part of your money",
            audit=("order.paid", "refund.sent", "refund.accepted", "credit_note.issued"),
            gateway=("1 partial_refund",),
            mails=("receipt", "refund"),
        ),
    )
    assert await given_back(shop, order_id) == [100_000]


async def told(shop: Shop, order_id: str, event: str) -> None:
    """Wait until the audit log tells it."""

    async def look() -> bool | None:
        return event in await shop.audit(order_id) or None

    await until(look)
