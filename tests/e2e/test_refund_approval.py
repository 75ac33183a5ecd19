"""A refund above the limit goes out when a second person agrees, and not otherwise."""

import pytest

from tests.e2e.evidence import Shown, expect
from tests.e2e.operators import decide, open_case, shown
from tests.e2e.refunds import given_back, paid, refund_when
from tests.e2e.shop import OpenCase, Shop

pytestmark = pytest.mark.e2e

LARGE = 1_000_001


async def wished(shop: Shop) -> tuple[str, OpenCase]:
    """A large order that its operator, ani, wants to give back."""
    order_id = await paid(shop, amount=LARGE)
    ran = await shop.command(
        *("refund", order_id, "--key", "return-1", "--reason", "never arrived"), operator="ani"
    )
    assert ran.exit_code == 0, ran.err
    assert "second person" in ran.out
    return order_id, await open_case(shop, order_id, "refund_approval")


async def test_a_large_refund_goes_out_once_somebody_else_has_approved_it(shop: Shop) -> None:
    order_id, case = await wished(shop)
    await expect(
        shop,
        order_id,
        Shown(
            status="paid",
            told="We have received your payment",
            audit=("order.paid", "refund.requested", "case.refund_approval"),
            gateway=("1 settlement",),
            mails=("receipt",),
            alerts=("refund_approval",),
            attention="refund_approval",
        ),
    )

    alone = await decide(shop, case, "approved", operator="ani")
    seen = await shown(shop, case, operator="budi")
    approved = await decide(shop, case, "approved", operator="budi")

    assert alone.exit_code != 0
    assert "somebody else than cli:ani" in alone.err
    assert seen["amount"] == {"value": LARGE, "currency": "IDR"}
    assert seen["refund"]["requested_by"] == "cli:ani"
    assert approved.exit_code == 0, approved.err
    await expect(
        shop,
        order_id,
        Shown(
            status="refunded",
            told="is on its way back to you",
            audit=(
                *("order.paid", "case.refund_approval", "case.approved"),
                *("refund.approved", "refund.sent", "refund.accepted"),
            ),
            gateway=("1 refund",),
            mails=("receipt", "refund"),
            alerts=("refund_approval",),
        ),
    )


async def test_a_large_refund_that_is_rejected_never_goes_out(shop: Shop) -> None:
    order_id, case = await wished(shop)

    rejected = await decide(shop, case, "rejected", operator="budi")

    assert rejected.exit_code == 0, rejected.err
    await refund_when(shop, order_id, "refused")
    still_paid = await expect(
        shop,
        order_id,
        Shown(
            status="paid",
            told="We have received your payment",
            audit=("order.paid", "case.refund_approval", "case.rejected", "refund.refused"),
            gateway=("1 settlement",),
            mails=("receipt",),
            alerts=("refund_approval",),
        ),
    )
    assert still_paid["fulfillable"] is True
    assert await given_back(shop, order_id) == []


async def test_money_given_back_in_the_dashboard_meanwhile_is_not_given_back_again(
    shop: Shop,
) -> None:
    order_id, case = await wished(shop)

    await shop.customer(f"{order_id}~1", "refund", refund_key="by-hand")

    await expect(
        shop,
        order_id,
        Shown(
            status="refunded",
            told="is on its way back to you",
            audit=(
                *("order.paid", "case.refund_approval"),
                *("refund.accepted", "refund.refused", "case.superseded"),
            ),
            gateway=("1 refund",),
            mails=("receipt", "refund"),
            alerts=("refund_approval",),
        ),
    )
    late = await decide(shop, case, "approved", operator="budi")
    assert late.exit_code != 0
    assert await given_back(shop, order_id) == [LARGE]
