"""When reconciliation runs by itself, as the settings have it."""

from datetime import timedelta

from temporalio.client import (
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleRange,
    ScheduleSpec,
)

from adapters.temporal.schedules import PlannedSchedule
from payments.reconciling import RunKind
from settings import Settings
from workflows.names import PAYMENTS_QUEUE, RECONCILIATION_WORKFLOW, reconciliation_id
from workflows.reconciliation import Reconciliation

OPEN_SCHEDULE = "payments-reconciliation-open"
RECENT_SCHEDULE = "payments-reconciliation-recent"
# A night's run that Temporal slept through is still worth it in the morning.
_RECENT_CATCH_UP = timedelta(hours=12)


def planned_schedules(settings: Settings) -> tuple[PlannedSchedule, ...]:
    return (_open(settings), _recent(settings))


def _open(settings: Settings) -> PlannedSchedule:
    every = timedelta(minutes=settings.reconcile_open_minutes)
    return PlannedSchedule(
        schedule_id=OPEN_SCHEDULE,
        workflow=RECONCILIATION_WORKFLOW,
        workflow_id=reconciliation_id(RunKind.OPEN),
        task_queue=PAYMENTS_QUEUE,
        argument=_reconciliation(RunKind.OPEN, settings),
        spec=ScheduleSpec(
            intervals=[ScheduleIntervalSpec(every=every)], jitter=timedelta(seconds=10)
        ),
        # The next one asks about the same attempts.
        catch_up=every,
        note="Reconcile with Midtrans every open attempt",
    )


def _recent(settings: Settings) -> PlannedSchedule:
    hour = ScheduleRange(settings.reconcile_recent_hour)
    return PlannedSchedule(
        schedule_id=RECENT_SCHEDULE,
        workflow=RECONCILIATION_WORKFLOW,
        workflow_id=reconciliation_id(RunKind.RECENT),
        task_queue=PAYMENTS_QUEUE,
        argument=_reconciliation(RunKind.RECENT, settings),
        spec=ScheduleSpec(
            calendars=[ScheduleCalendarSpec(hour=(hour,))],
            jitter=timedelta(minutes=1),
            time_zone_name="Asia/Jakarta",
        ),
        catch_up=_RECENT_CATCH_UP,
        note=f"Reconcile with Midtrans the last {settings.reconcile_days} days",
    )


def _reconciliation(kind: RunKind, settings: Settings) -> Reconciliation:
    return Reconciliation(
        kind=kind,
        days=settings.reconcile_days,
        alert_after=settings.discrepancy_alert_after,
    )
