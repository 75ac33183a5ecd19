"""A message whose header claims to carry a trace stops no run, whatever is in it."""

import uuid
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, Interceptor, OutboundInterceptor, SignalWorkflowInput
from temporalio.converter import PayloadConverter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from adapters.tracing import Tracing
from workflows.sandbox import RUNNER

pytestmark = pytest.mark.temporal


@workflow.defn
class Told:
    def __init__(self) -> None:
        self._is_told = False

    @workflow.run
    async def run(self) -> str:
        await workflow.wait_condition(lambda: self._is_told)
        return "told"

    @workflow.signal
    def tell(self) -> None:
        self._is_told = True


class Stranger(Interceptor):
    """Sends signals with a header of its own making."""

    def __init__(self, header: Payload) -> None:
        self._header = header

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002
        header = self._header

        class _Outbound(OutboundInterceptor):
            async def signal_workflow(self, input: SignalWorkflowInput) -> None:  # noqa: A002
                input.headers = {"_tracer-data": header}
                await super().signal_workflow(input)

        return _Outbound(next)


def payload_of(value: Any) -> Payload:
    return PayloadConverter.default.to_payloads([value])[0]


def client_with(temporal: WorkflowEnvironment, *interceptors: Interceptor) -> Client:
    config = temporal.client.config()
    config["interceptors"] = interceptors
    return Client(**config)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(payload_of("no carrier"), id="text"),
        pytest.param(payload_of([1, 2]), id="list"),
        pytest.param(payload_of({"traceparent": 7}), id="number"),
        pytest.param(payload_of({"traceparent": "00-made-up"}), id="made up"),
        pytest.param(Payload(metadata={"encoding": b"json/plain"}, data=b"{"), id="broken"),
        pytest.param(Payload(metadata={"encoding": b"unknown"}, data=b"?"), id="unknown"),
        pytest.param(Payload(), id="empty"),
    ],
)
async def test_a_header_that_is_no_trace_stops_no_run(
    temporal: WorkflowEnvironment, header: Payload
) -> None:
    traced = client_with(temporal, *Tracing(InMemorySpanExporter(), "tests").interceptors)
    stranger = client_with(temporal, Stranger(header))
    queue = f"carriers-{uuid.uuid4().hex}"
    async with Worker(traced, task_queue=queue, workflows=[Told], workflow_runner=RUNNER):
        run = await traced.start_workflow(Told.run, id=f"told-{uuid.uuid4()}", task_queue=queue)

        await stranger.get_workflow_handle(run.id).signal(Told.tell)

        assert await run.result() == "told"
