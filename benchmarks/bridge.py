"""Webhooks that the bridge takes, beside the signals that the same server takes without it."""

import hashlib
import itertools
import json
import uuid
from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from statistics import median

from temporalio.client import Client

from benchmarks.figures import Figure, latencies
from benchmarks.loads import Load, at_pace, per_second
from benchmarks.posting import Poster
from local_stack.stack import Stack
from payments.gateway import GATEWAY
from payments.notice import Notice
from payments.status import AttemptStatus
from workflows.names import GATEWAY_REPORTED, PAYMENT_WORKFLOW, workflow_id

# Nobody serves it: the runs only take signals, so that nothing else is measured.
QUEUE = "benchmark-unserved"
RUNS = 100
PATH = "/webhooks/midtrans"
_STATUS_CODE, _AMOUNT = "200", "350000.00"


async def bridge_figures(stack: Stack, client: Client, load: Load) -> Sequence[Figure]:
    """The bridge's pace beside that of bare signals, and how long an answer takes at half of it."""
    orders = [f"BRIDGE-{uuid.uuid4().hex[:12]}" for _ in range(RUNS)]
    for order_id in orders:
        await client.start_workflow(
            PAYMENT_WORKFLOW, order_id, id=workflow_id(order_id), task_queue=QUEUE
        )
    turn = itertools.cycle(orders)
    poster = Poster(stack.addresses.bridge_url)

    async def signal() -> None:
        order_id = next(turn)
        handle = client.get_workflow_handle(workflow_id(order_id))
        body = notification(f"{order_id}~1", "no-transaction", stack.keys.server_key)
        await handle.signal(GATEWAY_REPORTED, _notice(order_id, body).as_json())

    async def post() -> None:
        body = notification(f"{next(turn)}~1", "no-transaction", stack.keys.server_key)
        await poster.post(PATH, body)

    async with aclosing(poster):
        signals, posts = [], []
        for one in (signal, post):
            await per_second(one, load.together, load.together)  # connects
        for _ in range(load.repeats):
            signals.append(await per_second(signal, load.count, load.together))
            posts.append(await per_second(post, load.count, load.together))
        bare, rate = median(signals), median(posts)
        answered = await at_pace(post, rate / 2, load.count)
    return (
        Figure(name="bare_signals", value=bare, unit="1/s"),
        Figure(
            name="bridge_webhooks", value=rate, unit="1/s", ratio=rate / bare, target="ratio >= 0.6"
        ),
        *latencies("bridge_answer_at_half_load", answered, "< 50 ms"),
    )


def notification(gateway_order_id: str, transaction_id: str, server_key: str) -> bytes:
    """A settlement as Midtrans signs it."""
    signed = f"{gateway_order_id}{_STATUS_CODE}{_AMOUNT}{server_key}"
    document = {
        "transaction_time": "2026-11-23 14:02:42",
        "transaction_status": "settlement",
        "transaction_id": transaction_id,
        "status_code": _STATUS_CODE,
        "signature_key": hashlib.sha512(signed.encode()).hexdigest(),
        "payment_type": "bank_transfer",
        "va_numbers": [{"bank": "bca", "va_number": "81278500253"}],
        "order_id": gateway_order_id,
        "gross_amount": _AMOUNT,
        "fraud_status": "accept",
        "currency": "IDR",
    }
    return json.dumps(document).encode()


def _notice(order_id: str, body: bytes) -> Notice:
    """What the bridge makes of the notification."""
    return Notice(
        gateway=GATEWAY,
        gateway_order_id=f"{order_id}~1",
        transaction_id="no-transaction",
        status=AttemptStatus.PAID,
        received_at=datetime.now(UTC),
        raw=body.decode(),
    )
