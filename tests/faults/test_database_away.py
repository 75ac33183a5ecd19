"""PostgreSQL stops in the middle of a payment: nothing is lost, somebody is told."""

import pytest

from tests.e2e.evidence import Shown, alert_code, expect
from tests.e2e.shop import Shop, until
from tests.faults.conftest import Without

pytestmark = pytest.mark.e2e

# Quick tries, then those of the durable policy; then the administrator is told.
UNTIL_ALERTED_SECONDS = 60


async def test_money_that_came_while_the_database_was_away_is_booked_once_it_is_back(
    breakable_shop: Shop, without: Without
) -> None:
    shop = breakable_shop
    order_id = (await shop.checkout())["order_id"]

    async def alerted() -> list[str] | None:
        return list(map(alert_code, await shop.alerts(order_id))) or None

    async with without("postgres"):
        await shop.customer(f"{order_id}~1", "pay")
        await shop.delivered(f"{order_id}~1", "settlement")
        unread = await shop.get(f"/v1/payments/{order_id}")
        assert await until(alerted, UNTIL_ALERTED_SECONDS) == ["database_stuck"]
    ran = await shop.command("retry-now", order_id, "--reason", "PostgreSQL is back")

    assert unread.status_code == 503
    assert unread.json()["code"] == "temporarily_unavailable"
    assert ran.exit_code == 0, ran.err
    await shop.payment_when(order_id, status="paid")
    await shop.run(order_id).result()
    await expect(
        shop,
        order_id,
        Shown(
            status="paid",
            told="We have received your payment",
            audit=("order.placed", "attempt.opened", "order.paid", "mail.sent"),
            gateway=("1 settlement",),
            mails=("receipt",),
            alerts=("database_stuck",),
        ),
    )
    assert (await shop.feed(order_id)).count("payment.paid") == 1
