"""The bank or the wallet says no: the customer is told, and pays with another method."""

import re

import pytest

from tests.e2e.browser import open_page
from tests.e2e.evidence import Shown, expect
from tests.e2e.shop import Shop

pytestmark = pytest.mark.e2e


async def test_a_denied_customer_pays_with_another_method_by_the_link_of_the_mail(
    shop: Shop,
) -> None:
    payment = await shop.checkout(method="gopay")
    order_id = payment["order_id"]
    await shop.customer(f"{order_id}~1", "deny")
    failed = await expect(
        shop,
        order_id,
        Shown(
            status="failed",
            told="no money was taken",
            audit=("transaction.denied", "mail.sent"),
            gateway=("1 deny",),
            mails=("failure",),
        ),
    )
    link = await link_in_mail(shop, order_id)
    assert failed["payment_url"] == link

    page = await open_page(shop.http, link)
    again = await open_page(shop.http, link)  # looking consumes nothing: mail scanners look
    opened = await page.choose("bca_va")

    assert again.text == page.text
    assert 'lang="id"' in page.text
    assert page.offers[-1] == "gopay", "the one that failed is offered last"
    second = await shop.payment_when(order_id, status="awaiting_payment")
    assert second["attempt"] == 2
    assert second["instructions"]["va_number"] in opened.text.replace(" ", "")
    await shop.customer(f"{order_id}~2", "pay")
    await expect(
        shop,
        order_id,
        Shown(
            status="paid",
            told="We have received your payment",
            audit=("transaction.denied", "order.paid"),
            gateway=("1 deny", "2 settlement"),
            mails=("failure", "receipt"),
        ),
    )


async def test_a_used_link_opens_nothing_more_and_dies_with_its_attempt(shop: Shop) -> None:
    payment = await shop.checkout(method="gopay")
    order_id = payment["order_id"]
    await shop.customer(f"{order_id}~1", "deny")
    await shop.payment_when(order_id, status="failed")
    link = await link_in_mail(shop, order_id)
    page = await open_page(shop.http, link)
    await page.choose("qris")
    await shop.payment_when(order_id, status="awaiting_payment")

    pressed_again = await page.choose("bca_va")
    used = await open_page(shop.http, link)
    await shop.post(f"/v1/payments/{order_id}/cancel", {"reason": "changed my mind"})
    dead = await open_page(shop.http, link)

    assert pressed_again.status in {200, 409}
    assert (used.status, used.offers) == (200, [])
    assert dead.status == 410
    assert not dead.offers
    await expect(
        shop,
        order_id,
        Shown(
            status="cancelled",
            told="The payment was cancelled",
            audit=("attempt.opened", "transaction.denied", "attempt.opened"),
            gateway=("1 deny", "2 expire"),
            mails=("failure", "cancellation"),
        ),
    )


async def test_a_card_denied_on_the_snap_page_is_no_failed_payment(shop: Shop) -> None:
    payment = await shop.checkout(method="any", integration="snap")
    order_id = payment["order_id"]
    gateway_order_id = f"{order_id}~1"

    await shop.customer(gateway_order_id, "deny", method="credit_card")
    await shop.delivered(gateway_order_id, "deny")
    await expect(
        shop,
        order_id,
        Shown(
            status="awaiting_payment",
            told="on the payment page",
            audit=("attempt.opened", "transaction.denied"),
            gateway=("1 deny",),
        ),
    )
    await shop.customer(gateway_order_id, "pay", method="bca_va")

    paid = await expect(
        shop,
        order_id,
        Shown(
            status="paid",
            told="We have received your payment",
            audit=("attempt.opened", "transaction.denied", "order.paid"),
            gateway=("1 deny", "1 settlement"),
            mails=("receipt",),
        ),
    )
    assert paid["paid_with"] == "bca_va"


async def link_in_mail(shop: Shop, order_id: str) -> str:
    mail = await shop.mail(order_id)
    text = mail.get_body(("plain",))
    assert text is not None
    found = re.search(r"https?://\S+/pay/\S+", text.get_content())
    assert found, "the failure mail holds the one-time link"
    return found.group()
