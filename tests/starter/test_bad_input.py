"""Bad input: a clear error that names the field and its rule, and nothing written anywhere."""

import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from starter.exchange import BODY_BYTES_MAX
from starter.problems import MEDIA_TYPE, ProblemCode
from tests.starter.conftest import Shop
from tests.starter.orders import order

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]

CUSTOMER = {"name": "Sari Dewi", "email": "sari@example.com"}
BOARD = {"id": "DECK-8", "name": "Skate deck", "price": 350000, "quantity": 1}
BIG = 10**15
# A place in the list whose order id holds a NUL, which PostgreSQL cannot compare.
FORGED_CURSOR = urlsafe_b64encode(b'["2026-11-23T00:00:00Z","A\\u0000"]').decode().rstrip("=")


def rupiah(value: Any) -> dict[str, Any]:
    return {"value": value, "currency": "IDR"}


def amounting_to(value: int) -> dict[str, Any]:
    return {"amount": rupiah(value), "items": [{**BOARD, "price": value}]}


BAD = {
    "items-do-not-sum-up": ({"amount": rupiah(360000)}, "items", "sum to 350000"),
    "zero-amount": (amounting_to(0), "amount.value", "greater than zero"),
    "negative-amount": (amounting_to(-1), "amount.value", "greater than zero"),
    "below-the-method": (amounting_to(9_999), "amount.value", "at least 10000"),
    "above-the-method": (
        {**amounting_to(10_000_001), "method": "qris"},
        "amount.value",
        "at most 10000000",
    ),
    "unknown-method": ({"method": "paypal"}, "method", "must be one of any, credit_card"),
    "method-not-by-core": ({"method": "dana"}, "integration", "through snap only"),
    "unknown-currency": (
        {"amount": {"value": 350000, "currency": "USD"}},
        "amount.currency",
        "must be one of IDR",
    ),
    "unknown-locale": ({"locale": "fr"}, "locale", "id or en"),
    "amount-as-text": ({"amount": rupiah("350000")}, "amount.value", "must be an integer"),
    "amount-as-fraction": ({"amount": rupiah(350000.5)}, "amount.value", "must be an integer"),
    "amount-as-float": ({"amount": rupiah(350000.0)}, "amount.value", "must be an integer"),
    "amount-as-boolean": ({"amount": rupiah(value=True)}, "amount.value", "must be an integer"),
    "amount-beyond-all": ({"amount": rupiah(10**30)}, "amount.value", "must be at most"),
    "price-as-text": ({"items": [{**BOARD, "price": "1"}]}, "items[0].price", "an integer"),
    "price-beyond-all": ({"items": [{**BOARD, "price": -(10**17)}]}, "items[0].price", "at least"),
    "no-quantity": ({"items": [{**BOARD, "quantity": 0}]}, "items[0].quantity", "at least 1"),
    "no-items": ({"items": []}, "items", "between 1 and 100"),
    "too-many-items": ({"items": [BOARD] * 101}, "items", "at most 100"),
    "items-no-array": ({"items": BOARD}, "items", "must be an array"),
    "no-object": ({"customer": "Sari"}, "customer", "must be an object"),
    "bad-email": (
        {"customer": {**CUSTOMER, "email": "sari at example"}},
        "customer.email",
        "name@example.com",
    ),
    "bad-phone": ({"customer": {**CUSTOMER, "phone": "call me"}}, "customer.phone", "digits"),
    "no-name": ({"customer": {**CUSTOMER, "name": " "}}, "customer.name", "1 to 255"),
    "nul-in-a-name": (
        {"customer": {**CUSTOMER, "name": "Sari\0"}},
        "customer.name",
        "control characters",
    ),
    "header-in-an-email": (
        {"customer": {**CUSTOMER, "email": "sari@example.com\r\nBcc: x@example.com"}},
        "customer.email",
        "control characters",
    ),
    "missing-member": ({"customer": {"name": "Sari"}}, "customer.email", "is required"),
    "misspelt-member": ({"return_uri": "https://x"}, "return_uri", "is not a member"),
    "misspelt-inside": ({"items": [{**BOARD, "qty": 1}]}, "items[0].qty", "is not a member"),
    "plain-http": ({"return_url": "http://skaters.example/"}, "return_url", "https"),
    "foreign-host": ({"return_url": "https://evil.example/"}, "return_url", "skaters.example"),
    "host-in-disguise": (
        {"return_url": "https://evil.example\\@skaters.example/"},
        "return_url",
        "skaters.example",
    ),
    "host-as-user": (
        {"return_url": "https://skaters.example@evil.example/"},
        "return_url",
        "skaters.example",
    ),
    "host-as-part": (
        {"return_url": "https://skaters.example.evil.example/"},
        "return_url",
        "skaters.example",
    ),
    "other-port": ({"return_url": "https://skaters.example:8443/"}, "return_url", "on skaters"),
}


@pytest.mark.parametrize(("changed", "field", "rule"), list(BAD.values()), ids=list(BAD))
async def test_bad_input_names_field_and_rule_and_writes_nothing(
    http: httpx.AsyncClient,
    shop: Shop,
    order_id: str,
    changed: dict[str, Any],
    field: str,
    rule: str,
) -> None:
    answer = await http.post("/v1/payments", json=order(order_id, **changed))

    assert answer.status_code == 422
    assert answer.headers["content-type"] == MEDIA_TYPE
    problem = answer.json()
    assert problem["code"] == ProblemCode.INVALID_REQUEST
    assert [error["field"] for error in problem["errors"]].count(field)
    assert any(rule in error["rule"] for error in problem["errors"] if error["field"] == field)
    assert problem["message"]["id"]
    assert not await shop.knows(order_id)


