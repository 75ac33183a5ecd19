"""What somebody gives back in Midtrans' dashboard is followed here, and told the customer."""

import pytest

from tests.e2e.evidence import Shown, expect
from tests.e2e.refunds import ask_back, credit_note, given_back, paid, refund_when
from tests.e2e.shop import Shop

pytestmark = pytest.mark.e2e


async def test_a_refund_made_in_the_dashboard_is_followed(shop: Shop) -> None:
    order_id = await paid(shop)

    await shop.customer(f"{order_id}~1", "refund", refund_key="by-hand")

    refunded = await expect(
        shop,
        order_id,
        Shown(
            status="refunded",
            told="is on its way back to you",
            audit=("order.paid", "refund.accepted", "credit_note.issued"),
            gateway=("1 refund",),
            mails=("receipt", "refund"),
        ),
    )
    [refund] = refunded["refunds"]
    assert refund["cause"] == "elsewhere"
    assert (await credit_note(shop, order_id, refund["credit_note_number"])).is_success
    assert (await ask_back(shop, order_id)).json()["code"] == "not_refundable"
    await shop.customer(f"{order_id}~1", "confirm_refund")
    await refund_when(shop, order_id, "confirmed", refund["refund_key"])


async def test_after_a_part_from_the_dashboard_only_the_rest_can_be_given_back(shop: Shop) -> None:
    order_id = await paid(shop)
    await shop.customer(f"{order_id}~1", "refund", refund_key="by-hand", amount=100_000)
    await shop.payment_when(order_id, status="partially_refunded")

    beyond = await ask_back(shop, order_id, 250_001)
    rest = await ask_back(shop, order_id)

    assert beyond.status_code == 422
    assert rest.json()["amount"]["value"] == 250_000
    await expect(
        shop,
        order_id,
        Shown(
            status="refunded",
            told="is on its way back to you",
            audit=("order.paid", "refund.accepted", "refund.sent", "refund.accepted"),
            gateway=("1 refund",),
            mails=("receipt", "refund", "refund"),
        ),
    )
    assert await given_back(shop, order_id) == [100_000, 250_000]


async def test_a_card_voided_in_the_dashboard_is_money_given_back(shop: Shop) -> None:
    order_id = await paid(shop, method="credit_card", integration="snap")

    await shop.customer(f"{order_id}~1", "cancel")

    refunded = await expect(
        shop,
        order_id,
        Shown(
            status="refunded",
            told="We have returned your money",
            audit=("order.paid", "refund.confirmed", "credit_note.issued"),
            gateway=("1 cancel",),
            mails=("receipt", "refund"),
        ),
    )
    assert refunded["fulfillable"] is False
    assert [refund["cause"] for refund in refunded["refunds"]] == ["elsewhere"]
