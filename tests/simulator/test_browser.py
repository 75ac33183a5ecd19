"""A person pays: in a real browser, on a phone and on a desktop."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.simulator.gateway import Gateway

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SWITCHES = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PHONE, DESKTOP = (390, 844), (1280, 900)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        yield browser
        browser.close()


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A page of this size, which asks nothing of any other machine."""
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height})
    context.route(lambda url: "//127.0.0.1:" not in url, lambda route: route.abort())
    yield context.new_page()
    context.close()


def test_a_customer_chooses_a_bank_and_pays(gateway: Gateway, page: Page) -> None:
    finish = f"{gateway.url}/bank"
    page.goto(gateway.open_snap(callbacks={"finish": finish})["redirect_url"])

    page.get_by_role("button", name="BCA Virtual Account").click()
    number = gateway.status()["va_numbers"][0]["va_number"]
    assert page.get_by_text(number).is_visible()
    page.get_by_role("button", name="Pay now").click()

    page.wait_for_url(f"{finish}?**")
    assert "transaction_status=settlement" in page.url
    assert gateway.status()["transaction_status"] == "settlement"


def test_a_customer_passes_3d_secure(gateway: Gateway, page: Page) -> None:
    page.goto(gateway.open_snap(credit_card={"secure": True})["redirect_url"])

    page.get_by_role("button", name="Pay by card").click()
    page.get_by_label("OTP").fill("112233")
    page.get_by_role("button", name="Submit").click()

    page.get_by_text("Payment successful").wait_for()
    assert gateway.status()["transaction_status"] == "capture"


def test_a_customer_who_fails_3d_secure_pays_otherwise(gateway: Gateway, page: Page) -> None:
    page.goto(gateway.open_snap(credit_card={"secure": True})["redirect_url"])
    page.get_by_role("button", name="Pay by card").click()
    page.get_by_label("OTP").fill("000000")
    page.get_by_role("button", name="Submit").click()
    page.get_by_text("Payment declined").wait_for()

    page.get_by_role("button", name="GoPay").click()
    page.wait_for_function("document.images.length === 1 && document.images[0].naturalWidth > 0")
    page.get_by_role("button", name="Scan the QR").click()

    page.get_by_text("Payment successful").wait_for()
    assert gateway.status()["payment_type"] == "qris"


def test_no_page_is_wider_than_its_screen(gateway: Gateway, page: Page) -> None:
    session = gateway.open_snap("SKT-2026-11-a-very-long-order-id-of-fifty-letters-")
    page.goto(session["redirect_url"])
    widths = ["document.documentElement.scrollWidth", "document.documentElement.clientWidth"]
    list_width, screen = (page.evaluate(width) for width in widths)
    page.get_by_role("button", name="GoPay").click()
    page.get_by_role("button", name="Scan the QR").wait_for()

    assert list_width <= screen
    assert page.evaluate(widths[0]) <= screen
