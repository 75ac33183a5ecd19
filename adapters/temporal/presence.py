"""Whether a worker is where its tasks are: connected, polling, and of a version that gets any."""

import logging
from collections.abc import Collection, Mapping

from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion

from adapters.health import ANSWER_WITHIN
from adapters.temporal.deployments import Standing, view_deployment
from adapters.temporal.pollers import Tasks, view_queue

IDLE = frozenset({Standing.CREATED, Standing.INACTIVE})

log = logging.getLogger(__name__)


class AbsentError(Exception):
    """The worker is not yet, or no longer, where its tasks are."""


class Presence:
    def __init__(self, version: WorkerDeploymentVersion | None) -> None:
        self.version = version
        self._client: Client | None = None
        self._queues: Mapping[str, Collection[Tasks]] = {}
        self._standing: Standing | None = None

    def begin(self, client: Client, queues: Mapping[str, Collection[Tasks]]) -> None:
        """From now on, these queues are polled by this client."""
        self._client, self._queues = client, queues

    async def reach_temporal(self) -> None:
        """Return when Temporal serves."""
        if not await self._connected().service_client.check_health(timeout=ANSWER_WITHIN):
            raise AbsentError("Temporal does not serve")

    async def poll(self) -> None:
        """Return when Temporal sees this very process poll every queue for all of its tasks."""
        client = self._connected()
        for queue, kinds in self._queues.items():
            for tasks in kinds:
                pollers = (await view_queue(client, queue, tasks)).pollers
                if client.identity not in {poller.identity for poller in pollers}:
                    raise AbsentError(f"does not poll {queue} for {tasks.name.lower()}")
        await self.look_at_version()

    async def look_at_version(self) -> None:
        """Log when this version has begun, or ceased, to be one that gets new work."""
        version = self.version
        if version is None:
            return
        client = self._connected()
        deployment = await view_deployment(client, version.deployment_name)
        standing = deployment.builds.get(version.build_id) if deployment else None
        if standing is not self._standing:
            self._standing = standing
            self._tell(version, standing)

    def facts(self) -> Mapping[str, object]:
        """What the probe tells beside its verdict."""
        if self.version is None:
            return {}
        return {
            "deployment": self.version.deployment_name,
            "build": self.version.build_id,
            "version_status": self._standing or "unknown",
        }

    def _tell(self, version: WorkerDeploymentVersion, standing: Standing | None) -> None:
        fields = {"deployment": version.deployment_name, "build": version.build_id}
        if standing in IDLE:
            remedy = f"python -m starter deployments promote {version.build_id}"
            log.warning("worker.not_current", extra={**fields, "remedy": remedy})
        else:
            log.info("worker.version", extra={**fields, "version_status": standing})

    def _connected(self) -> Client:
        if self._client is None:
            raise AbsentError("not connected to Temporal")
        return self._client
