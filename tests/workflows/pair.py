"""A run with two activities and a child, and a codec that notes for which run each payload is."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    ActivitySerializationContext,
    PayloadCodec,
    SerializationContext,
    WithSerializationContext,
    WorkflowSerializationContext,
)

QUICK = timedelta(seconds=20)


@activity.defn
async def first(_argument: str) -> str:
    return "from first"


@activity.defn
async def second(_argument: str) -> str:
    return "from second"


@workflow.defn
class ChildWorkflow:
    @workflow.run
    async def run(self, _argument: str) -> str:
        return "from child"


@workflow.defn
class PairWorkflow:
    @workflow.run
    async def run(self, _argument: str) -> str:
        all_of_them = asyncio.gather(
            workflow.execute_activity(first, "to first", start_to_close_timeout=QUICK),
            workflow.execute_local_activity(second, "to second", start_to_close_timeout=QUICK),
            workflow.execute_child_workflow(
                ChildWorkflow.run, "to child", id=child_of(workflow.info().workflow_id)
            ),
        )
        return " and ".join(await all_of_them)


def child_of(workflow_id: str) -> str:
    return f"{workflow_id}-child"


@dataclass(frozen=True)
class NotingCodec(PayloadCodec, WithSerializationContext):
    """Encodes nothing; `noted` has the runs that each text was sealed or opened for."""

    noted: dict[str, set[str]] = field(default_factory=dict)
    whose: str = ""

    def with_context(self, context: SerializationContext) -> Self:
        if isinstance(context, WorkflowSerializationContext | ActivitySerializationContext):
            return type(self)(self.noted, str(context.workflow_id))
        return self

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return self._note(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return self._note(payloads)

    def _note(self, payloads: Sequence[Payload]) -> list[Payload]:
        for payload in payloads:
            self.noted.setdefault(payload.data.decode().strip('"'), set()).add(self.whose)
        return list(payloads)