@pytest.mark.parametrize(
    "bad", ["", "~1", "a b", "-begins-with-a-dash", "x" * 41, "a\0b", "pesanan/1", "é"]
)
async def test_an_order_id_that_is_none_is_refused(http: httpx.AsyncClient, bad: str) -> None:
    answer = await http.post("/v1/payments", json=order(bad))

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "order_id"


async def test_every_broken_rule_is_named_at_once(http: httpx.AsyncClient, order_id: str) -> None:
    changed = {"amount": rupiah(1), "customer": {**CUSTOMER, "email": "x"}, "return_url": "ftp://x"}

    answer = await http.post("/v1/payments", json=order(order_id, **changed))

    fields = {error["field"] for error in answer.json()["errors"]}
    assert fields == {"amount.value", "items", "customer.email", "return_url"}


async def test_a_huge_body_is_refused_unread(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    answer = await http.post("/v1/payments", json=order(order_id, padding="x" * 1_000_000))

    assert answer.status_code == 413
    assert answer.json()["code"] == ProblemCode.BODY_TOO_LARGE
    assert not await shop.knows(order_id)


async def test_a_huge_body_of_unstated_length_is_refused_as_it_comes(
    http: httpx.AsyncClient, order_id: str
) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(10_000):
            sent += 1024
            yield b" " * 1024

    answer = await http.post(
        "/v1/payments", content=endless(), headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 413
    # httpx's in-process transport runs ahead of nobody: what was not asked for was not sent.
    assert sent <= BODY_BYTES_MAX + 2048


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{", id="half"),
        pytest.param(b'{"order_id": "SKT-1",}', id="trailing-comma"),
        pytest.param(b"\xff\xfe", id="no-utf-8"),
        pytest.param(b'{"order_id": "\\ud800"}', id="half-a-character"),
        pytest.param(b"[" * 60_000, id="very-deep"),
        pytest.param(b"order_id=SKT-1", id="a-form"),
    ],
)
async def test_what_is_no_json_is_refused(http: httpx.AsyncClient, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}

    answer = await http.post("/v1/payments", content=body, headers=headers)

    assert answer.status_code == 400
    assert answer.json()["code"] == ProblemCode.MALFORMED_JSON


@pytest.mark.parametrize("document", ["[]", '"order"', "1", "null", "true"])
async def test_json_that_is_no_object_breaks_a_rule(http: httpx.AsyncClient, document: str) -> None:
    headers = {"Content-Type": "application/json"}

    answer = await http.post("/v1/payments", content=document, headers=headers)

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "body", "rule": "must be an object"}]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Content-Type": "text/plain"}, id="text"),
        pytest.param({"Content-Type": "application/x-www-form-urlencoded"}, id="form"),
        pytest.param({"Content-Type": ""}, id="unnamed"),
        pytest.param(
            {"Content-Type": "application/json", "Content-Encoding": "gzip"}, id="compressed"
        ),
    ],
)
async def test_another_media_type_is_refused(
    http: httpx.AsyncClient, order_id: str, headers: dict[str, str]
) -> None:
    body = json.dumps(order(order_id)).encode()

    answer = await http.post("/v1/payments", content=body, headers=headers)

    assert answer.status_code == 415
    assert answer.json()["code"] == ProblemCode.UNSUPPORTED_MEDIA_TYPE


async def test_a_charset_beside_the_media_type_is_fine(
    http: httpx.AsyncClient, order_id: str
) -> None:
    body = json.dumps(order(order_id)).encode()
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}

    answer = await http.post("/v1/payments", content=body, headers=headers)

    assert answer.status_code == 201


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "a\nb"])
async def test_a_cancel_without_a_proper_reason_does_nothing(
    http: httpx.AsyncClient, order_id: str, reason: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))

    answer = await http.post(f"/v1/payments/{order_id}/cancel", json={"reason": reason})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "reason"
    read = await http.get(f"/v1/payments/{order_id}")
    assert read.json()["status"] == "awaiting_payment"


@pytest.mark.parametrize(
    ("url", "field"),
    [
        ("/v1/payments?status=payed", "status"),
        ("/v1/payments?statsu=paid", "statsu"),
        ("/v1/payments?from=yesterday", "from"),
        ("/v1/payments?from=2026-11-23T07:00:00", "from"),
        ("/v1/payments?to=0001-01-01T00:00:00%2B14:00", "to"),
        ("/v1/payments?limit=0", "limit"),
        ("/v1/payments?limit=101", "limit"),
        ("/v1/payments?cursor=made-up", "cursor"),
        (f"/v1/payments?cursor={FORGED_CURSOR}", "cursor"),
        ("/v1/events?after=made-up", "after"),
        ("/v1/events?limit=many", "limit"),
        ("/v1/payment-methods?amount=0", "amount"),
        ("/v1/payment-methods?amount=1e9", "amount"),
        (f"/v1/payment-methods?amount={BIG * BIG}", "amount"),
    ],
)
async def test_a_bad_query_names_its_parameter(
    http: httpx.AsyncClient, url: str, field: str
) -> None:
    answer = await http.get(url)

    assert answer.status_code == 422
    assert answer.json()["code"] == ProblemCode.INVALID_REQUEST
    assert answer.json()["errors"][0]["field"] == field
