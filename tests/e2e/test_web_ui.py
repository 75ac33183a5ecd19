"""A finished payment in Temporal's Web UI, in a real browser: who may read what."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from time import time
from urllib.parse import quote, unquote, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from jwt.algorithms import ECAlgorithm
from playwright.async_api import Browser, Page, Route, ViewportSize, async_playwright, expect
from sqlalchemy import select

from adapters.postgres.tables import audit_events
from adapters.temporal.codec_users import user_entry
from local_stack.ports import LOOPBACK, Ports
from local_stack.processes import running
from local_stack.stack import Stack
from tests.e2e.shop import Shop, until

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
    "ask Midtrans if no notification comes",
    "mail the receipt",
)
# As in production: two hosts of one site, both by https.
UI_HOST, CODEC_HOST = "temporal.skaters.test", "codec.skaters.test"
PASSWORD = "made-up passphrase"
ISSUER, AUDIENCE = "https://login.skaters.test/", "temporal-operators"
ISSUER_KEY = generate_private_key(SECP256R1())


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
    await open_request(page, history_url, EMAIL)

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

    await open_request(page, history_url, CIPHERTEXT)

    content = await page.content()
    assert [words for words in (EMAIL, *SUMMARIES) if words in content] == []
    await page.screenshot(path=tmp_path / "ciphertext.png")


@dataclass(frozen=True)
class Desk:
    """Web UI and codec server as operators have them, before anybody has signed in."""

    page: Page
    history_url: str

    async def sign_in(self) -> None:
        await self.page.goto(f"https://{CODEC_HOST}/login")
        await self.page.get_by_label("Name").fill("citra")
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_role("button", name="Sign in").click()
        await expect(self.page.get_by_text("Signed in as citra")).to_be_visible()

    async def sign_in_at_the_web_ui(self, stack: Stack) -> None:
        """Be there as its own login leaves people, which it has none of here: with a token."""

        async def with_login(route: Route) -> None:
            told = await route.fetch(url=f"{stack.web_ui_url}/api/v1/settings")
            settings = await told.json()
            settings["Auth"]["Enabled"] = True
            await route.fulfill(response=told, json=settings)

        await self.page.route("**/api/v1/settings*", with_login)
        now = int(time())
        claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "dewi", "iat": now, "exp": now + 600}
        token = jwt.encode(claims, ISSUER_KEY, "ES256", headers={"kid": "1"})
        await self.remember(passAccessToken=True, AuthUser={"accessToken": token})

    async def remember(self, **settings: object) -> None:
        """What the Web UI's own dialog about codec servers would have it remember."""
        script = "if (location.host === {}) for (const [name, value] of Object.entries({})) {}"
        store = "localStorage.setItem(name, JSON.stringify(value))"
        given = json.dumps(settings)
        await self.page.add_init_script(script.format(json.dumps(UI_HOST), given, store))


@pytest.fixture(scope="module")
async def hosts(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, int]]:
    """The ports behind the two hosts: the Web UI, and a codec server where people sign in."""
    directory, port = tmp_path_factory.mktemp("desk"), Ports().choose()
    key = ECAlgorithm.to_jwk(ISSUER_KEY.public_key(), as_dict=True)
    jwks = json.dumps({"keys": [{**key, "kid": "1"}]})
    await asyncio.to_thread((directory / "jwks.json").write_text, jwks)
    program = stack.program("codec-server-with-login", "starter", "codec-server")
    settings = {
        "PAYMENTS_CODEC_PORT": str(port),
        "PAYMENTS_CODEC_SECRET": "",
        "PAYMENTS_CODEC_USERS": user_entry("citra", PASSWORD),
        "PAYMENTS_CODEC_JWT_ISSUER": ISSUER,
        "PAYMENTS_CODEC_JWT_AUDIENCE": AUDIENCE,
        "PAYMENTS_CODEC_JWT_SUBJECTS": "dewi",
        "PAYMENTS_CODEC_JWT_JWKS": str(directory / "jwks.json"),
        "PAYMENTS_CODEC_TLS_CERT": str(stack.certificates.certificate),
        "PAYMENTS_CODEC_TLS_KEY": str(stack.certificates.key),
        "PAYMENTS_CODEC_ORIGINS": f"https://{UI_HOST}",
    }
    environment = {**(program.environment or {}), **settings}
    trusted = ssl.create_default_context(cafile=str(stack.certificates.ca))
    async with running(replace(program, environment=environment), directory) as server:

        async def answers() -> bool:
            async with httpx.AsyncClient(verify=trusted, trust_env=False) as http:
                try:
                    return (await http.get(f"https://{LOOPBACK}:{port}/readyz")).is_success
                except httpx.TransportError:
                    return False

        await server.wait_until(answers, timedelta(seconds=60))
        async with tls_in_front_of(stack) as ui_port:
            yield {UI_HOST: ui_port, CODEC_HOST: port}


