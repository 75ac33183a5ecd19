"""A person pays on the Snap page, in a real browser as large as a phone."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, ViewportSize, async_playwright, expect

from tests.e2e.shop import Shop
from tests.e2e.test_web_ui import CHROMIUM, FLAGS

PHONE = ViewportSize(width=390, height=844)
ACCEPTED_CARD = "4811 1111 1111 1114"
ONE_TIME_PASSWORD = "112233"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"needs {CHROMIUM}"),
]


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A page that takes the simulator's certificate, whose CA only the stack knows."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = await browser.new_context(viewport=PHONE, ignore_https_errors=True)
        yield await context.new_page()
        await browser.close()


async def test_a_person_chooses_a_bank_on_the_snap_page_and_has_paid(
    shop: Shop, page: Page
) -> None:
    payment = await shop.checkout(method="any", integration="snap")
    order_id = payment["order_id"]

    await page.goto(payment["instructions"]["redirect_url"])
    await page.get_by_role("button", name="BCA Virtual Account").click()
    await expect(page.get_by_text("Nomor Virtual Account BCA")).to_be_visible()
    [waiting] = await shop.at_gateway(order_id)
    await expect(page.get_by_text(waiting["va_numbers"][0]["va_number"])).to_be_visible()
    await page.get_by_role("button", name="Pay now").click()

    await expect(page.get_by_text("Payment successful")).to_be_visible()
    paid = await shop.payment_when(order_id, status="paid")
    assert paid["paid_with"] == "bca_va"
    [transaction] = await shop.at_gateway(order_id)
    assert transaction["transaction_id"] == waiting["transaction_id"]


async def test_a_person_passes_3d_secure_on_the_snap_page_and_has_paid(
    shop: Shop, page: Page
) -> None:
    payment = await shop.checkout(method="credit_card", integration="snap")
    order_id = payment["order_id"]

    await page.goto(payment["instructions"]["redirect_url"])
    await page.get_by_label("Card number").fill(ACCEPTED_CARD)
    await page.get_by_role("button", name="Pay by card").click()
    await page.get_by_label("OTP").fill(ONE_TIME_PASSWORD)
    waits = await shop.payment(order_id)
    await page.get_by_role("button", name="Submit").click()

    await expect(page.get_by_text("Payment successful")).to_be_visible()
    paid = await shop.payment_when(order_id, status="paid")
    assert waits["status"] == "awaiting_payment"
    assert paid["paid_with"] == "credit_card"
    assert len(await shop.at_gateway(order_id)) == 1
