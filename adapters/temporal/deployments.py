"""Worker versions: which build gets new work, which ones still finish theirs."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from temporalio.api.deployment.v1 import RoutingConfig, WorkerDeploymentInfo
from temporalio.api.deployment.v1 import WorkerDeploymentVersion as VersionMessage
from temporalio.api.enums.v1 import WorkerDeploymentVersionStatus
from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentRequest,
    DescribeWorkerDeploymentVersionRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import WorkerDeploymentConfig

from adapters.temporal.pollers import Tasks

NAME_VARIABLE = "TEMPORAL_DEPLOYMENT_NAME"
BUILD_VARIABLE = "TEMPORAL_WORKER_BUILD_ID"

_STATUS_PREFIX = "WORKER_DEPLOYMENT_VERSION_STATUS_"


class Standing(StrEnum):
    """How a build stands; only a current or ramping one gets new work."""

    UNSPECIFIED = "unspecified"
    CREATED = "created"
    INACTIVE = "inactive"
    CURRENT = "current"
    RAMPING = "ramping"
    DRAINING = "draining"
    DRAINED = "drained"


@dataclass(frozen=True, slots=True)
class Deployment:
    """The builds of a worker deployment, the newest first, by their ids."""

    builds: Mapping[str, Standing]
    ramping: str | None
    ramp_percentage: float


def version_in(environment: Mapping[str, str]) -> WorkerDeploymentVersion | None:
    """The version that a worker is told to be; ValueError when it is told but half of it."""
    name, build = environment.get(NAME_VARIABLE), environment.get(BUILD_VARIABLE)
    if not name and not build:
        return None
    if not name or not build:
        raise ValueError(f"{NAME_VARIABLE} and {BUILD_VARIABLE} belong together: set both or none")
    return WorkerDeploymentVersion(name, build)


def pinned(version: WorkerDeploymentVersion | None) -> WorkerDeploymentConfig | None:
    """What a worker of this version is told: its runs stay on it until they move on themselves."""
    if version is None:
        return None
    return WorkerDeploymentConfig(
        version=version,
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.PINNED,
    )


async def view_deployment(client: Client, name: str) -> Deployment | None:
    """How the deployment stands; None when no worker has ever polled for it."""
    request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=name)
    try:
        answer = await client.workflow_service.describe_worker_deployment(request)
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    info = answer.worker_deployment_info
    routing = info.routing_config
    newest_first = sorted(
        info.version_summaries, key=lambda each: each.create_time.ToNanoseconds(), reverse=True
    )
    return Deployment(
        builds={
            each.deployment_version.build_id: _standing(each, routing) for each in newest_first
        },
        ramping=routing.ramping_deployment_version.build_id or None,
        ramp_percentage=routing.ramping_version_percentage,
    )


async def registered_queues(
    client: Client, version: WorkerDeploymentVersion
) -> set[tuple[str, Tasks]]:
    """What Temporal knows the build to serve; a build's first polls come before they are known."""
    request = DescribeWorkerDeploymentVersionRequest(
        namespace=client.namespace,
        deployment_version=VersionMessage(
            deployment_name=version.deployment_name, build_id=version.build_id
        ),
    )
    try:
        # Retried, for what describes a deployment is limited while its builds register.
        answer = await client.workflow_service.describe_worker_deployment_version(
            request, retry=True
        )
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return set()
        raise
    queues = answer.worker_deployment_version_info.task_queue_infos
    served = {kind.value: kind for kind in Tasks}
    return {(each.name, served[each.type]) for each in queues if each.type in served}


async def promote(client: Client, version: WorkerDeploymentVersion) -> None:
    """Let the build have all new work; refused when it lacks a queue that the current one serves."""
    await client.workflow_service.set_worker_deployment_current_version(
        SetWorkerDeploymentCurrentVersionRequest(
            namespace=client.namespace,
            deployment_name=version.deployment_name,
            build_id=version.build_id,
            identity=client.identity,
        )
    )


async def ramp(client: Client, version: WorkerDeploymentVersion, percentage: float) -> None:
    """Let the build have a part of new work; none ends the ramp."""
    await client.workflow_service.set_worker_deployment_ramping_version(
        SetWorkerDeploymentRampingVersionRequest(
            namespace=client.namespace,
            deployment_name=version.deployment_name,
            build_id=version.build_id if percentage else "",
            percentage=percentage,
            identity=client.identity,
        )
    )


async def count_open_runs(client: Client, version: WorkerDeploymentVersion) -> int:
    """How many runs are bound to the build; the store behind it lags by about a second."""
    name = f"{version.deployment_name}:{version.build_id}"
    query = f"TemporalWorkerDeploymentVersion = '{name}' AND ExecutionStatus = 'Running'"
    return (await client.count_workflows(query)).count


def _standing(
    summary: WorkerDeploymentInfo.WorkerDeploymentVersionSummary, routing: RoutingConfig
) -> Standing:
    """Where new work goes is known at once; the summary of a build lags behind it."""
    match summary.deployment_version:
        case routing.current_deployment_version:
            return Standing.CURRENT
        case routing.ramping_deployment_version:
            return Standing.RAMPING
    name = WorkerDeploymentVersionStatus.Name(summary.status)
    standing = Standing(name.removeprefix(_STATUS_PREFIX).lower())
    return Standing.DRAINING if standing in {Standing.CURRENT, Standing.RAMPING} else standing
