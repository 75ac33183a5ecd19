"""A finished payment in Temporal's Web UI, in a real browser: who may read what."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect

from local_stack.stack import Stack
from tests.e2e.shop import Shop

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
VIEWPORT = ViewportSize(width=1680, height=1300)

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"needs {CHROMIUM}"),
]

# What the Web UI shows of a payload that it cannot decode: its encoding, binary/encrypted.
CIPHERTEXT = "YmluYXJ5L2VuY3J5cHRlZA=="
EMAIL = "sari@example.com"
SUMMARIES = (
    "Payment of order",
    "store the order",
    "open attempt 1 at Midtrans: bca_va",
    "the customer's time to pay",
    "mail the receipt",
)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    async with await browser.new_context(viewport=VIEWPORT) as context:
        yield await context.new_page()


@pytest.fixture
async def history_url(shop: Shop, stack: Stack) -> str:
    """Where the Web UI shows what happened to an order that was paid."""
    payment = await shop.checkout()
    order_id = payment["order_id"]
    await shop.customer(f"{order_id}~1", "pay")
    await shop.run(order_id).result()
    description = await shop.run(order_id).describe()
    run = f"{quote(description.id, safe='')}/{description.run_id}"
    return f"{stack.web_ui_url}/namespaces/default/workflows/{run}/history?sort=ascending"


async def test_with_the_credential_of_the_codec_server_a_run_reads_like_the_story(
    page: Page, history_url: str, tmp_path: Path
) -> None:
    await open_request(page, history_url)

    await expect(page.get_by_text(EMAIL)).to_be_visible()
    for summary in SUMMARIES:
        await expect(page.get_by_text(summary).first).to_be_attached()
    assert CIPHERTEXT not in await page.content()
    await page.screenshot(path=tmp_path / "clear.png")


async def test_without_the_credential_of_the_codec_server_a_run_is_ciphertext(
    page: Page, history_url: str, stack: Stack, tmp_path: Path
) -> None:
    codec_url = stack.environment["PAYMENTS_CODEC_URL"]
    credential = codec_url.rpartition("/")[2]
    await page.route(
        f"{codec_url}/**",
        lambda route: route.continue_(url=route.request.url.replace(credential, "a-guess")),
    )

    await open_request(page, history_url)

    await expect(page.get_by_text(CIPHERTEXT).first).to_be_visible()
    content = await page.content()
    assert [words for words in (EMAIL, *SUMMARIES) if words in content] == []
    await page.screenshot(path=tmp_path / "ciphertext.png")


async def open_request(page: Page, history_url: str) -> None:
    """Open the run, and in its history the checkout's request down to its end."""
    await page.goto(history_url)
    await page.get_by_text("Workflow Execution Update Accepted").first.click()
    request = page.locator(".cm-scroller").filter(has_text="updateId")
    await request.evaluate("editor => editor.scrollTo(0, editor.scrollHeight)")
