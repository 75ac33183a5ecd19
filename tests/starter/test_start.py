"""Starting a payment, on real parts: one charge per order, and the same answer to everybody."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from payments.errors import GatewayRefusedError
from starter.problems import ProblemCode
from tests.starter.conftest import Shop
from tests.starter.gateway import VA_NUMBER, Delay
from tests.starter.orders import order
from workflows.names import workflow_id

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]

SHORT = timedelta(seconds=0.7)
NOWHERE = "nobody-serves-this"


async def test_a_new_order_is_answered_with_what_the_customer_needs(
    http: httpx.AsyncClient, order_id: str
) -> None:
    answer = await http.post("/v1/payments", json=order(order_id))

    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/payments/{order_id}"
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["status"] == "awaiting_payment"
    assert body["instructions"]["va_number"] == VA_NUMBER
    assert VA_NUMBER in body["message"]["id"]
    assert "Rp350.000" in body["message"]["en"]
    read = await http.get(answer.headers["location"])
    assert read.json() == body


async def test_the_same_request_again_is_the_same_payment(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    first = await http.post("/v1/payments", json=order(order_id))

    again = await http.post("/v1/payments", json=order(order_id))

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert shop.gateway.called[order_id] == 1


async def test_fifty_simultaneous_clicks_are_one_charge(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    answers = await asyncio.gather(
        *(http.post("/v1/payments", json=order(order_id)) for _ in range(50))
    )

    assert {answer.status_code for answer in answers} <= {200, 201}
    assert answers[0].json()["status"] == "awaiting_payment"
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert shop.gateway.called[order_id] == 1


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"method": "qris"}, id="method"),
        pytest.param({"customer": {"name": "Budi", "email": "budi@example.com"}}, id="customer"),
        pytest.param(
            {
                "amount": {"value": 1000, "currency": "IDR"},
                "items": [{"id": "A", "name": "A", "price": 1000, "quantity": 1}],
                "method": "bni_va",
            },
            id="amount",
        ),
    ],
)
async def test_the_same_order_with_other_contents_is_a_conflict(
    http: httpx.AsyncClient, shop: Shop, order_id: str, changed: dict[str, Any]
) -> None:
    await http.post("/v1/payments", json=order(order_id))

    answer = await http.post("/v1/payments", json=order(order_id, **changed))

    assert answer.status_code == 409
    assert answer.json()["code"] == ProblemCode.ORDER_CONFLICT
    assert shop.gateway.called[order_id] == 1


async def test_two_different_requests_at_once_leave_one_payment(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    answers = await asyncio.gather(
        http.post("/v1/payments", json=order(order_id)),
        http.post("/v1/payments", json=order(order_id, method="bri_va")),
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert shop.gateway.called[order_id] == 1


async def test_a_refused_charge_is_told_as_such_with_the_payment(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    shop.gateway.refusals[order_id] = GatewayRefusedError("402", "channel is not active")

    answer = await http.post("/v1/payments", json=order(order_id))
    again = await http.post("/v1/payments", json=order(order_id))

    assert answer.status_code == 502
    problem = answer.json()
    assert problem["code"] == ProblemCode.GATEWAY_REFUSED
    assert "metode pembayaran lain" in problem["message"]["id"]
    assert problem["payment"]["status"] == "failed"
    assert again.status_code == 200
    assert again.json() == problem["payment"]
    assert "qris" in again.json()["methods"]


async def test_a_slow_gateway_is_not_waited_for_longer_than_patience(
    shop: Shop, order_id: str
) -> None:
    delay = shop.gateway.delays[order_id] = Delay()
    async with shop.http(patience=SHORT) as http:
        early = await http.post("/v1/payments", json=order(order_id))
    delay.released.set()
    async with shop.http() as http:
        later = await http.post("/v1/payments", json=order(order_id))

    assert early.status_code == 202
    assert early.json()["status"] == "preparing"
    assert early.json()["instructions"] is None
    assert later.status_code == 201
    assert later.json()["status"] == "awaiting_payment"
    assert shop.gateway.called[order_id] == 1


async def test_without_a_worker_there_is_no_answer_and_nothing_stored(
    shop: Shop, order_id: str
) -> None:
    async with shop.http(patience=SHORT, task_queue=NOWHERE) as http:
        answer = await http.post("/v1/payments", json=order(order_id))

    assert answer.status_code == 504
    assert answer.json()["code"] == ProblemCode.NO_ANSWER
    assert answer.headers["retry-after"]
    assert await shop.store.payment(order_id) is None


async def test_without_temporal_the_service_is_unavailable(shop: Shop, order_id: str) -> None:
    nobody = await Client.connect("127.0.0.1:9", lazy=True)
    async with shop.http(patience=SHORT, temporal=nobody) as http:
        answer = await http.post("/v1/payments", json=order(order_id))

    assert answer.status_code == 503
    assert answer.json()["code"] == ProblemCode.TEMPORARILY_UNAVAILABLE
    assert not await shop.knows(order_id)


async def test_without_temporal_an_order_that_is_stored_is_still_answered(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))
    nobody = await Client.connect("127.0.0.1:9", lazy=True)

    async with shop.http(patience=SHORT, temporal=nobody) as without:
        answer = await without.post("/v1/payments", json=order(order_id))

    assert answer.status_code == 200
    assert answer.json()["status"] == "awaiting_payment"


async def test_a_run_that_is_terminated_in_the_middle_is_taken_up_again(
    http: httpx.AsyncClient, shop: Shop, temporal: WorkflowEnvironment, order_id: str
) -> None:
    delay = shop.gateway.delays[order_id] = Delay()
    clicking = asyncio.create_task(http.post("/v1/payments", json=order(order_id)))
    await delay.arrived.wait()

    await temporal.client.get_workflow_handle(workflow_id(order_id)).terminate()
    answer = await clicking
    delay.released.set()

    assert answer.status_code in {200, 201}
    assert answer.json()["status"] == "awaiting_payment"
    assert len(answer.json()["attempts"]) == 1
