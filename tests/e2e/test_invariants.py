"""The invariants on what orders really leave behind, and that the collector looks everywhere."""

from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.e2e.letters import mail_about
from tests.e2e.refunds import refund_when
from tests.e2e.shop import Shop
from tests.faults.invariants import violations

pytestmark = pytest.mark.e2e


async def paid(shop: Shop, method: str) -> str:
    order_id = str((await shop.checkout(method=method))["order_id"])
    await shop.customer(f"{order_id}~1", "pay")
    await shop.payment_when(order_id, status="paid")
    await shop.mail(order_id)
    await shop.run(order_id).result()
    return order_id


async def test_they_hold_for_orders_that_were_paid_refunded_and_cancelled(shop: Shop) -> None:
    kept, refunded = await paid(shop, "bca_va"), await paid(shop, "qris")
    wish = {"refund_key": "wheel", "reason": "one wheel was missing"}
    await shop.post(f"/v1/payments/{refunded}/refunds", wish)
    await refund_when(shop, refunded, "accepted", key="wheel")
    await shop.customer(f"{refunded}~1", "confirm_refund")
    await refund_when(shop, refunded, "confirmed", key="wheel")
    cancelled = str((await shop.checkout(method="qris"))["order_id"])
    await shop.post(f"/v1/payments/{cancelled}/cancel", {"reason": "changed my mind"})
    await mail_about(shop, refunded, "Pengembalian dana")
    for order_id in (refunded, cancelled):
        await shop.run(order_id).result()

    assert await violations(shop, [kept, refunded, cancelled]) == []


async def test_a_mail_that_never_arrived_is_found(shop: Shop) -> None:
    order_id = await paid(shop, "bca_va")

    for letter in letters_about(shop.stack.mail_dir, order_id):
        letter.unlink()

    found = await violations(shop, [order_id])
    assert found == [f"I7 {order_id} its mail receipt was sent, and did not arrive"]


def letters_about(mail_dir: Path, order_id: str) -> list[Path]:
    return [
        each
        for each in mail_dir.glob("*.eml")
        if order_id in str(message_from_bytes(each.read_bytes(), policy=policy.default)["Subject"])
    ]
