"""Whole payments on real parts: checkout to paid, and to the receipt."""

import asyncio
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import httpx
from temporalio.client import Client

from local_stack.stack import Stack
from workflows.names import workflow_id

PAUSE_SECONDS = 0.02


@dataclass
class Run:
    """What was measured of a batch of payments."""

    seconds: float = 0.0
    checkout_seconds: list[float] = field(default_factory=list)
    to_paid_seconds: list[float] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)


async def pay_all(stack: Stack, http: httpx.AsyncClient, count: int, together: int) -> Run:
    """Check out, pay at the simulator, and wait until the order is paid; `together` at a time."""
    gate, run = asyncio.Semaphore(together), Run()

    async def one() -> None:
        async with gate:
            await _pay(stack, http, run)

    began = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(count)))
    run.seconds = time.perf_counter() - began
    return run


async def events_per_payment(client: Client, order_id: str) -> int:
    """History events of one finished payment."""
    handle = client.get_workflow_handle(workflow_id(order_id))
    await handle.result()
    return (await handle.describe()).history_length


async def _pay(stack: Stack, http: httpx.AsyncClient, run: Run) -> None:
    api, headers = stack.addresses.api_url, _authorization(stack)
    order = _order()
    began = time.perf_counter()
    answer = await http.post(f"{api}/v1/payments", json=order, headers=headers)
    answer.raise_for_status()
    run.checkout_seconds.append(time.perf_counter() - began)
    order_id = order["order_id"]
    paying = time.perf_counter()
    simulator = f"{stack.addresses.simulator_url}/_simulator/transactions"
    (await http.post(f"{simulator}/{order_id}~1/pay", json={})).raise_for_status()
    url = f"{api}/v1/payments/{order_id}"
    # What it waits for happens in other processes.
    while (await _status(http, url, headers)) != "paid":  # noqa: ASYNC110
        await asyncio.sleep(PAUSE_SECONDS)
    run.to_paid_seconds.append(time.perf_counter() - paying)
    run.orders.append(order_id)


async def _status(http: httpx.AsyncClient, url: str, headers: dict[str, str]) -> Any:
    return (await http.get(url, headers=headers)).json()["status"]


def _authorization(stack: Stack) -> dict[str, str]:
    return {"Authorization": f"Bearer {stack.environment['PAYMENTS_API_KEY']}"}


def _order() -> dict[str, Any]:
    return {
        "order_id": f"B-{uuid.uuid4().hex[:16]}",
        "method": "bca_va",
        "integration": "core",
        "amount": {"value": 350_000, "currency": "IDR"},
        "items": [{"id": "DECK-8", "name": "Skate deck", "price": 350_000, "quantity": 1}],
        "customer": {"name": "Sari Dewi", "email": "sari@example.com"},
    }
