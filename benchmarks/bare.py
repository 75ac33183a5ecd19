"""The engine's own limit: a workflow with update-with-start, one signal, and nothing else."""

import asyncio
import time
import uuid

from temporalio import workflow
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.worker import PollerBehaviorAutoscaling, Worker

QUEUE = "bare"


@workflow.defn
class Bare:
    @workflow.init
    def __init__(self) -> None:
        self._is_told = False

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: self._is_told)

    @workflow.update
    async def start(self) -> None:
        pass

    @workflow.signal
    def tell(self) -> None:
        self._is_told = True


async def bare_per_second(client: Client, count: int, together: int) -> float:
    """Bare workflows completed per second, `together` at a time."""
    gate = asyncio.Semaphore(together)

    async def one() -> None:
        async with gate:
            operation = WithStartWorkflowOperation(
                Bare.run,
                id=f"bare/{uuid.uuid4()}",
                task_queue=QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            )
            await client.execute_update_with_start_workflow(
                Bare.start, start_workflow_operation=operation
            )
            handle = await operation.workflow_handle()
            await handle.signal(Bare.tell)
            await handle.result()

    worker = Worker(
        client,
        task_queue=QUEUE,
        workflows=[Bare],
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
    )
    async with worker:
        began = time.perf_counter()
        await asyncio.gather(*(one() for _ in range(count)))
        return count / (time.perf_counter() - began)
