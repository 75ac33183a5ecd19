"""The customer's one-time link, on real parts: looking changes nothing, choosing opens one attempt."""

import asyncio
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from sqlalchemy import select
from temporalio.client import Client

from adapters.postgres.tables import audit_events
from payments.commands import Answer
from payments.errors import GatewayRefusedError
from payments.gateway import AttemptRef
from payments.methods import Integration
from starter.exchange import BODY_BYTES_MAX
from tests.starter.conftest import Shop
from tests.starter.gateway import VA_NUMBER
from tests.starter.orders import order
from tests.starter.test_problems import api_over

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]

SHORT = timedelta(seconds=0.7)
UNKNOWN = "/pay/" + 43 * "A"
CONFLICTING = {"method": "bni_va"}
QRIS = {"method": "qris"}


async def placed(http: httpx.AsyncClient, order_id: str, **members: object) -> str:
    """The link's path of an order that awaits payment."""
    await http.post("/v1/payments", json=order(order_id, **members))
    return await link_of(http, order_id)


async def link_of(http: httpx.AsyncClient, order_id: str) -> str:
    payment = (await http.get(f"/v1/payments/{order_id}")).json()
    return urlsplit(str(payment["payment_url"])).path


def is_page(answer: httpx.Response) -> bool:
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    assert "script" not in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    return "<script" not in answer.text


async def test_the_link_shows_how_to_pay_and_nothing_personal(
    http: httpx.AsyncClient, customer: httpx.AsyncClient, order_id: str
) -> None:
    path = await placed(http, order_id)

    page = await customer.get(path)

    assert page.status_code == 200
    assert is_page(page)
    assert order_id in page.text
    assert "Rp350.000" in page.text
    assert VA_NUMBER in page.text
    assert "BCA Virtual Account" in page.text
    assert "WIB" in page.text
    for personal in ("Sari", "sari@example.com", "628123456789"):
        assert personal not in page.text


async def test_looking_consumes_nothing(
    http: httpx.AsyncClient, customer: httpx.AsyncClient, order_id: str
) -> None:
    path = await placed(http, order_id)
    before = (await http.get(f"/v1/payments/{order_id}")).json()

    scanned = await customer.head(path)
    for _ in range(3):
        await customer.get(path, params={"change": "1"})

    assert scanned.status_code == 200
    assert (await http.get(f"/v1/payments/{order_id}")).json() == before
    assert (await customer.post(path, data=QRIS)).status_code == 303
    assert (await http.get(f"/v1/payments/{order_id}")).json()["attempt"] == 2


