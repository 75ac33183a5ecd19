"""Schedules as data: created, or brought to what they shall be, however often they are applied."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionExecutionStartWorkflow,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleDescription,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from adapters.temporal.codec import KEY_ID


class Applied(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSchedule:
    """When which workflow runs with what; never twice at once.

    Temporal appends the time to `workflow_id`. What was missed for longer than `catch_up` while
    Temporal was down is left out.
    """

    schedule_id: str
    workflow: str
    workflow_id: str
    task_queue: str
    argument: object
    spec: ScheduleSpec
    catch_up: timedelta
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleView:
    """How a schedule stands: its next runs, and its last ones by workflow id, the newest last."""

    schedule_id: str
    note: str
    is_paused: bool
    next_runs: tuple[datetime, ...]
    last_runs: tuple[tuple[datetime, str], ...]
    skipped: int


async def apply_schedule(client: Client, plan: PlannedSchedule) -> Applied:
    """Bring the schedule to what is planned; one that an operator has paused stays paused."""
    wanted = _schedule(plan)
    try:
        await client.create_schedule(plan.schedule_id, wanted)
    except ScheduleAlreadyRunningError:
        handle = client.get_schedule_handle(plan.schedule_id)
        if await _is_as_wanted(client, await handle.describe(), wanted):
            return Applied.UNCHANGED
        await handle.update(lambda current: _updated(current, wanted))
        return Applied.UPDATED
    return Applied.CREATED


async def view_schedule(client: Client, schedule_id: str) -> ScheduleView | None:
    """How the schedule stands; None when it was never applied."""
    try:
        description = await client.get_schedule_handle(schedule_id).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    state, info = description.schedule.state, description.info
    return ScheduleView(
        schedule_id=schedule_id,
        note=state.note or "",
        is_paused=state.paused,
        next_runs=tuple(info.next_action_times),
        last_runs=tuple(
            (result.started_at, result.action.workflow_id)
            for result in info.recent_actions
            if isinstance(result.action, ScheduleActionExecutionStartWorkflow)
        ),
        skipped=info.num_actions_skipped_overlap,
    )


def _schedule(plan: PlannedSchedule) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            plan.workflow,
            plan.argument,
            id=plan.workflow_id,
            task_queue=plan.task_queue,
            static_summary=plan.note,
        ),
        spec=plan.spec,
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=plan.catch_up),
        state=ScheduleState(note=plan.note),
    )


def _updated(current: ScheduleUpdateInput, wanted: Schedule) -> ScheduleUpdate:
    state = replace(current.description.schedule.state, note=wanted.state.note)
    return ScheduleUpdate(replace(wanted, state=state))


async def _is_as_wanted(client: Client, found: ScheduleDescription, wanted: Schedule) -> bool:
    present = found.schedule
    return (
        present.spec == wanted.spec
        and present.policy == wanted.policy
        # Pausing and resuming write a note of their own, which is the operator's.
        and (present.state.paused or present.state.note == wanted.state.note)
        and await _action_of(client, present) == await _action_of(client, wanted)
    )


async def _action_of(client: Client, schedule: Schedule) -> Sequence[object]:
    """What the schedule starts, in clear: its argument is encrypted anew each time."""
    action = schedule.action
    assert isinstance(action, ScheduleActionStartWorkflow), "schedules start workflows"
    return (
        action.workflow,
        action.id,
        action.task_queue,
        [await _clear(client, each) for each in action.args],
        await _clear(client, action.static_summary),
    )


async def _clear(client: Client, value: object) -> object:
    """A value as JSON has it, whether it is already a payload or not, and the key that it is under.

    One that is under an older key is not as wanted, so applying renews it.
    """
    converter = client.data_converter
    payloads = [value] if isinstance(value, Payload) else await converter.encode([value])
    (clear,) = await converter.decode(payloads)
    return clear, payloads[0].metadata.get(KEY_ID)
