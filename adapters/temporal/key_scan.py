"""Which keys Temporal's histories and schedules are still under: read without opening anything."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from google.protobuf.message import Message
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError, RPCStatusCode

from adapters.temporal.codec import KEY_ID

_AT_ONCE = 10
# A payload's metadata is a map, on the wire one entry after the other: name, value. What the name
# could be found in by chance is encrypted.
_NAMED = re.compile(re.escape(KEY_ID.encode()) + rb"\x12[\x01-\x0a](\d{1,10})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """A run or, without times, a schedule, and the keys that it cannot be read without."""

    name: str
    key_ids: frozenset[int]
    started_at: datetime | None = None
    closed_at: datetime | None = None


class KeyScan:
    def __init__(self, client: Client) -> None:
        self._client = client

    async def all(self) -> AsyncIterator[Scanned]:
        """The schedules, then the open runs, then those that are closed and not forgotten yet."""
        async for schedule in await self._client.list_schedules():
            described = await self._client.get_schedule_handle(schedule.id).describe()
            yield Scanned(name=schedule.id, key_ids=_key_ids(described.raw_description))
        for which in ("ExecutionStatus = 'Running'", "ExecutionStatus != 'Running'"):
            batch: list[WorkflowExecution] = []
            async for run in self._client.list_workflows(which):
                batch.append(run)
                if len(batch) == _AT_ONCE:
                    for each in await self._scanned(batch):
                        yield each
                    batch = []
            for each in await self._scanned(batch):
                yield each

    async def count(self) -> int:
        """About how many runs there are."""
        return (await self._client.count_workflows()).count

    async def retention(self) -> timedelta:
        """How long a closed run is kept."""
        request = DescribeNamespaceRequest(namespace=self._client.namespace)
        described = await self._client.workflow_service.describe_namespace(request)
        return described.config.workflow_execution_retention_ttl.ToTimedelta()

    async def _scanned(self, runs: list[WorkflowExecution]) -> list[Scanned]:
        found = await asyncio.gather(*(self._scan(run) for run in runs))
        return [each for each in found if each is not None]

    async def _scan(self, run: WorkflowExecution) -> Scanned | None:
        """None when the run was forgotten meanwhile."""
        handle = self._client.get_workflow_handle(run.id, run_id=run.run_id)
        try:
            keys = [_key_ids(event) async for event in handle.fetch_history_events()]
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
        return Scanned(
            name=run.id,
            key_ids=frozenset(chain.from_iterable(keys)),
            started_at=run.start_time,
            closed_at=run.close_time,
        )


def _key_ids(message: Message) -> frozenset[int]:
    return frozenset(int(found) for found in _NAMED.findall(message.SerializeToString()))
