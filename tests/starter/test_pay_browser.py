"""The customer's pages in a real browser, as large as a phone, without scripts."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
import uvicorn
from playwright.async_api import Page, ViewportSize, async_playwright

from local_stack.ports import LOOPBACK, Ports
from tests.starter.conftest import Shop
from tests.starter.gateway import VA_NUMBER
from tests.starter.orders import order
from tests.starter.test_pay_link import link_of
from tests.starter.test_refund_link import asked_back, stored

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SWITCHES = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PHONE = ViewportSize(width=390, height=844)

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.temporal,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine"),
]


@asynccontextmanager
async def served(shop: Shop) -> AsyncIterator[str]:
    port = Ports().choose()
    config = uvicorn.Config(
        shop.api(), host=LOOPBACK, port=port, access_log=False, lifespan="off", log_config=None
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://{LOOPBACK}:{port}"
    finally:
        server.should_exit = True
        await serving


@pytest.fixture
async def address(shop: Shop) -> AsyncIterator[str]:
    async with served(shop) as url:
        yield url


@pytest.fixture
async def refund_link(http: httpx.AsyncClient, shop: Shop, order_id: str) -> str:
    return await asked_back(http, shop, order_id)


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A phone's page, which runs no script and asks nothing of any other machine."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        context = await browser.new_context(viewport=PHONE, java_script_enabled=False)
        await context.route(
            lambda url: f"//{LOOPBACK}:" not in url, lambda route: route.abort("blockedbyclient")
        )
        context.set_default_timeout(60_000)
        yield await context.new_page()
        await browser.close()


async def test_a_customer_changes_to_qris_and_sees_the_code(
    http: httpx.AsyncClient, shop: Shop, page: Page, address: str, order_id: str
) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    await http.post("/v1/payments", json=order(order_id))
    path = await link_of(http, order_id)

    await page.goto(address + path)
    number = await page.locator(".code").inner_text()
    await page.get_by_role("link", name="Ganti metode pembayaran").click()
    await page.get_by_role("button", name="QRIS").click()
    await page.locator("svg.qr").wait_for()
    title = await page.get_by_role("status").inner_text()
    await page.get_by_role("link", name="English").click()

    assert "".join(number.split()) == VA_NUMBER
    assert title == "Menunggu pembayaran"
    assert await page.get_by_text("Do not pay to the old number or code any more.").is_visible()
    assert page.url == f"{address}{path}?lang=en"
    assert complaints == []
    assert shop.gateway.called[order_id] == 2


async def test_a_customer_says_where_the_money_goes(
    shop: Shop, page: Page, address: str, refund_link: str, order_id: str
) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    await page.goto(address + refund_link)

    await page.get_by_label("Bank").fill("BCA")
    await page.get_by_label("Nomor rekening").fill("12")
    await page.get_by_label("Nama pemilik rekening").fill("Sari Dewi")
    await page.get_by_role("button", name="Kirim").click()
    told = await page.locator(".problem").all_inner_texts()
    kept = await page.get_by_label("Nama pemilik rekening").input_value()
    await page.get_by_role("link", name="English").click()
    await page.get_by_label("Bank").fill("BCA")
    await page.get_by_label("Account number").fill("1234 5678 90")
    await page.get_by_label("Account holder's name").fill("Sari Dewi")
    await page.get_by_role("button", name="Send").click()

    assert told == ["Nomor rekening terdiri dari 5 sampai 20 angka."]
    assert kept == "Sari Dewi"
    assert await page.get_by_role("status").inner_text() == "Thank you"
    assert await page.get_by_text("•••• 7890").is_visible()
    assert page.url == f"{address}{refund_link}?lang=en"
    details = await stored(shop, order_id)
    assert details is not None
    assert details.account_number == "1234567890"
    # A browser counts every page that is not 200 as an error.
    assert [text for text in complaints if "422" not in text] == []


async def test_no_page_is_wider_than_a_phone(
    http: httpx.AsyncClient, page: Page, address: str, order_id: str, refund_link: str
) -> None:
    long_id = f"{order_id}-{'W' * 40}"[:40]
    await http.post("/v1/payments", json=order(long_id))
    path = await link_of(http, long_id)

    refunds = (refund_link, f"{refund_link}?lang=en", "/refund/dead")
    for shown in (path, f"{path}?change=1", f"{path}?lang=en", "/pay/dead", *refunds):
        await page.goto(address + shown)
        box = await page.locator("main").bounding_box()
        assert box is not None
        for part in await page.locator("main *").all():
            inside = await part.bounding_box()
            assert inside is None or inside["x"] + inside["width"] <= PHONE["width"]
