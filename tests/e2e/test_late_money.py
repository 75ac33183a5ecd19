"""Money that comes after the order has ended: it pays the order, or it goes back by itself."""

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from tests.e2e.evidence import Shown, expect
from tests.e2e.letters import mail_about
from tests.e2e.refunds import refund_when
from tests.e2e.shop import Shop, until

pytestmark = pytest.mark.e2e

RETURNED = Shown(
    status="cancelled",
    told="after this order had ended, and it is on its way back to you",
    audit=("refund.requested", "refund.sent", "refund.accepted"),
    gateway=("1 refund",),
    mails=("cancellation", "refund"),
)
TO_TRANSFER = Shown(
    status="cancelled",
    told="after this order had ended, and will return it",
    audit=("refund.requested", "refund.manual", "case.manual_refund"),
    gateway=("1 settlement",),
    mails=("cancellation", "bank_details"),
    alerts=("manual_refund",),
    attention="manual_refund",
)


async def cancelled(shop: Shop, method: str) -> str:
    order_id = str((await shop.checkout(method=method))["order_id"])
    await shop.post(f"/v1/payments/{order_id}/cancel", {"reason": "changed my mind"})
    return order_id


async def expired(shop: Shop, method: str) -> str:
    order_id = str((await shop.checkout(method=method))["order_id"])
    await shop.customer(f"{order_id}~1", "expire")
    await shop.payment_when(order_id, status="expired")
    await shop.mail(order_id)
    return order_id


async def test_money_after_a_cancel_goes_back_by_the_gateway(shop: Shop) -> None:
    order_id = await cancelled(shop, "qris")

    await shop.customer(f"{order_id}~1", "pay")

    returned = await expect(shop, order_id, RETURNED)
    [refund] = returned["refunds"]
    assert (refund["cause"], refund["amount"]["value"]) == ("late_money", 350_000)
    assert refund["credit_note_number"] is None
    assert returned["invoice_number"] is None
    await shop.customer(f"{order_id}~1", "confirm_refund")
    await refund_when(shop, order_id, "confirmed", key=refund["refund_key"])
    assert await shop.run(order_id).result() == "cancelled"
    back = replace(RETURNED, told="after this order had ended, and have returned it")
    await expect(shop, order_id, back)


async def test_a_card_that_is_late_is_never_debited(shop: Shop) -> None:
    payment = await shop.checkout(method="any", integration="snap")
    order_id = payment["order_id"]
    # Left waiting at 3D Secure, then let go by the gateway.
    await shop.customer(f"{order_id}~1", "expire", method="credit_card")
    await shop.post(f"/v1/payments/{order_id}/cancel", {"reason": "changed my mind"})
    await shop.payment_when(order_id, status="cancelled")

    await shop.customer(f"{order_id}~1", "pay")

    returned = await expect(
        shop,
        order_id,
        replace(
            RETURNED,
            told="after this order had ended, and have returned it",
            audit=("refund.requested", "refund.sent", "refund.confirmed"),
            gateway=("1 cancel",),
        ),
    )
    assert [each["status"] for each in returned["refunds"]] == ["confirmed"]


async def test_money_after_a_cancel_that_the_gateway_cannot_return_is_to_be_transferred(
    shop: Shop,
) -> None:
    order_id = await cancelled(shop, "bca_va")

    await shop.customer(f"{order_id}~1", "pay")

    await expect(shop, order_id, TO_TRANSFER)


async def test_late_money_that_the_gateway_will_not_return_is_to_be_transferred(
    shop: Shop,
) -> None:
    order_id = await cancelled(shop, "qris")
    await shop.plan_faults(
        {"operation": "refund", "order_id": f"{order_id}~1", "nth": 1, "fault": "deny"}
    )

    await shop.customer(f"{order_id}~1", "pay")

    await mail_about(shop, order_id, "sampaikan rekening")
    kept = await shop.payment_when(order_id, status="cancelled", attention="manual_refund")
    assert [(each["status"], each["cause"]) for each in kept["refunds"]] == [
        ("manual", "late_money")
    ]
    [transaction] = await shop.at_gateway(order_id)
    assert transaction["transaction_status"] == "settlement"


async def test_late_money_pays_the_order_while_another_method_may_be_tried(shop: Shop) -> None:
    order_id = await expired(shop, "bca_va")

    await shop.customer(f"{order_id}~1", "pay")

    paid = await expect(
        shop,
        order_id,
        Shown(
            status="paid",
            told="We have received your payment",
            audit=("attempt.opened", "order.paid"),
            gateway=("1 settlement",),
            mails=("expiry", "receipt"),
        ),
    )
    assert paid["refunds"] == []


@pytest.mark.parametrize(
    ("method", "end"), [("qris", RETURNED), ("bca_va", TO_TRANSFER)], ids=["qris", "bca_va"]
)
async def test_once_no_other_method_may_be_tried_late_money_goes_back(
    strict_shop: Shop, method: str, end: Shown
) -> None:
    shop, order_id = strict_shop, await expired(strict_shop, method)
    await shop.payment_when(order_id, methods=[])

    await shop.customer(f"{order_id}~1", "pay")

    mails = ("expiry", *end.mails[1:])
    returned = await expect(shop, order_id, replace(end, status="expired", mails=mails))
    assert returned["invoice_number"] is None


async def test_money_and_cancel_at_the_same_moment_pay_the_order_or_go_back(shop: Shop) -> None:
    orders = [(await shop.checkout(method="qris"))["order_id"] for _ in range(4)]

    for order_id in orders:
        await asyncio.gather(
            shop.post(f"/v1/payments/{order_id}/cancel", {"reason": "changed my mind"}),
            shop.customer(f"{order_id}~1", "pay"),
        )

    for order_id in orders:
        await until(partial(has_ended_alike, shop, order_id))


async def has_ended_alike(shop: Shop, order_id: str) -> bool | None:
    """Whether the order is paid, or its money back, here and at the gateway."""
    [transaction] = await shop.at_gateway(order_id)
    end = ((await shop.payment(order_id))["status"], transaction["transaction_status"])
    return end in {("paid", "settlement"), ("cancelled", "refund")} or None
