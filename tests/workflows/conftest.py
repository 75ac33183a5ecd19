"""A worker with the real workflow, its stores and gateway in memory."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker
from temporalio.workflow import UpdateMethodMultiParam

from activities.documents import DocumentActivities, DocumentParts
from activities.gateway import GatewayActivities
from activities.records import RecordActivities
from adapters.keysets import load_aead, new_aead_keyset
from adapters.temporal.converter import data_converter
from payments.changes import Terms
from payments.mails import Mail, MailKind
from payments.methods import PaymentMethod
from payments.progress import Windows
from payments.status import AttemptStatus
from tests.workflows.memory import MemoryGateway, MemoryRecords
from tests.workflows.paper import MemoryCreditNotes, MemoryPaper
from tests.workflows.samples import MERCHANT_ID, notice, request
from workflows.messages import (
    AwaitInstructions,
    Cancel,
    Outcome,
    RequestRefund,
    ResolveCase,
)
from workflows.names import DOCUMENTS_QUEUE, workflow_id
from workflows.payment import PaymentWorkflow
from workflows.sandbox import RUNNER

PATIENCE = 60.0

Message = TypeVar("Message")

_SEND_AGAIN = frozenset(
    {
        RPCStatusCode.FAILED_PRECONDITION,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.UNAVAILABLE,
    }
)


@dataclass
class House:
    """The parts of one test: a client on its own queue, and what its worker is made of."""

    client: Client
    queue: str
    records: MemoryRecords
    gateway: MemoryGateway
    windows: Windows
    paper: MemoryPaper
    credit_notes: MemoryCreditNotes

    def start_operation(self, order_id: str) -> WithStartWorkflowOperation[Any, Any]:
        return WithStartWorkflowOperation(
            PaymentWorkflow.run,
            order_id,
            id=workflow_id(order_id),
            task_queue=self.queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )

    async def checkout(
        self,
        order_id: str,
        update_id: str | None = None,
        method: PaymentMethod = PaymentMethod.BCA_VA,
    ) -> Outcome:
        message = AwaitInstructions(request=request(order_id, method=method), actor="test")
        return await self.send(PaymentWorkflow.await_instructions, order_id, message, update_id)

    async def cancel(self, order_id: str) -> Outcome:
        cancel = Cancel(actor="test", reason="changed my mind")
        return await self.send(PaymentWorkflow.cancel, order_id, cancel)

    async def pay(self, order_id: str, method: PaymentMethod) -> None:
        """Check out, pay, and wait for the receipt."""
        await self.checkout(order_id, method=method)
        self.gateway.pay(f"{order_id}~1")
        await self.notify(order_id, notice(order_id, AttemptStatus.PAID))
        await until(lambda: Mail(MailKind.RECEIPT, 1) in self.records.mails.get(order_id, []))

    async def refund(self, order_id: str, message: RequestRefund) -> Outcome:
        return await self.send(
            PaymentWorkflow.request_refund, order_id, message, message.refund_key
        )

    async def decide(self, order_id: str, decision: ResolveCase) -> Outcome:
        return await self.send(PaymentWorkflow.resolve_case, order_id, decision)

    async def send(
        self,
        update: UpdateMethodMultiParam[[PaymentWorkflow, Message], Outcome],
        order_id: str,
        message: Message,
        update_id: str | None = None,
    ) -> Outcome:
        """Send it again while the run is just closing, as every client does (DESIGN §3)."""
        same_id = update_id or uuid.uuid4().hex
        while True:
            operation = self.start_operation(order_id)
            try:
                return await self.client.execute_update_with_start_workflow(
                    update, message, start_workflow_operation=operation, id=same_id
                )
            except RPCError as error:
                # The operation's own future carries the same error; asyncio wants it looked at.
                await asyncio.gather(operation.workflow_handle(), return_exceptions=True)
                if error.status not in _SEND_AGAIN:
                    raise
            await asyncio.sleep(0.05)

    async def notify(self, order_id: str, document: object) -> None:
        await self.client.start_workflow(
            PaymentWorkflow.run,
            order_id,
            id=workflow_id(order_id),
            task_queue=self.queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal="gateway_reported",
            start_signal_args=[document],
        )

    def handle(self, order_id: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(workflow_id(order_id))


HouseFactory = Callable[..., Awaitable[House]]


@pytest.fixture
def order_id() -> str:
    return f"T-{uuid.uuid4().hex[:12]}"


@pytest.fixture
async def open_house(temporal: WorkflowEnvironment) -> AsyncIterator[HouseFactory]:
    """Starts a worker on a fresh queue; windows in seconds, so that tests need no clock."""
    workers: list[Worker] = []
    tasks: list[asyncio.Task[None]] = []

    async def open_one(gateway: MemoryGateway | None = None, **seconds: float) -> House:
        config = temporal.client.config()
        config["data_converter"] = data_converter(
            load_aead(new_aead_keyset()), temporal.client.namespace
        )
        client = Client(**config)
        spans = {name: timedelta(seconds=value) for name, value in seconds.items()}
        queue = f"payments-{uuid.uuid4().hex[:8]}"
        windows = Windows(**spans)
        terms = Terms(
            merchant_id=MERCHANT_ID,
            another_method=windows.another_method,
            details_kept=timedelta(0),
        )
        stored = MemoryRecords(terms)
        house = House(
            client=client,
            queue=queue,
            records=stored,
            gateway=gateway or MemoryGateway(),
            windows=windows,
            paper=MemoryPaper(stored),
            credit_notes=MemoryCreditNotes(stored),
        )
        records = RecordActivities(house.records, house.windows)
        at_gateway = GatewayActivities(house.gateway, house.records, house.records)
        paper = house.paper
        documents = DocumentActivities(
            DocumentParts(
                payments=paper,
                invoices=paper,
                credit_notes=house.credit_notes,
                drawer=paper,
                ledger=paper,
                mailer=paper,
            )
        )
        parts: list[tuple[str, list[type], list[Callable[..., Any]]]] = [
            (queue, [PaymentWorkflow], [*records.all(), *at_gateway.all()]),
            (DOCUMENTS_QUEUE, [], documents.all()),
        ]
        for task_queue, workflows, activities in parts:
            worker = Worker(
                client,
                task_queue=task_queue,
                workflows=workflows,
                activities=activities,
                workflow_runner=RUNNER,
            )
            workers.append(worker)
            tasks.append(asyncio.create_task(worker.run()))
        return house

    yield open_one
    ending = asyncio.gather(*(worker.shutdown() for worker in workers))
    if tasks:
        # Once in thousands the SDK's core never says that a worker, which has done all and polls no
        # more, is over (1.35). Cancelled at that place, and at no other, its run ends well.
        _, stuck = await asyncio.wait(tasks, timeout=PATIENCE)
        for task in stuck:
            task.cancel()
    await asyncio.gather(ending, *tasks)


async def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until the condition holds; fail when it does not hold in time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
