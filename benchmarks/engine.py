"""Payments with empty activities beside bare workflows: same server, same client, same process."""

import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from statistics import median

from temporalio.client import Client
from temporalio.worker import PollerBehaviorAutoscaling, Worker
from temporalio.worker.workflow_sandbox import SandboxRestrictions

from benchmarks.bare import QUEUE, Bare, run_bare
from benchmarks.figures import Figure
from benchmarks.loads import Load, One, per_second
from benchmarks.stubs import AMOUNT, MAILED, StubActivities, transaction_id_of
from payments.gateway import GATEWAY
from payments.methods import Integration, PaymentMethod
from payments.notice import Notice
from payments.request import Customer, LineItem, PaymentRequest
from payments.status import AttemptStatus
from starter.updates import Updates, update_id
from worker import Duties, worker_on
from workflows.messages import AwaitInstructions
from workflows.names import DOCUMENTS_QUEUE, PAYMENTS_QUEUE, workflow_id
from workflows.orders import OrderSignals
from workflows.payment import PaymentWorkflow
from workflows.sandbox import RUNNER as OUR_RUNNER

PATIENCE = timedelta(seconds=60)
PAID = "PAID-"
# The very one that ours have, so that what it saves counts for both.
RUNNER = replace(
    OUR_RUNNER, restrictions=SandboxRestrictions.default.with_passthrough_modules("benchmarks")
)


async def engine_figures(client: Client, load: Load) -> tuple[float, Sequence[Figure]]:
    """Bare workflows per second, and the figures of what was measured in turns with them."""
    orders = OrderSignals(client)
    updates = Updates(client, PAYMENTS_QUEUE, PATIENCE)
    contenders: dict[str, One] = {
        "bare_workflows": lambda: run_bare(client),
        "payments_to_paid_stubbed": lambda: _pay(client, updates, orders, PAID),
        "payments_to_mail_stubbed": lambda: _pay(client, updates, orders, MAILED),
    }
    measured: dict[str, list[float]] = {name: [] for name in contenders}
    async with AsyncExitStack() as stack:
        for worker in _workers(client):
            await stack.enter_async_context(worker)
        for one in contenders.values():
            await per_second(one, load.together, load.together)  # warms caches
        for _ in range(load.repeats):
            for name, one in contenders.items():
                measured[name].append(await per_second(one, load.count, load.together))
    bare, paid, mailed = (median(each) for each in measured.values())
    return bare, (
        Figure(name="bare_workflows", value=bare, unit="1/s"),
        _figure("payments_to_paid_stubbed", paid, bare, "ratio >= 0.4"),
        _figure("payments_to_mail_stubbed", mailed, bare, "ratio >= 0.25"),
    )


def _workers(client: Client) -> Sequence[Worker]:
    stubs = StubActivities()
    return (
        worker_on(client, PAYMENTS_QUEUE, Duties([PaymentWorkflow], stubs.of_payments())),
        worker_on(client, DOCUMENTS_QUEUE, Duties([], stubs.of_documents())),
        Worker(
            client,
            task_queue=QUEUE,
            workflows=[Bare],
            workflow_runner=RUNNER,
            workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        ),
    )


async def _pay(client: Client, updates: Updates, orders: OrderSignals, kind: str) -> None:
    """A payment as checkout and bridge bring it about, until its run has ended."""
    order_id = f"{kind}{uuid.uuid4().hex[:16]}"
    request = _request(order_id)
    await updates.send(
        PaymentWorkflow.await_instructions,
        order_id,
        AwaitInstructions(request=request, actor="benchmark"),
        update_id("await_instructions", order_id, asdict(request)),
    )
    for status in (AttemptStatus.PENDING, AttemptStatus.PAID):
        await orders.tell(_notice(order_id, status))
    await client.get_workflow_handle(workflow_id(order_id)).result()


def _request(order_id: str) -> PaymentRequest:
    return PaymentRequest(
        order_id=order_id,
        method=PaymentMethod.BCA_VA,
        integration=Integration.CORE,
        amount=AMOUNT,
        items=(LineItem("DECK-8", "Skate deck", AMOUNT.value, 1),),
        customer=Customer("Sari Dewi", "sari@example.com", "+62 812-3456-789"),
    )


def _notice(order_id: str, status: AttemptStatus) -> Notice:
    return Notice(
        gateway=GATEWAY,
        gateway_order_id=f"{order_id}~1",
        transaction_id=transaction_id_of(order_id),
        status=status,
        received_at=datetime.now(UTC),
        raw="{}",
    )


def _figure(name: str, value: float, bare: float, target: str) -> Figure:
    return Figure(name=name, value=value, unit="1/s", ratio=value / bare, target=target)
