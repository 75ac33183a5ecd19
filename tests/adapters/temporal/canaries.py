"""A workflow that leaves a canary in every place where Temporal keeps something."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from temporalio import activity, workflow
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    StartWorkflowInput,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.common import RetryPolicy
from temporalio.converter import DataConverter
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.worker import Worker

BRIEFLY = timedelta(seconds=20)


def raise_in_public(canary: str) -> None:
    """Its name is in the stack trace, as a line of its caller's source is."""
    raise ApplicationError(f"message {canary}", f"detail {canary}", non_retryable=True)


@activity.defn
async def echo_canary(canary: str) -> str:
    return f"result {canary}"


@activity.defn
async def drop_canary(canary: str) -> None:
    try:
        int(canary)
    except ValueError:
        raise_in_public(canary)


@workflow.defn
class CanaryWorkflow:
    def __init__(self) -> None:
        self._signalled = False

    @workflow.run
    async def run(self, canary: str) -> str:
        workflow.upsert_memo({"later": canary})
        workflow.set_current_details(canary)
        await workflow.wait_condition(
            lambda: self._signalled, timeout=BRIEFLY, timeout_summary=canary
        )
        try:
            await workflow.execute_activity(
                drop_canary,
                canary,
                start_to_close_timeout=BRIEFLY,
                summary=canary,
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
        except ActivityError:
            return await workflow.execute_local_activity(
                echo_canary, canary, start_to_close_timeout=BRIEFLY
            )
        return "not reached"

    @workflow.signal
    def tell(self, canary: str) -> None:
        self._signalled = bool(canary)

    @workflow.update
    async def accept(self, canary: str) -> str:
        return canary

    @workflow.update
    async def fail(self, canary: str) -> None:
        raise_in_public(canary)


class CanaryInHeader(Interceptor):
    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's name
        return _Outbound(next)


class _Outbound(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002 - the SDK's name
        payload = DataConverter.default.payload_converter.to_payload(input.args[0])
        input.headers = {**input.headers, "canary": payload}
        return await super().start_workflow(input)


async def run_with_canaries(client: Client, canary: str) -> WorkflowHandle[CanaryWorkflow, str]:
    """Run the workflow to its end on a queue of its own."""
    queue = f"canaries-{uuid4()}"
    activities = [echo_canary, drop_canary]
    async with Worker(client, task_queue=queue, workflows=[CanaryWorkflow], activities=activities):
        handle = await client.start_workflow(
            CanaryWorkflow.run,
            canary,
            id=f"canary-run-{uuid4()}",
            task_queue=queue,
            memo={"memo": canary},
            static_summary=canary,
            static_details=canary,
        )
        await handle.execute_update(CanaryWorkflow.accept, canary)
        try:
            await handle.execute_update(CanaryWorkflow.fail, canary)
        except WorkflowUpdateFailedError:
            await handle.signal(CanaryWorkflow.tell, canary)
        await handle.result()
        return handle
