"""The engine's own limit: a workflow with update-with-start, one signal, and nothing else."""

import uuid

from temporalio import workflow
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy

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


async def run_bare(client: Client) -> None:
    operation = WithStartWorkflowOperation(
        Bare.run,
        id=f"bare/{uuid.uuid4()}",
        task_queue=QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    await client.execute_update_with_start_workflow(Bare.start, start_workflow_operation=operation)
    handle = await operation.workflow_handle()
    await handle.signal(Bare.tell)
    await handle.result()
