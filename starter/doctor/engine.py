"""What the doctor looks at in Temporal: namespace, workers and their versions, schedules."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from adapters.temporal.client import connect
from adapters.temporal.pollers import QueueView, view_queue
from adapters.temporal.schedules import view_schedule
from settings import Settings
from starter.doctor.findings import AilmentError, Note
from starter.queues import SERVED
from starter.schedules import planned_schedules
from workflows.names import SEARCH_ATTRIBUTES

# A weekend, until somebody looks into what went wrong on Friday.
RETENTION_MIN = timedelta(days=3)


async def temporal_serves_us(settings: Settings) -> str | Note:
    async with _connected(settings) as client:
        retention = await _retention(client)
        await _look_at_search_attributes(client)
    place = f"{client.service_client.config.target_host}, namespace {client.namespace}"
    if retention < RETENTION_MIN:
        return Note(
            f"{place} keeps closed runs for {retention / timedelta(hours=1):g} h only",
            f"let the namespace keep them for {RETENTION_MIN.days} days or longer",
        )
    return f"{place}, keeps closed runs for {retention.days} days"


async def workers_serve_us(settings: Settings) -> str:
    """A worker of another version than the one that gets new work is as good as none."""
    async with _connected(settings) as client:
        views = [(queue, await view_queue(client, queue, tasks)) for queue, tasks in SERVED]
    unserved = {queue: view for queue, view in views if not view.is_served}
    for view in unserved.values():
        if view.pollers:
            raise _waits_for_promotion(unserved, view)
    if unserved:
        raise AilmentError(
            f"no worker serves: {', '.join(unserved)}",
            "start python -m worker" + _of_build(next(iter(unserved.values()))),
        )
    versions = sorted({str(view.target.build_id) for _, view in views if view.target})
    return "every task queue is served" + (f", by build {', '.join(versions)}" if versions else "")


async def schedules_are_applied(settings: Settings) -> str | Note:
    async with _connected(settings) as client:
        names = [plan.schedule_id for plan in planned_schedules(settings)]
        views = {name: await view_schedule(client, name) for name in names}
    missing = [name for name, view in views.items() if view is None]
    if missing:
        raise AilmentError(
            f"not applied: {', '.join(missing)}", "run python -m starter schedules apply"
        )
    paused = [name for name, view in views.items() if view is not None and view.is_paused]
    if paused:
        return Note(f"paused: {', '.join(paused)}", "unpause them in the Web UI when you may")
    return f"{', '.join(names)} are applied"


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[Client]:
    try:
        client = await connect(settings.temporal_keyset)
    except RuntimeError as error:
        raise AilmentError(
            "cannot connect", "check TEMPORAL_ADDRESS, and TLS or API key"
        ) from error
    try:
        yield client
    except RPCError as error:
        raise AilmentError(
            f"namespace {client.namespace}: {error.status.name}",
            "set TEMPORAL_NAMESPACE, or create it with temporal operator namespace create",
        ) from error


async def _retention(client: Client) -> timedelta:
    answer = await client.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=client.namespace)
    )
    return answer.config.workflow_execution_retention_ttl.ToTimedelta()


async def _look_at_search_attributes(client: Client) -> None:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    present = (await client.operator_service.list_search_attributes(request)).custom_attributes
    missing = [key.name for key in SEARCH_ATTRIBUTES if key.name not in present]
    if missing:
        raise AilmentError(
            f"search attributes are missing: {', '.join(missing)}",
            "run python -m starter migrate",
        )


def _waits_for_promotion(unserved: dict[str, QueueView], view: QueueView) -> AilmentError:
    there = {poller.version.build_id if poller.version else "none" for poller in view.pollers}
    wanted = f"build {view.target.build_id}" if view.target else "workers without a version"
    builds = sorted(there - {"none"})
    remedy = f"start python -m worker{_of_build(view)}"
    if builds:
        remedy = f"run python -m starter deployments promote {builds[-1]}, or {remedy}"
    return AilmentError(
        f"{', '.join(unserved)}: tasks wait for {wanted}, and the workers that are there are of"
        f" build {', '.join(sorted(there))}",
        remedy,
    )


def _of_build(view: QueueView) -> str:
    return f" of build {view.target.build_id}" if view.target else ""
