"""Commands about worker versions: which build gets new payments, and which one may be stopped."""

import asyncio
import os
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion

from adapters.temporal.deployments import (
    NAME_VARIABLE,
    Deployment,
    Standing,
    count_open_runs,
    registered_queues,
    view_deployment,
)
from adapters.temporal.deployments import promote as promote_version
from adapters.temporal.deployments import ramp as ramp_version
from adapters.temporal.pollers import view_queue
from settings import Settings, load_settings
from starter.commands.engine import at_temporal, connected
from starter.commands.terminal import (
    AsJson,
    expected_errors,
    fail,
    listing,
    out,
    print_json,
)
from starter.queues import SERVED

Build = Annotated[str, typer.Argument(help="The build's id: its TEMPORAL_WORKER_BUILD_ID.")]
Wait = Annotated[
    float, typer.Option(min=0, help="Seconds to wait until the build's workers serve all queues.")
]
_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class BuildRow:
    """One build: whether it gets new work, who works for it, and what is bound to it."""

    build: str
    status: Standing
    ramp_percentage: float
    workers: int
    open_runs: int
    may_stop: bool


def register(app: typer.Typer) -> None:
    deployments = typer.Typer(help="Which version of the workers works.", no_args_is_help=True)
    deployments.command("show")(show)
    deployments.command("promote")(promote)
    deployments.command("ramp")(ramp)
    app.add_typer(deployments, name="deployments")


def show(*, as_json: AsJson = False) -> None:
    """Show each build: whether it gets new work, its workers, its open runs."""
    name, settings = _named()
    rows = at_temporal(_rows(settings, name))
    if as_json:
        print_json([asdict(row) for row in rows])
        return
    table = listing("build", "status", "workers", "open runs", "may be stopped")
    for row in rows:
        status = f"{row.status} {row.ramp_percentage:g} %" if row.ramp_percentage else row.status
        stop = "yes" if row.may_stop else "no"
        table.add_row(row.build, status, str(row.workers), str(row.open_runs), stop)
    out.print(table)


def promote(build: Build, *, wait: Wait = 0) -> None:
    """Give the build all new work; also the way back to an older one."""
    name, settings = _named()
    version = WorkerDeploymentVersion(name, build)
    at_temporal(_promote(settings, version, wait))
    out.print(f"{name}: new work goes to {build}", markup=False)


def ramp(
    build: Build,
    percent: Annotated[float, typer.Argument(min=0, max=100, help="0 ends the ramp.")],
    *,
    wait: Wait = 0,
) -> None:
    """Give the build a part of the new payments; what it has begun stays with it."""
    name, settings = _named()
    version = WorkerDeploymentVersion(name, build)
    at_temporal(_ramp(settings, version, percent, wait))
    out.print(f"{name}: {percent:g} % of new work goes to {build}", markup=False)


def _named() -> tuple[str, Settings]:
    with expected_errors():
        settings = load_settings()
    name = os.environ.get(NAME_VARIABLE)
    if not name:
        fail(f"{NAME_VARIABLE} is not set: workers without it have no versions")
    return name, settings


async def _rows(settings: Settings, name: str) -> list[BuildRow]:
    client = await connected(settings)
    deployment = await view_deployment(client, name)
    if deployment is None:
        return []
    return [await _row(client, name, build, deployment) for build in deployment.builds]


async def _row(client: Client, name: str, build: str, deployment: Deployment) -> BuildRow:
    version, status = WorkerDeploymentVersion(name, build), deployment.builds[build]
    open_runs = await count_open_runs(client, version)
    return BuildRow(
        build=build,
        status=status,
        ramp_percentage=deployment.ramp_percentage if build == deployment.ramping else 0,
        workers=len(await _workers(client, version)),
        open_runs=open_runs,
        may_stop=status is Standing.DRAINED and open_runs == 0,
    )


async def _promote(settings: Settings, version: WorkerDeploymentVersion, wait: float) -> None:
    client = await connected(settings)
    await _served(client, version, wait)
    await promote_version(client, version)


async def _ramp(
    settings: Settings, version: WorkerDeploymentVersion, percent: float, wait: float
) -> None:
    client = await connected(settings)
    if percent:
        await _served(client, version, wait)
    await ramp_version(client, version, percent)


async def _served(client: Client, version: WorkerDeploymentVersion, wait: float) -> None:
    """Return when the build's workers poll every queue and Temporal has registered them for it.

    What a queue lacks would wait for ever; what is not registered cannot be promoted.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    while missing := await _unserved(client, version):
        if loop.time() >= deadline:
            fail(f"no worker of {version.build_id} serves: {', '.join(missing)}")
        await asyncio.sleep(_PAUSE)


async def _unserved(client: Client, version: WorkerDeploymentVersion) -> list[str]:
    registered = await registered_queues(client, version)
    missing = [
        queue
        for queue, tasks in SERVED
        if (queue, tasks) not in registered
        or all(each.version != version for each in (await view_queue(client, queue, tasks)).pollers)
    ]
    return list(dict.fromkeys(missing))


async def _workers(client: Client, version: WorkerDeploymentVersion) -> set[str]:
    return {
        poller.identity
        for queue, tasks in SERVED
        for poller in (await view_queue(client, queue, tasks)).pollers
        if poller.version == version
    }
