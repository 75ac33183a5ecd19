"""API and bridge keep to their documents whatever they are sent, on real parts: no 500, ever."""

import hashlib
import json
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import strategies as st
from starlette.applications import Starlette

from tests.security.conftest import served
from tests.security.fuzzing import Case, Plant, fuzz, operations
from tests.starter.conftest import KEY, REFUND_KEY, Shop
from tests.starter.orders import order
from tests.starter.test_openapi import API
from tests.starter.test_steer import pay
from tests.webhook_bridge.notifications import SERVER_KEY

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]

API_DOCUMENT: dict[str, Any] = API.openapi()
BRIDGE_DOCUMENT: dict[str, Any] = json.loads(Path("docs/bridge-openapi.json").read_text())
SIGNED = ("order_id", "status_code", "gross_amount")
EXAMPLES = [pytest.param(8, id="few"), pytest.param(150, id="many", marks=pytest.mark.proof)]
# What must have been answered too, so that it was not only nonsense that was refused.
REACHED = {
    "POST /v1/payments": 201,
    "GET /v1/payments/{order_id}": 200,
    "POST /v1/payments/{order_id}/cancel": 200,
    "GET /pay/{token}": 200,
    "POST /webhooks/midtrans": 200,
}


@pytest.fixture(scope="module")
async def api_port(shop: Shop) -> AsyncIterator[int]:
    async with served(shop.api(patience=timedelta(seconds=2))) as port:
        yield port


@pytest.fixture(scope="module")
async def bridge_port(bridge_app: Starlette) -> AsyncIterator[int]:
    async with served(bridge_app) as port:
        yield port


@pytest.fixture
async def planted(http: httpx.AsyncClient, shop: Shop, order_id: str) -> Plant:
    """Cases of an order that is there, paid, or has a link that lives; whole orders but a member."""
    await http.post("/v1/payments", json=order(order_id, method="qris"))
    placed = await http.post("/v1/payments", json=order(f"{order_id}-open"))
    await pay(shop, order_id)
    token = urlsplit(placed.json()["payment_url"]).path.removeprefix("/pay/")

    def plant(case: Case, data: st.DataObject) -> dict[str, str]:
        parameters, body = case.path_parameters, case.body
        known = data.draw(st.sampled_from([None, order_id, f"{order_id}-open"]))
        if known and "order_id" in parameters:
            parameters["order_id"] = known
        if known and "token" in parameters:
            parameters["token"] = token
        if known and case.path == "/v1/payments" and isinstance(body, dict) and body:
            member = data.draw(st.sampled_from(sorted(body)))
            new = f"F-{secrets.token_hex(6)}"
            case.body = {**order(new), member: body[member]}
        key = REFUND_KEY if case.path.endswith("/refunds") else KEY
        return {"Authorization": f"Bearer {key}"}

    return plant


def signed(case: Case, data: st.DataObject) -> dict[str, str]:
    """Often with an order id of our form, and often as if Midtrans had sent it."""
    body = case.body
    if isinstance(body, dict):
        if data.draw(st.booleans()):
            body["order_id"] = f"F-{secrets.token_hex(6)}~1"
        parts = [body.get(name) for name in SIGNED]
        if data.draw(st.booleans()) and all(isinstance(part, str) for part in parts):
            text = f"{''.join(map(str, parts))}{SERVER_KEY}"
            content = text.encode(errors="surrogatepass")
            body["signature_key"] = hashlib.sha512(content).hexdigest()
    return {}


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("operation", operations(API_DOCUMENT))
async def test_the_api_keeps_to_its_document(
    api_port: int, planted: Plant, operation: str, examples: int
) -> None:
    statuses = await fuzz(API_DOCUMENT, operation, api_port, planted, examples=examples)

    assert REACHED.get(operation, statuses[0]) in statuses


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("operation", operations(BRIDGE_DOCUMENT))
async def test_the_bridge_keeps_to_its_document(
    bridge_port: int, operation: str, examples: int
) -> None:
    statuses = await fuzz(BRIDGE_DOCUMENT, operation, bridge_port, signed, examples=examples)

    assert REACHED.get(operation, statuses[0]) in statuses
