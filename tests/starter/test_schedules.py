"""The schedules of reconciliation, on a real Temporal server."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from temporalio.client import (
    Client,
    ScheduleBackfill,
    ScheduleOverlapPolicy,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.reconciliation import ReconciliationActivities
from adapters.keysets import load_aead, new_aead_keyset
from payments.changes import Terms
from payments.reconciling import RunKind
from starter.schedules import OPEN_SCHEDULE, RECENT_SCHEDULE
from tests.namespaces import namespace_of_its_own
from tests.starter.terminal import invoke
from tests.workflows.conftest import until
from tests.workflows.memory import MemoryRecords
from tests.workflows.reconciling import (
    AskedGateway,
    MemoryOrders,
    MemoryReports,
    MemoryRuns,
    awaiting,
)
from tests.workflows.samples import request
from workflows.names import DOCUMENTS_QUEUE, PAYMENTS_QUEUE
from workflows.reconciliation import ReconciliationWorkflow
from workflows.sandbox import RUNNER

pytestmark = pytest.mark.temporal

SCHEDULES = (OPEN_SCHEDULE, RECENT_SCHEDULE)


@dataclass
class Cluster:
    """A server without our schedules, and what a command has to know of it."""

    client: Client
    environment: Mapping[str, str]

    async def apply(self, **settings: str) -> dict[str, str]:
        applied = await invoke(
            "schedules", "apply", "--json", environment={**self.environment, **settings}
        )
        assert applied.exit_code == 0, applied.output
        changes: dict[str, str] = json.loads(applied.stdout)
        return changes


@pytest.fixture
async def cluster(temporal: WorkflowEnvironment) -> Cluster:
    """A namespace of its own: its schedules start runs on the queues that everybody serves."""
    keyset = new_aead_keyset()
    client = await namespace_of_its_own(temporal.client, load_aead(keyset))
    return Cluster(
        client,
        {
            "TEMPORAL_ADDRESS": client.service_client.config.target_host,
            "TEMPORAL_NAMESPACE": client.namespace,
            "PAYMENTS_KEYSET_TEMPORAL": keyset,
        },
    )


async def test_applying_twice_changes_nothing_the_second_time(cluster: Cluster) -> None:
    first = await cluster.apply()
    second = await cluster.apply()

    assert first == dict.fromkeys(SCHEDULES, "created")
    assert second == dict.fromkeys(SCHEDULES, "unchanged")


@pytest.mark.parametrize(
    ("setting", "value", "changed"),
    [
        ("PAYMENTS_RECONCILE_OPEN_MINUTES", "10", {OPEN_SCHEDULE}),
        ("PAYMENTS_RECONCILE_RECENT_HOUR", "4", {RECENT_SCHEDULE}),
        ("PAYMENTS_RECONCILE_DAYS", "14", {OPEN_SCHEDULE, RECENT_SCHEDULE}),
    ],
)
async def test_another_setting_updates_what_it_is_about(
    cluster: Cluster, setting: str, value: str, changed: set[str]
) -> None:
    await cluster.apply()

    applied = await cluster.apply(**{setting: value})

    assert {name for name, what in applied.items() if what == "updated"} == changed
    assert await cluster.apply(**{setting: value}) == dict.fromkeys(SCHEDULES, "unchanged")


async def test_what_somebody_changed_by_hand_is_brought_back(cluster: Cluster) -> None:
    await cluster.apply()

    def hourly(current: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule = current.description.schedule
        schedule.spec.intervals[0].every = timedelta(hours=1)
        return ScheduleUpdate(schedule)

    handle = cluster.client.get_schedule_handle(OPEN_SCHEDULE)
    await handle.update(hourly)

    applied = await cluster.apply()

    assert applied == {OPEN_SCHEDULE: "updated", RECENT_SCHEDULE: "unchanged"}
    restored = (await handle.describe()).schedule.spec.intervals[0].every
    assert restored == timedelta(minutes=5)


async def test_a_paused_schedule_stays_paused(cluster: Cluster) -> None:
    await cluster.apply()
    handle = cluster.client.get_schedule_handle(OPEN_SCHEDULE)
    await handle.pause(note="Midtrans' maintenance")

    assert (await cluster.apply())[OPEN_SCHEDULE] == "unchanged"
    await cluster.apply(PAYMENTS_RECONCILE_OPEN_MINUTES="10")

    schedule = (await handle.describe()).schedule
    assert schedule.state.paused
    assert schedule.spec.intervals[0].every == timedelta(minutes=10)


@pytest.mark.parametrize(
    ("schedule_id", "kind"), [(OPEN_SCHEDULE, RunKind.OPEN), (RECENT_SCHEDULE, RunKind.RECENT)]
)
async def test_a_schedule_runs_reconciliation_of_its_kind_over_the_days_of_the_settings(
    cluster: Cluster, schedule_id: str, kind: RunKind
) -> None:
    await cluster.apply(PAYMENTS_RECONCILE_DAYS="3")
    runs = MemoryRuns({})
    async with _worker(cluster.client, _activities(runs, _reports())):
        await cluster.client.get_schedule_handle(schedule_id).trigger()
        await until(lambda: bool(runs.batches))

    (started,), (batch,) = runs.begun, runs.batches
    assert started.kind is batch.kind is kind
    assert started.run_id.startswith(f"reconciliation/{kind}-{datetime.now(UTC).year}-")
    assert started.at - batch.since == timedelta(days=3)
    await cluster.client.get_workflow_handle(started.run_id).terminate()


async def test_a_difference_that_stays_is_mailed_once_not_every_few_minutes(
    cluster: Cluster,
) -> None:
    await cluster.apply()
    order_id = uuid.uuid4().hex[:12]
    books = {order_id: awaiting(order_id)}
    gateway = AskedGateway.of(books)
    gateway.reports_amount_of(f"{order_id}~1", request(order_id, price=1))
    runs, reports = MemoryRuns(books), _reports()
    activities = _activities(runs, reports, gateway)
    documents = Worker(
        cluster.client, task_queue=DOCUMENTS_QUEUE, activities=activities.documents()
    )
    async with _worker(cluster.client, activities), documents:
        await cluster.client.get_schedule_handle(OPEN_SCHEDULE).backfill(_two_runs())
        await until(lambda: len(runs.reports) == 2)
        await cluster.client.get_workflow_handle(list(runs.reports)[-1]).result()

    assert reports.mailed == [next(iter(runs.reports))]


async def test_show_tells_the_next_and_the_last_runs(cluster: Cluster) -> None:
    before = await _shown(cluster)
    await cluster.apply()
    runs = MemoryRuns({})
    async with _worker(cluster.client, _activities(runs, _reports())):
        await cluster.client.get_schedule_handle(RECENT_SCHEDULE).trigger()
        await until(lambda: bool(runs.batches))

    after = await _shown(cluster)
    table = await invoke("schedules", "show", environment=cluster.environment)

    assert {name: each["is_applied"] for name, each in before.items()} == dict.fromkeys(
        SCHEDULES, False
    )
    recent = after[RECENT_SCHEDULE]
    assert [each["workflow_id"] for each in recent["last_runs"]] == [runs.begun[0].run_id]
    upcoming = datetime.fromisoformat(recent["next_runs"][0]).astimezone(ZoneInfo("Asia/Jakarta"))
    assert (upcoming.hour, upcoming.minute) == (3, 0)
    assert not recent["is_paused"]
    assert RECENT_SCHEDULE in table.output
    await cluster.client.get_workflow_handle(runs.begun[0].run_id).terminate()


async def test_a_temporal_that_cannot_be_reached_is_one_line(cluster: Cluster) -> None:
    nowhere = {**cluster.environment, "TEMPORAL_ADDRESS": "127.0.0.1:1"}

    refused = await invoke("schedules", "apply", environment=nowhere)

    assert refused.exit_code == 1
    assert "Temporal cannot be reached" in refused.output
    assert "Traceback" not in refused.output


async def _shown(cluster: Cluster) -> dict[str, dict[str, Any]]:
    shown = await invoke("schedules", "show", "--json", environment=cluster.environment)
    assert shown.exit_code == 0, shown.output
    return {each["schedule_id"]: each for each in json.loads(shown.stdout)}


def _two_runs() -> ScheduleBackfill:
    """As if two times of the schedule had passed, five minutes apart."""
    every = timedelta(minutes=5)
    first = datetime.fromtimestamp(datetime.now(UTC).timestamp() // 300 * 300, UTC) - 3 * every
    jitter = timedelta(seconds=30)
    return ScheduleBackfill(
        start_at=first - jitter,
        end_at=first + every + jitter,
        overlap=ScheduleOverlapPolicy.BUFFER_ALL,
    )


def _reports() -> MemoryReports:
    return MemoryReports(MemoryRecords(Terms(merchant_id="G1", another_method=timedelta(days=1))))


def _activities(
    runs: MemoryRuns, reports: MemoryReports, gateway: AskedGateway | None = None
) -> ReconciliationActivities:
    return ReconciliationActivities(
        gateway or AskedGateway(), runs, MemoryOrders({}), reports, reports, 100
    )


def _worker(client: Client, activities: ReconciliationActivities) -> Worker:
    """Serves what the schedules start, but for the report, which is made where documents are."""
    return Worker(
        client,
        task_queue=PAYMENTS_QUEUE,
        workflows=[ReconciliationWorkflow],
        activities=activities.all(),
        workflow_runner=RUNNER,
    )
