"""Nothing that is sent becomes a header, a path, a query, a page's markup, or another origin's."""

import json
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from local_stack.ports import LOOPBACK
from starter.problems import MEDIA_TYPE, ProblemCode
from tests.security.conftest import served
from tests.starter.conftest import KEY, Shop
from tests.starter.orders import order

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]

ORIGIN = "https://evil.example"
MARKUP = '"><script>alert(1)</script>'
NO_ORDER_IDS = [
    "../../etc/passwd",
    "..",
    "./SKT-1",
    "SKT-1/../SKT-2",
    "SKT-1/cancel",
    "SKT-1\\..\\SKT-2",
    "SKT-1%00",
    "' OR '1'='1",
    "SKT-1'; DROP TABLE orders; --",
    "SKT-1' OR WorkflowId STARTS_WITH 'payment/",
    "%s%s%n",
    "{0.__class__}",
    "${jndi:ldap://evil.example}",
    "{{7*7}}",
    "SKT-1\r\nX-Evil: 1",
    "SKT-1\u2028",
    "SKT-1~1",
    "SKT-1*",
    MARKUP,
]
# Of our form, though other systems read more into them.
ODD_ORDER_IDS = ["1e9", "0x10", "null", "CON", "a..b", "A--", "00", "constructor", "SKT.1-"]


@pytest.mark.parametrize("order_id", NO_ORDER_IDS)
async def test_what_is_no_order_id_starts_nothing(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    answer = await http.post("/v1/payments", json=order(order_id))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "order_id"
    assert shop.gateway.called[order_id] == 0


@pytest.mark.parametrize("order_id", NO_ORDER_IDS)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("GET", "/invoice.pdf"), ("GET", "/refunds/key"), ("POST", "/cancel")],
)
async def test_what_is_no_order_id_finds_nothing(
    http: httpx.AsyncClient, order_id: str, method: str, path: str
) -> None:
    url = f"/v1/payments/{quote(order_id, safe='')}{path}"

    answer = await http.request(method, url, json={"reason": "none"})

    # A slash makes another path of it, and there is nothing at that either.
    assert answer.status_code in {404, 405}
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert "evil" not in " ".join(answer.headers)


@pytest.mark.parametrize("odd", ODD_ORDER_IDS)
async def test_an_odd_order_id_is_an_order_id(
    http: httpx.AsyncClient, order_id: str, odd: str
) -> None:
    # Each run of the tests has its own.
    name = f"{odd}.{order_id}"[:40]

    started = await http.post("/v1/payments", json=order(name))

    assert started.status_code == 201
    assert started.headers["location"] == f"/v1/payments/{name}"
    assert (await http.get(started.headers["location"])).json()["order_id"] == name


async def test_order_ids_that_differ_in_case_are_two_orders(
    http: httpx.AsyncClient, order_id: str
) -> None:
    for name in (order_id.upper(), order_id.lower()):
        assert (await http.post("/v1/payments", json=order(name))).status_code == 201


@pytest.mark.parametrize(
    "document",
    [
        pytest.param('{"amount": {"value": NaN, "currency": "IDR"}}', id="nan"),
        pytest.param('{"amount": {"value": Infinity, "currency": "IDR"}}', id="infinity"),
        pytest.param(f'{{"amount": {{"value": {"9" * 100_000}}}}}', id="very-long-integer"),
        pytest.param('{"amount": {"value": 1e999999999}}', id="very-large-power"),
        pytest.param(f'{{"a": {"[" * 100_000}{"]" * 100_000}}}', id="very-deep"),
        pytest.param('{"__proto__": {"scopes": ["refund"]}}', id="prototype"),
        pytest.param(json.dumps({f"m{i}": i for i in range(10_000)}), id="very-many-members"),
    ],
)
async def test_no_document_breaks_the_api(http: httpx.AsyncClient, document: str) -> None:
    headers = {"Content-Type": "application/json"}

    answer = await http.post("/v1/payments", content=document, headers=headers)

    assert answer.status_code in {400, 422}
    assert len(answer.content) < 2 * len(document) + 20_000


