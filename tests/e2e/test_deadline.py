"""The customer's time is up: the gateway, not our clock, says what became of the money."""

from dataclasses import replace

import pytest

from tests.e2e.evidence import Shown, expect
from tests.e2e.shop import Shop

pytestmark = pytest.mark.e2e

PAID = Shown(
    status="paid",
    told="We have received your payment",
    audit=("attempt.opened", "attempt.closing", "order.paid"),
    gateway=("1 settlement",),
    mails=("receipt",),
)
EXPIRED = Shown(
    status="expired",
    told="The time to pay is over and no money was taken",
    audit=("attempt.opened", "attempt.closing", "mail.sent"),
    gateway=("1 expire",),
    mails=("expiry",),
)


async def test_nobody_pays_in_time_and_the_order_expires_at_the_gateway_too(
    impatient_shop: Shop,
) -> None:
    shop = impatient_shop
    payment = await shop.checkout()

    expired = await expect(shop, payment["order_id"], EXPIRED)

    assert expired["methods"]
    assert expired["retry_until"]


async def test_paid_in_the_last_moment_without_any_webhook(impatient_shop: Shop) -> None:
    shop = impatient_shop
    payment = await shop.checkout()

    # Nobody hears of it before the time is up: no webhook, no asking.
    await shop.customer(f"{payment['order_id']}~1", "pay", notify=False)

    await expect(shop, payment["order_id"], PAID)


async def test_paid_while_we_expire_it(impatient_shop: Shop) -> None:
    shop, order_id = impatient_shop, await overdue_order(impatient_shop)

    await shop.customer(f"{order_id}~1", "pay", notify=False)

    await expect(shop, order_id, PAID)


async def test_still_pending_after_its_deadline_it_is_checked_until_the_gateway_lets_go(
    impatient_shop: Shop,
) -> None:
    shop, order_id = impatient_shop, await overdue_order(impatient_shop)

    waiting = await shop.payment(order_id)
    refused = await shop.post(
        f"/v1/payments/{order_id}/attempts",
        {"after_attempt": 1, "method": "qris", "integration": "core"},
    )

    assert "do not pay again" in waiting["message"]["en"]
    assert waiting["instructions"] is None
    assert refused.status_code == 409, "no new attempt before the old one is over"
    await expect(shop, order_id, EXPIRED)


async def test_a_snap_page_that_nobody_opened_expires_once_the_gateway_stays_without_it(
    impatient_shop: Shop,
) -> None:
    shop = impatient_shop
    payment = await shop.checkout(method="any", integration="snap")

    await expect(
        shop,
        payment["order_id"],
        Shown(
            status="expired",
            told="The time to pay is over and no money was taken",
            audit=("attempt.opened", "attempt.closing", "attempt.expired", "mail.sent"),
            gateway=(),
            mails=("expiry",),
        ),
    )
    page = await shop.http.get(payment["instructions"]["redirect_url"])
    assert "Halaman ini sudah ditutup" in page.text, "it takes no money any more"


async def test_paid_on_a_snap_page_that_was_closed_without_any_webhook(
    impatient_shop: Shop,
) -> None:
    shop, order_id = impatient_shop, impatient_shop.new_order_id()
    await shop.plan_faults(
        {"operation": "webhook", "order_id": f"{order_id}~1", "fault": "drop"},
    )
    await shop.checkout(order_id=order_id, method="any", integration="snap")

    # Few methods can be as short as three seconds; a card can.
    await shop.customer(f"{order_id}~1", "pay", method="credit_card")

    paid = await expect(shop, order_id, replace(PAID, gateway=("1 capture",)))
    assert paid["paid_with"] == "credit_card"


async def overdue_order(shop: Shop) -> str:
    """An order past its deadline whose transaction the gateway will not let go yet."""
    order_id = shop.new_order_id()
    await shop.plan_faults(
        {"operation": "expire", "order_id": f"{order_id}~1", "nth": 1, "fault": "status:412"}
    )
    await shop.checkout(order_id=order_id)
    await shop.payment_when(order_id, status="checking")
    return order_id
