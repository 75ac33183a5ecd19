"""A refund that Midtrans does not answer, denies, or cannot pay: once at most, and told."""

from collections.abc import AsyncIterator

import pytest

from tests.e2e.evidence import Shown, alert_code, expect
from tests.e2e.refunds import ask_back, given_back, paid, refund_when
from tests.e2e.shop import Shop, until

pytestmark = pytest.mark.e2e

TAKEN = Shown(
    status="refunded",
    told="is on its way back to you",
    audit=("order.paid", "refund.sent", "refund.accepted"),
    gateway=("1 refund",),
    mails=("receipt", "refund"),
)


@pytest.fixture
async def broke_shop(shop: Shop) -> AsyncIterator[Shop]:
    """Where the merchant's balance at Midtrans pays for no refund."""
    await shop.behave(refund_funds=0)
    yield shop
    await shop.behave(refund_funds=-1)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param("timeout_after", id="timeout after the effect"),
        pytest.param("malformed", id="half an answer"),
        pytest.param("refuse", id="the connection breaks"),
        pytest.param("status:503", id="out of order"),
        pytest.param("status:406", id="406 duplicate"),
    ],
)
async def test_a_refund_of_unknown_outcome_is_made_once(shop: Shop, fault: str) -> None:
    order_id = await paid(shop)
    about = {"order_id": f"{order_id}~1"}
    await shop.plan_faults(
        {"operation": "refund", "nth": 1, "fault": fault, **about},
        # Nobody tells, so that the service itself must find out.
        {"operation": "webhook", "fault": "drop", **about},
    )

    answer = await ask_back(shop, order_id, 350_000)

    assert answer.status_code == 202
    await expect(shop, order_id, TAKEN)
    assert await given_back(shop, order_id) == [350_000]


async def test_a_refund_that_the_bank_denies_leaves_the_order_paid_and_may_be_asked_for_again(
    shop: Shop,
) -> None:
    order_id = await paid(shop)
    await shop.plan_faults(
        {"operation": "refund", "order_id": f"{order_id}~1", "nth": 1, "fault": "deny"}
    )

    await ask_back(shop, order_id)

    await refund_when(shop, order_id, "refused")
    still_paid = await expect(
        shop,
        order_id,
        Shown(
            status="paid",
            told="We have received your payment",
            audit=("order.paid", "refund.sent", "refund.refused"),
            gateway=("1 settlement",),
            mails=("receipt",),
            alerts=("refund_refused",),
        ),
    )
    assert still_paid["fulfillable"] is True
    assert still_paid["refunded_amount"]["value"] == 0
    assert (await ask_back(shop, order_id)).json()["status"] == "refused"
    await ask_back(shop, order_id, key="return-2")
    await refund_when(shop, order_id, "accepted", "return-2")
    assert await given_back(shop, order_id) == [350_000]


async def test_a_refund_waits_until_the_merchants_balance_allows_it(broke_shop: Shop) -> None:
    shop = broke_shop
    order_id = await paid(shop)

    await ask_back(shop, order_id)
    await alerted(shop, order_id, "refund_funds")
    waiting = await refund_when(shop, order_id, "requested")
    paid_still = await shop.payment(order_id)
    await shop.behave(refund_funds=-1)

    assert waiting["credit_note_number"] is None
    assert paid_still["status"] == "paid"
    assert paid_still["fulfillable"] is False, "its money is on its way back"
    await expect(
        shop,
        order_id,
        Shown(
            status="refunded",
            told="is on its way back to you",
            audit=("order.paid", "refund.sent", "refund.accepted"),
            gateway=("1 refund",),
            mails=("receipt", "refund"),
            alerts=("refund_funds",),
        ),
    )
    assert await given_back(shop, order_id) == [350_000]


@pytest.mark.parametrize("fault", ["duplicate:2", "before_response", "drop"])
async def test_however_notifications_of_a_refund_come_it_is_booked_once(
    shop: Shop, fault: str
) -> None:
    order_id = await paid(shop)
    await shop.plan_faults(
        {"operation": "webhook", "order_id": f"{order_id}~1", "fault": fault, "times": 1}
    )

    await ask_back(shop, order_id)

    await expect(shop, order_id, TAKEN)
    await shop.customer(f"{order_id}~1", "confirm_refund")
    await refund_when(shop, order_id, "confirmed")
    events = await shop.audit(order_id)
    assert [event for event in events if event.startswith("refund.")] == [
        "refund.requested",
        "refund.sent",
        "refund.accepted",
        "refund.confirmed",
    ]


async def test_a_confirmation_that_no_notification_tells_is_found_by_asking(shop: Shop) -> None:
    order_id = await paid(shop)
    await ask_back(shop, order_id)
    await expect(shop, order_id, TAKEN)

    await shop.customer(f"{order_id}~1", "confirm_refund", notify=False)
    # It would have asked by itself, some time later.
    ran = await shop.command("retry-now", order_id, "--reason", "the bank says so")

    assert ran.exit_code == 0, ran.err
    await refund_when(shop, order_id, "confirmed")
    payment = await shop.payment(order_id)
    assert "We have returned your money" in payment["message"]["en"]


async def alerted(shop: Shop, order_id: str, code: str) -> None:
    async def look() -> bool | None:
        return code in map(alert_code, await shop.alerts(order_id)) or None

    await until(look)