@pytest.fixture
async def link(http: httpx.AsyncClient, order_id: str) -> str:
    """The path of the customer's link of an order whose names are markup."""
    item: dict[str, Any] = {"id": "D-8", "name": MARKUP, "price": 350_000, "quantity": 1}
    named = {"name": MARKUP, "email": "sari@example.com"}
    sent = order(order_id, items=[item], customer=named)
    placed = await http.post("/v1/payments", json=sent)
    return urlsplit(str(placed.json()["payment_url"])).path


@pytest.mark.parametrize("parameter", ["lang", "change", "x"])
async def test_no_parameter_becomes_markup(
    customer: httpx.AsyncClient, link: str, parameter: str
) -> None:
    page = await customer.get(link, params={parameter: MARKUP})

    assert page.status_code == 200
    assert "<script" not in page.text
    assert "alert(1)" not in page.text


@pytest.mark.parametrize("lang", ["en\r\nSet-Cookie: a=b", "//evil.example", "en&x=//evil", MARKUP])
async def test_no_parameter_reaches_where_a_choice_leads(
    customer: httpx.AsyncClient, link: str, lang: str
) -> None:
    chosen = await customer.post(link, params={"lang": lang}, data={"method": "qris"})

    assert chosen.status_code == 303
    assert chosen.headers["location"] == f"{link.removeprefix('/pay/')}?lang=id"
    assert "set-cookie" not in chosen.headers


async def test_a_foreign_host_name_appears_nowhere(shop: Shop, order_id: str, link: str) -> None:
    told = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil"}
    key = {"Authorization": f"Bearer {KEY}"}
    async with (
        served(shop.api()) as port,
        httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", trust_env=False) as http,
    ):
        answers = [
            await http.get(f"/v1/payments/{order_id}", headers=told | key),
            await http.post("/v1/payments", json=order(f"{order_id}-2"), headers=told | key),
            await http.get(link, headers=told),
            await http.post(link, headers=told, data={"method": "qris"}),
            await http.get("/v1/payments/", headers=told | key),
        ]

    assert [answer.status_code for answer in answers] == [200, 201, 200, 303, 404]
    for answer in answers:
        assert "evil" not in answer.text + str(answer.headers)


@pytest.mark.parametrize("path", ["/v1/payments", "/v1/events", "/openapi.json", "/pay/x"])
async def test_no_other_origin_may_read_or_send(http: httpx.AsyncClient, path: str) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}

    read = await http.get(path, headers={"Origin": ORIGIN})
    preflight = await http.options(path, headers=asked)

    for answer in (read, preflight):
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert preflight.status_code == 405


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "PATCH", "DELETE"])
async def test_a_method_that_is_not_served_is_a_problem(
    http: httpx.AsyncClient, method: str
) -> None:
    answer = await http.request(method, "/v1/payments")

    assert answer.status_code == 405
    assert answer.json()["code"] == ProblemCode.METHOD_NOT_ALLOWED


@pytest.mark.parametrize(
    "presented",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Basic {KEY}",
        KEY,
        f"Bearer {KEY} {KEY}",
        f"Bearer  {KEY}x",
        f"Bearer {KEY.upper()}",
        "Bearer null",
        "Bearer \xe9",
    ],
)
async def test_what_is_not_the_key_itself_opens_nothing(shop: Shop, presented: str) -> None:
    async with shop.http(key=None) as nobody:
        headers = {b"Authorization": presented.encode("latin-1")}
        answer = await nobody.get("/v1/payments", headers=headers)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_a_key_in_the_address_opens_nothing(shop: Shop) -> None:
    async with shop.http(key=None) as nobody:
        answer = await nobody.get("/v1/payments", params={"key": KEY, "access_token": KEY})

    assert answer.status_code == 401