@pytest.fixture
async def desk(hosts: dict[str, int], history_url: str) -> AsyncIterator[Desk]:
    rules = ",".join(f"MAP {host} {LOOPBACK}:{port}" for host, port in hosts.items())
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, f"--host-resolver-rules={rules}"]
        )
        context = await browser.new_context(viewport=VIEWPORT, ignore_https_errors=True)
        url = urlsplit(history_url)._replace(scheme="https", netloc=UI_HOST).geturl()
        desk = Desk(await context.new_page(), url)
        await desk.remember(
            endpoint=f"https://{CODEC_HOST}",
            includeCredentials=True,
            overrideRemoteCodecConfiguration=True,
        )
        yield desk
        await browser.close()


async def test_who_signed_in_at_the_codec_server_reads_clear_text_and_is_audited(
    desk: Desk, shop: Shop, tmp_path: Path
) -> None:
    await desk.sign_in()

    await open_request(desk.page, desk.history_url, EMAIL)

    assert CIPHERTEXT not in await desk.page.content()
    await desk.page.screenshot(path=tmp_path / "signed-in.png")
    assert await decoders(shop, desk) == ["operator:citra"]


async def test_who_has_the_web_uis_own_token_reads_clear_text_and_is_audited(
    desk: Desk, shop: Shop, stack: Stack
) -> None:
    await desk.sign_in_at_the_web_ui(stack)

    await open_request(desk.page, desk.history_url, EMAIL)

    assert await decoders(shop, desk) == ["operator:dewi"]


async def test_who_has_neither_reads_ciphertext(desk: Desk, shop: Shop, tmp_path: Path) -> None:
    await open_request(desk.page, desk.history_url, CIPHERTEXT)

    content = await desk.page.content()
    assert [words for words in (EMAIL, *SUMMARIES) if words in content] == []
    await desk.page.screenshot(path=tmp_path / "signed-out.png")
    assert await decoders(shop, desk) == []


async def decoders(shop: Shop, desk: Desk) -> list[str]:
    """Who saw payloads of the order, as its audit has it."""
    order_id = unquote(urlsplit(desk.history_url).path).split("/")[5]
    own = audit_events.c
    query = select(own.actor).where(own.order_id == order_id, own.event == "payload.decoded")
    async with shop.database.connect() as connection:
        return list((await connection.execute(query.order_by(own.seq))).scalars())


@asynccontextmanager
async def tls_in_front_of(stack: Stack) -> AsyncIterator[int]:
    """A proxy that ends TLS for the Web UI, which cannot do so itself here; its port."""
    ui = urlsplit(stack.web_ui_url)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_ui, to_ui = await asyncio.open_connection(ui.hostname, ui.port)
        await asyncio.gather(pump(reader, to_ui), pump(from_ui, writer))

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(stack.certificates.certificate, stack.certificates.key)
    async with await asyncio.start_server(relay, LOOPBACK, 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1]


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def open_request(page: Page, history_url: str, sought: str) -> None:
    """Open the run, and in its history the checkout's request where it says this."""
    await page.goto(history_url)
    await page.get_by_text("Workflow Execution Update Accepted").first.click()
    request = page.locator(".cm-scroller").filter(has_text="updateId")

    async def look() -> bool | None:
        # Again and again: once it is decoded it is another text, and longer.
        await request.evaluate("editor => editor.scrollTo(0, editor.scrollHeight)")
        return await page.get_by_text(sought).first.is_visible() or None

    await until(look)
