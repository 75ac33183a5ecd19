"""One order, paid twice: one payment stays, the other one goes back."""

import asyncio
from dataclasses import replace

import pytest

from tests.e2e.evidence import Shown, expect
from tests.e2e.refunds import refund_when
from tests.e2e.shop import Shop, until

pytestmark = pytest.mark.e2e

TWICE = Shown(
    status="paid",
    told="What you paid more than once is on its way back to you",
    audit=("order.paid", "refund.requested", "refund.accepted"),
    gateway=("1 refund", "2 settlement"),
    mails=("receipt", "refund"),
)


async def switched(shop: Shop, first: str, second: str, integration: str = "core") -> str:
    """An order whose first method was given up for the second, which then paid it."""
    order_id = str((await shop.checkout(method=first))["order_id"])
    answer = await shop.post(
        f"/v1/payments/{order_id}/attempts",
        {"after_attempt": 1, "method": second, "integration": integration},
    )
    assert answer.status_code == 201, answer.text
    await shop.customer(f"{order_id}~2", "pay")
    await shop.payment_when(order_id, status="paid")
    await shop.mail(order_id)
    return order_id


async def test_a_second_payment_goes_back_by_the_gateway(shop: Shop) -> None:
    order_id = await switched(shop, "qris", "bca_va")

    await shop.customer(f"{order_id}~1", "pay")

    paid = await expect(shop, order_id, TWICE)
    assert paid["paid_with"] == "bca_va"
    assert paid["refunded_amount"]["value"] == 0, "none of the order's own money went back"
    [refund] = paid["refunds"]
    assert (refund["cause"], refund["amount"]["value"]) == ("second_payment", 350_000)
    assert refund["credit_note_number"] is None
    await shop.customer(f"{order_id}~1", "confirm_refund")
    await refund_when(shop, order_id, "confirmed", key=refund["refund_key"])
    back = "What you paid more than once has been returned"
    await expect(shop, order_id, replace(TWICE, told=back))


async def test_of_two_payments_the_one_that_the_gateway_can_return_goes_back(shop: Shop) -> None:
    order_id = await switched(shop, "bca_va", "qris")

    await shop.customer(f"{order_id}~1", "pay")

    paid = await expect(
        shop,
        order_id,
        replace(
            TWICE,
            audit=("order.paid", "order.paid_otherwise", "refund.requested", "refund.accepted"),
            gateway=("1 settlement", "2 refund"),
            mails=("receipt", "receipt", "refund"),
        ),
    )
    assert paid["paid_with"] == "bca_va"
    assert paid["fulfillable"] is True


async def test_a_card_that_paid_twice_is_never_debited(shop: Shop) -> None:
    order_id = await switched(shop, "bca_va", "credit_card", "snap")

    await shop.customer(f"{order_id}~1", "pay")

    await expect(
        shop,
        order_id,
        replace(
            TWICE,
            told="What you paid more than once has been returned",
            audit=("order.paid", "order.paid_otherwise", "refund.requested", "refund.confirmed"),
            gateway=("1 settlement", "2 cancel"),
            mails=("receipt", "receipt", "refund"),
        ),
    )


async def test_of_two_payments_that_no_gateway_returns_the_second_is_to_be_transferred(
    shop: Shop,
) -> None:
    order_id = await switched(shop, "bca_va", "bni_va")

    await shop.customer(f"{order_id}~1", "pay")

    await expect(
        shop,
        order_id,
        replace(
            TWICE,
            told="What you paid more than once will be returned",
            audit=("order.paid", "refund.requested", "refund.manual", "case.manual_refund"),
            gateway=("1 settlement", "2 settlement"),
            mails=("receipt", "bank_details"),
            alerts=("manual_refund",),
            attention="manual_refund",
        ),
    )


async def test_of_two_payments_at_the_same_moment_one_stays_and_one_goes_back(shop: Shop) -> None:
    order_id = (await shop.checkout(method="qris"))["order_id"]
    await shop.post(
        f"/v1/payments/{order_id}/attempts",
        {"after_attempt": 1, "method": "gopay", "integration": "core"},
    )

    await asyncio.gather(
        shop.customer(f"{order_id}~1", "pay"), shop.customer(f"{order_id}~2", "pay")
    )

    async def is_settled() -> bool | None:
        held = [each["transaction_status"] for each in await shop.at_gateway(order_id)]
        return sorted(held) == ["refund", "settlement"] or None

    await until(is_settled)
    paid = await shop.payment_when(order_id, status="paid")
    [refund] = paid["refunds"]
    assert (refund["cause"], paid["refunded_amount"]["value"]) == ("second_payment", 0)
    assert (await shop.feed(order_id)).count("payment.paid") == 1
