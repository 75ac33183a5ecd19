"""Stopping activities at their boundaries, and the process with them."""

import asyncio
import json
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, Never

import temporalio.client
import temporalio.worker
from temporalio import activity, workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError

from tests.crash.gate import Gate, for_ever
from tests.crash.points import Book, Execution, Phase, Point
from workflows.names import DOCUMENTS_QUEUE

_PAUSE_SECONDS = 0.02
# While an activity waits for its kill, the workflow must not turn to another way of doing it.
_LOCAL_TRY = timedelta(minutes=1)
# In production half a minute, and as long again before an alert's second try: nobody needs to
# wait that long to see it.
_DOCUMENT_TRY = timedelta(seconds=10)
_DOCUMENT_PAUSE = timedelta(seconds=1)


class Boundaries(temporalio.client.Interceptor, temporalio.worker.Interceptor):
    """For the client of a worker: it dies at the points of the book, and lives on without any."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._gate = Gate(book)
        self._nth: dict[Execution, int] = {}
        self._last: Counter[tuple[str, str]] = Counter()
        self._held: set[str] = set()
        for execution in book.executions():
            self._count(execution)

    def intercept_activity(
        self, inner: temporalio.worker.ActivityInboundInterceptor
    ) -> temporalio.worker.ActivityInboundInterceptor:
        return _AtBoundaries(inner, self)

    def workflow_interceptor_class(
        self, call: temporalio.worker.WorkflowInterceptorClassInput
    ) -> type[temporalio.worker.WorkflowInboundInterceptor]:
        return _Patient

    async def die(self) -> Never:
        await self._gate.die()

    async def pass_by(self, phase: Phase) -> None:
        """Where an activity is; does not return when it is to die there."""
        info = activity.info()
        workflow_id = info.workflow_id or ""
        if phase is Phase.BEFORE and self._gate.is_stopped(workflow_id):
            self._held.add(workflow_id)
            await for_ever()
        run_id = info.workflow_run_id or ""
        execution = Execution(workflow_id, run_id, info.activity_id, info.activity_type)
        self._count(execution)
        self._book.pass_by(execution, phase)
        here = Point(info.activity_type, self._nth[execution], phase)
        if not self._gate.is_due(workflow_id, here):
            return
        if phase is Phase.AFTER:
            # Its report leaves with its return, and nothing that follows is let through.
            self._gate.reach_after(workflow_id, self._told(activity.client(), info))
        else:
            await self._gate.wait(workflow_id)

    async def _told(self, client: Client, info: activity.Info) -> None:
        """Return once the report is in the history.

        That of a local activity waits for the end of its workflow task, which what follows in the
        same task keeps from ending: then it is told as far as it ever is before that follows.
        """
        workflow_id = info.workflow_id or ""
        run = client.get_workflow_handle(workflow_id, run_id=info.workflow_run_id)
        while not (info.is_local and workflow_id in self._held):
            with suppress(RPCError):
                if _tells(await run.fetch_history(), info):
                    return
            await asyncio.sleep(_PAUSE_SECONDS)

    def _count(self, execution: Execution) -> None:
        if execution not in self._nth:
            of = (execution.workflow_id, execution.activity)
            self._last[of] += 1
            self._nth[execution] = self._last[of]


class _AtBoundaries(temporalio.worker.ActivityInboundInterceptor):
    def __init__(
        self, inner: temporalio.worker.ActivityInboundInterceptor, boundaries: Boundaries
    ) -> None:
        super().__init__(inner)
        self._boundaries = boundaries

    async def execute_activity(self, call: temporalio.worker.ExecuteActivityInput) -> Any:
        await self._boundaries.pass_by(Phase.BEFORE)
        try:
            result = await super().execute_activity(call)
        except Exception:
            # To fail is an effect as well: the gateway was asked, and says "not yet".
            await self._boundaries.pass_by(Phase.UNREPORTED)
            raise
        await self._boundaries.pass_by(Phase.UNREPORTED)
        await self._boundaries.pass_by(Phase.AFTER)
        return result


class _Patient(temporalio.worker.WorkflowInboundInterceptor):
    def init(self, outbound: temporalio.worker.WorkflowOutboundInterceptor) -> None:
        super().init(_PatientCalls(outbound))


class _PatientCalls(temporalio.worker.WorkflowOutboundInterceptor):
    """Options are no part of what a replay compares: a worker without these takes over."""

    def start_activity(
        self, call: temporalio.worker.StartActivityInput
    ) -> workflow.ActivityHandle[Any]:
        if call.task_queue == DOCUMENTS_QUEUE:
            call.start_to_close_timeout = _DOCUMENT_TRY
            if call.retry_policy is not None:
                call.retry_policy = replace(call.retry_policy, initial_interval=_DOCUMENT_PAUSE)
        return super().start_activity(call)

    def start_local_activity(
        self, call: temporalio.worker.StartLocalActivityInput
    ) -> workflow.ActivityHandle[Any]:
        call.start_to_close_timeout = call.schedule_to_close_timeout = _LOCAL_TRY
        return super().start_local_activity(call)


def _tells(history: WorkflowHistory, info: activity.Info) -> bool:
    """Whether the run's history has the end of this activity."""
    if info.is_local:
        return any(
            json.loads(payload.data)["activity_id"] == info.activity_id
            for event in history.events
            if event.event_type == EventType.EVENT_TYPE_MARKER_RECORDED
            for payload in event.marker_recorded_event_attributes.details["data"].payloads
        )
    scheduled = {
        event.event_id
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
        and event.activity_task_scheduled_event_attributes.activity_id == info.activity_id
    }
    return any(
        event.activity_task_completed_event_attributes.scheduled_event_id in scheduled
        for event in history.events
    )
