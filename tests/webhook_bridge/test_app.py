import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from payments.notice import parse_notice
from payments.status import AttemptStatus
from tests.webhook_bridge.collector import Collector
from tests.webhook_bridge.conftest import WEBHOOK
from tests.webhook_bridge.notifications import OLD_SERVER_KEY, new_order_id, notification
from webhook_bridge.app import BODY_BYTES_MAX
from workflows.names import ORDER_ID, PAYMENTS_QUEUE, workflow_id

pytestmark = pytest.mark.temporal


async def collected(temporal: Client, order_id: str) -> list[dict[str, str]]:
    """End the order's run, and give what it was told."""
    handle: WorkflowHandle[Collector, list[dict[str, str]]] = temporal.get_workflow_handle_for(
        Collector.run, workflow_id(order_id)
    )
    await handle.signal(Collector.end)
    return await handle.result()


async def outcomes(bridge: httpx.AsyncClient) -> dict[str, float]:
    lines = (await bridge.get("/metrics")).text.splitlines()
    prefix = 'payments_bridge_notifications_total{outcome="'
    counted = (line.removeprefix(prefix).split('"} ') for line in lines if line.startswith(prefix))
    return {outcome: float(count) for outcome, count in counted}


async def test_a_notification_becomes_a_signal_of_one_json_object(
    bridge: httpx.AsyncClient, temporal: Client
) -> None:
    order_id = new_order_id()
    body = notification(f"{order_id}~2")
    await temporal.start_workflow(
        Collector.run, order_id, id=workflow_id(order_id), task_queue=PAYMENTS_QUEUE
    )

    answer = await bridge.post(WEBHOOK, content=body)

    assert answer.status_code == 200
    assert answer.json() == {"status": "accepted"}
    (document,) = await collected(temporal, order_id)
    notice = parse_notice(document)
    assert notice.gateway_order_id == f"{order_id}~2"
    assert notice.status is AttemptStatus.PAID
    assert notice.raw == body.decode()
    assert datetime.now(UTC) - notice.received_at < timedelta(minutes=1)


async def test_a_notification_starts_the_run_of_an_order_that_has_none(
    bridge: httpx.AsyncClient, temporal: Client
) -> None:
    order_id = new_order_id()

    answer = await bridge.post(WEBHOOK, content=notification(f"{order_id}~1"))

    assert answer.status_code == 200
    described = await temporal.get_workflow_handle(workflow_id(order_id)).describe()
    assert described.typed_search_attributes[ORDER_ID] == order_id
    assert await described.static_summary() == f"Payment of order {order_id}"
    assert len(await collected(temporal, order_id)) == 1


async def test_a_notification_after_the_run_has_ended_starts_another(
    bridge: httpx.AsyncClient, temporal: Client
) -> None:
    order_id = new_order_id()
    body = notification(f"{order_id}~1")

    for _ in range(2):
        assert (await bridge.post(WEBHOOK, content=body)).status_code == 200
        assert len(await collected(temporal, order_id)) == 1


async def test_no_notification_is_lost_when_many_come_at_once(
    bridge: httpx.AsyncClient, temporal: Client
) -> None:
    order_id = new_order_id()
    body = notification(f"{order_id}~1")

    answers = await asyncio.gather(*(bridge.post(WEBHOOK, content=body) for _ in range(200)))

    assert [answer.status_code for answer in answers] == [200] * 200
    assert len(await collected(temporal, order_id)) == 200


async def test_the_old_server_key_counts_while_keys_are_replaced(
    bridge: httpx.AsyncClient,
) -> None:
    body = notification(f"{new_order_id()}~1", key=OLD_SERVER_KEY)

    assert (await bridge.post(WEBHOOK, content=body)).status_code == 200


@pytest.mark.parametrize("gateway_order_id", ["payment_notif_test_G1_abc", "SKT-1~0", "~1"])
async def test_an_order_id_that_is_not_ours_is_taken_and_ignored(
    bridge: httpx.AsyncClient, temporal: Client, gateway_order_id: str
) -> None:
    before = await outcomes(bridge)

    answer = await bridge.post(WEBHOOK, content=notification(gateway_order_id))

    assert answer.status_code == 200
    assert answer.json() == {"status": "ignored"}
    assert (await outcomes(bridge))["ignored"] == before["ignored"] + 1
    with pytest.raises(RPCError, match="not found"):
        await temporal.get_workflow_handle(workflow_id(gateway_order_id)).describe()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"[]", "body"),
        (b"\xff", "body"),
        (b"[" * 30_000, "body"),
        (notification("SKT-1~1", order_id=None), "order_id"),
        (notification("SKT-1~1", signature_key=None), "signature_key"),
        (notification("SKT-1~1", gross_amount=150000.00), "gross_amount"),
        (notification("SKT-1~1", transaction_id=""), "transaction_id"),
    ],
)
async def test_a_malformed_notification_is_told_its_field_and_rule(
    bridge: httpx.AsyncClient, body: bytes, field: str
) -> None:
    answer = await bridge.post(WEBHOOK, content=body)

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "malformed_notification"
    assert [error["field"] for error in problem["errors"]] == [field]
    assert problem["errors"][0]["rule"]


@pytest.mark.parametrize("gateway_order_id", ["SKT-1~1", "not ours"])
async def test_a_forged_notification_learns_nothing(
    bridge: httpx.AsyncClient, gateway_order_id: str
) -> None:
    answer = await bridge.post(WEBHOOK, content=notification(gateway_order_id, key="guessed"))

    assert answer.status_code == 401
    assert answer.json() == {
        "type": "about:blank",
        "title": "Unauthorized",
        "status": 401,
        "code": "invalid_signature",
    }


async def test_the_largest_body_is_taken(bridge: httpx.AsyncClient) -> None:
    body = notification(f"{new_order_id()}~1").ljust(BODY_BYTES_MAX)

    assert (await bridge.post(WEBHOOK, content=body)).status_code == 200


async def test_a_larger_body_is_refused_before_it_is_read(bridge: httpx.AsyncClient) -> None:
    answer = await bridge.post(WEBHOOK, content=b"x" * (BODY_BYTES_MAX + 1))

    assert answer.status_code == 413
    assert answer.json()["code"] == "body_too_large"


async def test_a_larger_body_in_chunks_is_refused_too(bridge: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(BODY_BYTES_MAX // 1000 + 1):
            yield b"x" * 1000

    answer = await bridge.post(WEBHOOK, content=chunks())

    assert answer.status_code == 413


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_verbs_are_not_allowed(bridge: httpx.AsyncClient, method: str) -> None:
    answer = await bridge.request(method, WEBHOOK)

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_it_is_alive_and_ready(bridge: httpx.AsyncClient, path: str) -> None:
    assert (await bridge.get(path)).status_code == 200


async def test_metrics_count_outcomes_and_name_nobody(bridge: httpx.AsyncClient) -> None:
    order_id = new_order_id()
    before = await outcomes(bridge)
    await bridge.post(WEBHOOK, content=notification(f"{order_id}~1"))
    await bridge.post(WEBHOOK, content=notification(f"{order_id}~1", key="guessed"))

    after = await outcomes(bridge)

    assert after["accepted"] == before["accepted"] + 1
    assert after["invalid_signature"] == before["invalid_signature"] + 1
    text = (await bridge.get("/metrics")).text
    assert "payments_bridge_answer_seconds_bucket" in text
    assert order_id not in text
    assert json.dumps(order_id) not in text