async def test_a_choice_opens_the_next_attempt_and_leads_back_to_the_page(
    http: httpx.AsyncClient, customer: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    path = await placed(http, order_id)

    chosen = await customer.post(path, data=QRIS)
    page = await customer.get(urljoin(path, chosen.headers["location"]))

    assert chosen.status_code == 303
    assert chosen.headers["cache-control"] == "no-store"
    assert urljoin(path, chosen.headers["location"]) == f"{path}?lang=id"
    assert 'class="qr"' in page.text
    assert "Jangan lagi membayar ke nomor atau kode yang lama." in page.text
    assert VA_NUMBER not in page.text
    assert "<form" not in page.text
    query = select(audit_events.c.actor).where(
        audit_events.c.order_id == order_id, audit_events.c.cause == "try_another_method"
    )
    async with shop.engine.connect() as connection:
        assert set((await connection.execute(query)).scalars()) == {"customer"}


async def test_a_double_click_opens_one_attempt(
    http: httpx.AsyncClient, customer: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    path = await placed(http, order_id)

    clicks = await asyncio.gather(*(customer.post(path, data=QRIS) for _ in range(5)))
    late = await customer.post(path, data=QRIS)

    assert {click.status_code for click in (*clicks, late)} == {303}
    assert shop.gateway.called[order_id] == 2


async def test_another_choice_from_a_used_link_changes_nothing(
    http: httpx.AsyncClient, customer: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    path = await placed(http, order_id)
    await customer.post(path, data=QRIS)

    answer = await customer.post(path, data=CONFLICTING)

    assert answer.status_code == 303
    assert shop.gateway.called[order_id] == 2
    assert 'class="qr"' in (await customer.get(path)).text


async def test_a_used_link_is_dead_once_its_attempt_has_ended_and_the_new_one_lives(
    http: httpx.AsyncClient, customer: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    path = await placed(http, order_id)
    shop.gateway.refusals[f"{order_id}~2"] = GatewayRefusedError("402", "not active")
    await customer.post(path, data=QRIS)

    old = await customer.get(path)
    again = await customer.post(path, data=QRIS)
    new = await customer.get(await link_of(http, order_id))

    assert (old.status_code, again.status_code) == (410, 410)
    assert new.status_code == 200
    assert "Coba lagi dengan" in new.text
    assert shop.gateway.called[order_id] == 2


@pytest.mark.parametrize("junk", ["A", "%00", "x" * 4000, "%F0%9F%9B%B9", "SKT-1001", UNKNOWN[5:]])
async def test_whatever_is_no_living_link_is_answered_alike(
    http: httpx.AsyncClient, customer: httpx.AsyncClient, shop: Shop, order_id: str, junk: str
) -> None:
    path = await placed(http, order_id)
    shop.gateway.refusals[f"{order_id}~2"] = GatewayRefusedError("402", "not active")
    await customer.post(path, data=QRIS)

    dead, unknown = await customer.get(path), await customer.get(f"/pay/{junk}")
    posted = await customer.post(f"/pay/{junk}", data=QRIS)

    assert dead.status_code == unknown.status_code == posted.status_code == 410
    assert is_page(unknown)
    assert dead.content == unknown.content == posted.content
    assert dead.headers == unknown.headers
    assert "email terbaru" in unknown.text


async def test_once_paid_the_link_only_says_so(
    http: httpx.AsyncClient, customer: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    path = await placed(http, order_id)
    shop.gateway.pay(f"{order_id}~1")
    ref = AttemptRef(order_id=order_id, number=1, integration=Integration.CORE)
    report = await shop.gateway.ask(ref)
    at = datetime.now(UTC)
    answer = Answer(order_id=order_id, number=1, report=report, is_closed=False, at=at)
    await shop.store.record_answer(answer)

    chosen = await customer.post(path, data=QRIS)
    page = await customer.get(path)

    assert chosen.status_code == 303
    assert "Sudah dibayar" in page.text
    assert "<form" not in page.text
    assert VA_NUMBER not in page.text
    assert await link_of(http, order_id) == path
    assert shop.gateway.called[order_id] == 1


async def test_a_cancelled_order_has_no_link_to_give_out(
    http: httpx.AsyncClient, customer: httpx.AsyncClient, order_id: str
) -> None:
    path = await placed(http, order_id)

    cancelled = await http.post(f"/v1/payments/{order_id}/cancel", json={"reason": "sold out"})
    page = await customer.get(path)

    assert cancelled.json()["payment_url"] is None
    assert page.status_code == 200
    assert "Dibatalkan" in page.text
    assert "<form" not in page.text


@pytest.mark.parametrize(
    ("locale", "query", "says"),
    [
        ("id", "", "Menunggu pembayaran"),
        ("id", "?lang=en", "Waiting for your payment"),
        ("en", "", "Waiting for your payment"),
        ("en", "?lang=id", "Menunggu pembayaran"),
        ("en", "?lang=fr", "Waiting for your payment"),
    ],
)
async def test_the_page_speaks_the_order_s_language_or_the_one_asked_for(
    http: httpx.AsyncClient,
    customer: httpx.AsyncClient,
    order_id: str,
    locale: str,
    query: str,
    says: str,
) -> None:
    path = await placed(http, order_id, locale=locale)

    page = await customer.get(path + query)

    assert says in page.text


async def test_the_language_is_kept_when_a_method_is_chosen(
    http: httpx.AsyncClient, customer: httpx.AsyncClient, order_id: str
) -> None:
    path = await placed(http, order_id)

    chosen = await customer.post(f"{path}?lang=en", data=QRIS)

    assert chosen.headers["location"].endswith("?lang=en")
    assert "QR code" in (await customer.get(f"{path}?lang=en")).text


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"method=paypal", "application/x-www-form-urlencoded", 422),
        (b"", "application/x-www-form-urlencoded", 422),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 422),
        (b"a&" * 1000, "application/x-www-form-urlencoded", 422),
        (b"method=" + b"x" * BODY_BYTES_MAX, "application/x-www-form-urlencoded", 413),
        (b'{"method": "qris"}', "application/json", 415),
    ],
    ids=["unknown-method", "nothing", "no-utf-8", "many-fields", "too-large", "no-form"],
)
async def test_a_form_that_is_none_changes_nothing(
    http: httpx.AsyncClient,
    customer: httpx.AsyncClient,
    order_id: str,
    content: bytes,
    media_type: str,
    status: int,
) -> None:
    path = await placed(http, order_id)

    answer = await customer.post(path, content=content, headers={"Content-Type": media_type})

    assert answer.status_code == status
    assert is_page(answer)
    assert (await http.get(f"/v1/payments/{order_id}")).json()["attempt"] == 1


async def test_what_is_not_served_here_is_a_page_too(customer: httpx.AsyncClient) -> None:
    deleted = await customer.delete(UNKNOWN)
    elsewhere = await customer.get(f"{UNKNOWN}/more?lang=en")

    assert (deleted.status_code, elsewhere.status_code) == (405, 404)
    assert deleted.headers["allow"]
    assert is_page(deleted)
    assert is_page(elsewhere)
    assert "Sorry" in elsewhere.text


@pytest.mark.parametrize(
    ("error", "status"), [(ConnectionRefusedError("db.internal"), 503), (RuntimeError("x"), 500)]
)
async def test_what_goes_wrong_here_is_a_page_that_tells_no_secret(
    error: Exception, status: int
) -> None:
    async with await api_over(error) as http:
        shown, chosen = await http.get(UNKNOWN), await http.post(UNKNOWN, data=QRIS)

    for answer in (shown, chosen):
        assert answer.status_code == status
        assert is_page(answer)
        assert "db.internal" not in answer.text


async def test_without_temporal_a_choice_is_asked_for_again_later(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    path = await placed(http, order_id)
    nobody = await Client.connect("127.0.0.1:9", lazy=True)

    async with shop.http(key=None, patience=SHORT, temporal=nobody) as without:
        chosen, shown = await without.post(path, data=QRIS), await without.get(path)

    assert chosen.status_code == 503
    assert is_page(chosen)
    assert "coba lagi" in chosen.text
    assert shown.status_code == 200
