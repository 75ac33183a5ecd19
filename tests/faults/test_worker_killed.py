"""A worker that dies with no chance to tidy up loses nothing: another one goes on."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from local_stack.processes import Child, running
from local_stack.stack import START_WAIT, Stack, run_stack, said
from tests.e2e.refunds import ask_back, given_back, paid, refund_when
from tests.e2e.shop import Shop, open_shop, until

pytestmark = pytest.mark.e2e

Workers = Callable[[str], AbstractAsyncContextManager[Child]]


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A stack whose only worker has been killed: the tests bring their own."""
    state_dir = tmp_path_factory.mktemp("killed workers")
    async with run_stack(state_dir, os.environ, throw_away=True) as stack:
        stack.children["worker"].kill()
        yield stack


@pytest.fixture
async def shop(stack: Stack) -> AsyncIterator[Shop]:
    async with open_shop(stack) as shop:
        yield shop


@pytest.fixture
def workers(stack: Stack) -> Workers:
    @asynccontextmanager
    async def started(name: str) -> AsyncIterator[Child]:
        async with running(stack.program(name, "worker"), stack.logs) as worker:
            await worker.wait_until(said(worker, "worker.started"), START_WAIT)
            yield worker

    return started


async def test_a_payment_made_while_no_worker_lives_is_finished_by_the_next(
    shop: Shop, workers: Workers
) -> None:
    async with workers("worker-1") as worker:
        payment = await shop.checkout()
        worker.kill()
    order_id = payment["order_id"]
    gateway_order_id = f"{order_id}~1"

    await shop.customer(gateway_order_id, "pay")
    await shop.delivered(gateway_order_id, "settlement")
    assert (await shop.payment(order_id))["status"] == "awaiting_payment"
    async with workers("worker-2"):
        await shop.payment_when(order_id, status="paid", invoice_number=...)
        await shop.run(order_id).result()

    [transaction] = await shop.at_gateway(order_id)
    assert transaction["transaction_status"] == "settlement"
    assert (await shop.feed(order_id)).count("payment.paid") == 1
    assert len(await shop.mails(order_id)) == 1
    assert (await shop.audit_verdict()).broken is None


async def test_a_charge_in_flight_when_its_worker_dies_is_made_once(
    shop: Shop, workers: Workers
) -> None:
    order = shop.order()
    order_id = order["order_id"]
    gateway_order_id = f"{order_id}~1"
    await shop.plan_faults(
        {"operation": "charge", "order_id": gateway_order_id, "nth": 1, "fault": "timeout_after"}
    )

    async with workers("worker-1") as worker:
        checkout = asyncio.create_task(shop.post("/v1/payments", order))
        await until(lambda: at_gateway(shop, order_id))
        worker.kill()
    async with workers("worker-2"):
        await shop.payment_when(order_id, status="awaiting_payment", instructions=...)
        answer = await checkout

    assert answer.status_code in {201, 202}, "checkout was answered, whoever asked the gateway"
    [transaction] = await shop.at_gateway(order_id)
    assert transaction["transaction_status"] == "pending"


async def test_a_refund_in_flight_when_its_worker_dies_is_made_once(
    shop: Shop, workers: Workers
) -> None:
    async with workers("worker-1") as worker:
        order_id = await paid(shop)
        await shop.plan_faults(
            {"operation": "refund", "order_id": f"{order_id}~1", "fault": "timeout_after"},
            {"operation": "webhook", "order_id": f"{order_id}~1", "fault": "drop"},
        )
        answer = await ask_back(shop, order_id)
        await until(lambda: is_given_back(shop, order_id))
        worker.kill()
    async with workers("worker-2"):
        await refund_when(shop, order_id, "accepted")

    assert answer.status_code == 202
    assert await given_back(shop, order_id) == [350_000]


async def is_given_back(shop: Shop, order_id: str) -> bool | None:
    return bool(await given_back(shop, order_id)) or None


async def at_gateway(shop: Shop, order_id: str) -> bool | None:
    return len(await shop.at_gateway(order_id)) == 1 or None
