"""Traces of runs that go on whatever a message's header says of its trace."""

from collections.abc import Sequence
from typing import Any

from opentelemetry.trace import Tracer
from temporalio.api.common.v1 import Payload
from temporalio.contrib.opentelemetry import TracingInterceptor, TracingWorkflowInboundInterceptor
from temporalio.converter import DefaultPayloadConverter
from temporalio.worker import WorkflowInboundInterceptor, WorkflowInterceptorClassInput


class LenientTracing(TracingInterceptor):
    """The SDK fails the task of a run for a header that it cannot read, again and again.

    Whoever reaches Temporal may send one without any key, and a payment would stand still.
    """

    def __init__(self, tracer: Tracer) -> None:
        super().__init__(tracer)
        self.payload_converter = _Carriers()

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 - the SDK's name
    ) -> type[TracingWorkflowInboundInterceptor]:
        super().workflow_interceptor_class(input)
        return _LenientInRuns


class _LenientInRuns(TracingWorkflowInboundInterceptor):
    def __init__(self, next: WorkflowInboundInterceptor) -> None:  # noqa: A002 - the SDK's name
        super().__init__(next)
        self.payload_converter = _Carriers()


class _Carriers(DefaultPayloadConverter):
    """What is no carrier of a trace counts as one that carries nothing."""

    def from_payloads(
        self, payloads: Sequence[Payload], type_hints: list[type] | None = None
    ) -> list[Any]:
        try:
            read = super().from_payloads(payloads, type_hints)
        except Exception:  # noqa: BLE001 - whatever a stranger has put there
            return [{} for _ in payloads]
        return [each if _is_carrier(each) else {} for each in read]


def _is_carrier(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(part, str) for item in value.items() for part in item
    )
