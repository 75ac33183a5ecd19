"""What Midtrans holds differs from what we asked for: nothing is paid, a human decides."""

from dataclasses import replace

import pytest

from tests.e2e.evidence import Shown, expect
from tests.e2e.shop import Shop

pytestmark = pytest.mark.e2e

DOUBTED = Shown(
    status="checking",
    told="do not pay again",
    audit=("case.mismatch",),
    gateway=("1 settlement",),
    alerts=("mismatch",),
    attention="mismatch",
)
REJECTED = Shown(
    status="failed",
    told="no money was taken",
    audit=("case.mismatch", "case.rejected"),
    gateway=("1 settlement",),
    mails=("failure",),
    alerts=("mismatch",),
)


async def test_a_wrong_amount_pays_nothing_until_a_human_has_decided(shop: Shop) -> None:
    order_id = (await shop.checkout())["order_id"]

    await shop.customer(f"{order_id}~1", "pay", amount=35_000)

    doubted = await expect(shop, order_id, DOUBTED)
    assert doubted["fulfillable"] is False
    [case] = await shop.cases(order_id)
    await shop.resolve(case, "rejected")
    await expect(shop, order_id, REJECTED)


async def test_money_that_a_human_accepts_pays_the_order(shop: Shop) -> None:
    order_id = (await shop.checkout())["order_id"]
    await shop.customer(f"{order_id}~1", "pay", amount=349_999)
    await expect(shop, order_id, DOUBTED)
    [case] = await shop.cases(order_id)

    await shop.resolve(case, "accepted")

    await expect(
        shop,
        order_id,
        Shown(
            status="paid",
            told="We have received your payment",
            audit=("case.mismatch", "case.accepted", "order.paid"),
            gateway=("1 settlement",),
            mails=("receipt",),
            alerts=("mismatch",),
        ),
    )


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"custom_field1": "of-another-database"}, id="nonce"),
        pytest.param({"currency": "USD"}, id="currency"),
    ],
)
async def test_a_transaction_that_is_not_ours_is_never_adopted(
    shop: Shop, other: dict[str, str]
) -> None:
    """A shared account, or a restored database, may hold our very order id already."""
    order = shop.order()
    order_id = order["order_id"]
    gateway_order_id = f"{order_id}~1"
    await shop.plant(
        order_id=gateway_order_id, gross_amount=350_000, status="pending", notify=False, **other
    )

    answer = await shop.post("/v1/payments", order)

    assert answer.status_code == 202
    await shop.payment_when(order_id, attention="mismatch")
    await shop.customer(gateway_order_id, "pay")
    # Once for what was found, once more because money came.
    doubted = replace(DOUBTED, audit=("case.mismatch", "case.mismatch"))
    await expect(shop, order_id, doubted)
    assert [case.code for case in await shop.cases(order_id)] == ["mismatch", "mismatch"]
