"""Who polls a task queue, and which workers get its tasks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from temporalio.api.deployment.v1 import WorkerDeploymentOptions
from temporalio.api.deployment.v1 import WorkerDeploymentVersion as VersionMessage
from temporalio.api.enums.v1 import TaskQueueType, WorkerVersioningMode
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion

# Temporal remembers pollers for five minutes; one that is there asks anew once a minute.
GONE_AFTER = timedelta(minutes=2)


class Tasks(Enum):
    WORKFLOWS = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
    ACTIVITIES = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY


@dataclass(frozen=True, slots=True)
class Poller:
    """One process that polls; `version` is None when it is not versioned."""

    identity: str
    version: WorkerDeploymentVersion | None


@dataclass(frozen=True, slots=True)
class QueueView:
    """New work goes to pollers of version `target`, to unversioned ones when there is none."""

    pollers: Sequence[Poller]
    target: WorkerDeploymentVersion | None

    @property
    def is_served(self) -> bool:
        return any(poller.version == self.target for poller in self.pollers)


async def view_queue(client: Client, queue: str, tasks: Tasks) -> QueueView:
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=queue),
            task_queue_type=tasks.value,
        )
    )
    since = datetime.now(UTC) - GONE_AFTER
    return QueueView(
        pollers=[
            Poller(each.identity, _polled_as(each.deployment_options))
            for each in answer.pollers
            if each.last_access_time.ToDatetime(UTC) > since
        ],
        target=version_from(answer.versioning_info.current_deployment_version),
    )


def version_from(message: VersionMessage) -> WorkerDeploymentVersion | None:
    """What a message names; None where it names none."""
    if not message.build_id:
        return None
    return WorkerDeploymentVersion(message.deployment_name, message.build_id)


def _polled_as(options: WorkerDeploymentOptions) -> WorkerDeploymentVersion | None:
    if options.worker_versioning_mode != WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED:
        return None
    return WorkerDeploymentVersion(options.deployment_name, options.build_id)
