"""Whole payments on real parts: checkout, webhook, paid, invoice, receipt."""

import json
import ssl
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from adapters.postgres.engine import create_engine
from benchmarks.bridge import PATH, notification
from benchmarks.posting import Poster
from benchmarks.rows import Rows
from local_stack.stack import Stack


@dataclass
class Measured:
    """What was measured of a batch of payments."""

    checkout: list[float] = field(default_factory=list)
    to_paid: list[float] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)


class Shop:
    """Checkout, customers, and Midtrans as the sender of webhooks."""

    def __init__(self, stack: Stack, gateway: httpx.AsyncClient, rows: Rows) -> None:
        self._server_key = stack.keys.server_key
        key = stack.environment["PAYMENTS_API_KEY"]
        self._api = Poster(stack.addresses.api_url, {"Authorization": f"Bearer {key}"})
        self._bridge = Poster(stack.addresses.bridge_url)
        self._simulator = f"{stack.addresses.simulator_url}/_simulator/transactions"
        self._gateway = gateway
        self._rows = rows

    async def pay(self, measured: Measured) -> None:
        """One payment, until its order's row is paid.

        The simulator sends the `pending` notice; that of the settlement is sent from here, since
        time counts from it.
        """
        order = _order()
        order_id = order["order_id"]
        began = time.perf_counter()
        await self._api.post("/v1/payments", json.dumps(order).encode())
        measured.checkout.append(time.perf_counter() - began)
        url = f"{self._simulator}/{order_id}~1/pay"
        paid = (await self._gateway.post(url, json={"notify": False})).raise_for_status().json()
        body = notification(f"{order_id}~1", paid["transaction_id"], self._server_key)
        began = time.perf_counter()
        await self._bridge.post(PATH, body)
        await self._rows.paid(order_id)
        measured.to_paid.append(time.perf_counter() - began)
        measured.orders.append(order_id)

    async def mailed(self, measured: Measured) -> None:
        await self._rows.mailed(measured.orders)

    async def close(self) -> None:
        await self._api.aclose()
        await self._bridge.aclose()


@asynccontextmanager
async def open_shop(stack: Stack) -> AsyncIterator[Shop]:
    engine = create_engine(stack.environment["PAYMENTS_DATABASE_URL"], application_name="benchmark")
    rows = Rows(engine)
    trust = ssl.create_default_context(cafile=stack.certificates.ca)
    async with (
        httpx.AsyncClient(verify=trust, trust_env=False, timeout=60) as gateway,
        rows.watched(),
    ):
        shop = Shop(stack, gateway, rows)
        yield shop
        await shop.close()
    await engine.dispose()


def _order() -> dict[str, Any]:
    return {
        "order_id": f"B-{uuid.uuid4().hex[:16]}",
        "method": "bca_va",
        "integration": "core",
        "amount": {"value": 350_000, "currency": "IDR"},
        "items": [{"id": "DECK-8", "name": "Skate deck", "price": 350_000, "quantity": 1}],
        "customer": {"name": "Sari Dewi", "email": "sari@example.com"},
    }
