"""Two builds of the worker side by side: what each payment runs on, and when it moves."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from temporalio.common import WorkerDeploymentVersion
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.documents import DocumentActivities, DocumentParts
from activities.gateway import GatewayActivities
from activities.records import RecordActivities
from adapters.keysets import load_aead, new_aead_keyset
from adapters.temporal.client import ensure_search_attributes
from adapters.temporal.deployments import (
    Standing,
    count_open_runs,
    pinned,
    promote,
    ramp,
    view_deployment,
)
from adapters.temporal.pollers import Tasks, view_queue
from payments.changes import Terms
from payments.mails import Mail, MailKind
from payments.progress import Windows
from payments.status import AttemptStatus, PaymentStatus
from tests.conftest import TEMPORAL
from tests.e2e.shop import until
from tests.namespaces import namespace_of_its_own
from tests.workflows.conftest import House
from tests.workflows.memory import MemoryGateway, MemoryRecords, status_of
from tests.workflows.paper import MemoryCreditNotes, MemoryPaper
from tests.workflows.samples import MERCHANT_ID, notice
from workflows.names import DOCUMENTS_QUEUE, PAYMENTS_QUEUE, SEARCH_ATTRIBUTES
from workflows.payment import PaymentWorkflow
from workflows.sandbox import RUNNER

pytestmark = pytest.mark.temporal

# Whether a build is drained is looked at every three minutes otherwise.
SOON = {
    "matching.wv.VersionDrainageStatusRefreshInterval": "1s",
    "matching.wv.VersionDrainageStatusVisibilityGracePeriod": "1s",
}
WINDOWS = Windows(another_method=timedelta(minutes=5), day=timedelta(seconds=1))


@dataclass
class Builds:
    """A house whose workers are of several builds."""

    house: House

    @asynccontextmanager
    async def running(self, build: str | None) -> AsyncIterator[None]:
        """Workers of this build on both queues; without one, of no version."""
        house, version = self.house, self.version(build) if build else None
        records = RecordActivities(house.records, house.windows)
        at_gateway = GatewayActivities(house.gateway, house.records, house.records)
        parts: list[tuple[str, list[type], list[Callable[..., Any]]]] = [
            (PAYMENTS_QUEUE, [PaymentWorkflow], [*records.all(), *at_gateway.all()]),
            (DOCUMENTS_QUEUE, [], documents_of(house).all()),
        ]
        async with AsyncExitStack() as workers:
            for queue, workflows, activities in parts:
                worker = Worker(
                    house.client,
                    task_queue=queue,
                    workflows=workflows,
                    activities=activities,
                    workflow_runner=RUNNER,
                    deployment_config=pinned(version),
                )
                await workers.enter_async_context(worker)
            await until(lambda: self._polls(version))
            yield

    async def promote(self, build: str) -> None:
        await promote(self.house.client, self.version(build))
        await until(lambda: self._gets_new_work(build))

    async def ramp(self, build: str, percentage: float) -> None:
        await ramp(self.house.client, self.version(build), percentage)

    async def standing(self, build: str) -> Standing:
        deployment = await view_deployment(self.house.client, "payments")
        assert deployment is not None
        return deployment.builds[build]

    async def open_runs(self, build: str) -> int:
        return await count_open_runs(self.house.client, self.version(build))

    async def denied(self, order_id: str) -> None:
        """A payment that waits for the customer to try another method."""
        house = self.house
        await house.checkout(order_id)
        house.gateway.held[f"{order_id}~1"] = AttemptStatus.DENIED
        await house.notify(order_id, notice(order_id, AttemptStatus.DENIED))
        await until(lambda: self._has_failed(order_id))

    async def pay(self, order_id: str) -> None:
        house = self.house
        house.gateway.pay(f"{order_id}~1")
        await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
        await until(lambda: self._has_receipt(order_id))

    async def build_of(self, order_id: str) -> str:
        """On which build the order's latest run is."""
        described = await self.house.handle(order_id).describe()
        return str(described.raw_info.versioning_info.deployment_version.build_id)

    async def moved_to(self, order_id: str, build: str) -> None:
        async def has_moved() -> bool | None:
            return await self.build_of(order_id) == build or None

        await until(has_moved)

    @staticmethod
    def version(build: str) -> WorkerDeploymentVersion:
        return WorkerDeploymentVersion("payments", build)

    async def _polls(self, version: WorkerDeploymentVersion | None) -> bool | None:
        for queue, tasks in (
            (PAYMENTS_QUEUE, Tasks.WORKFLOWS),
            (PAYMENTS_QUEUE, Tasks.ACTIVITIES),
            (DOCUMENTS_QUEUE, Tasks.ACTIVITIES),
        ):
            pollers = (await view_queue(self.house.client, queue, tasks)).pollers
            if version not in [poller.version for poller in pollers]:
                return None
        return True

    async def _gets_new_work(self, build: str) -> bool | None:
        view = await view_queue(self.house.client, PAYMENTS_QUEUE, Tasks.WORKFLOWS)
        return view.target == self.version(build) or None

    async def _has_failed(self, order_id: str) -> bool | None:
        return status_of(self.house.records, order_id) is PaymentStatus.FAILED or None

    async def _has_receipt(self, order_id: str) -> bool | None:
        return Mail(MailKind.RECEIPT, 1) in self.house.records.mails.get(order_id, []) or None


def documents_of(house: House) -> DocumentActivities:
    paper = house.paper
    return DocumentActivities(
        DocumentParts(
            payments=paper,
            invoices=paper,
            credit_notes=house.credit_notes,
            drawer=paper,
            ledger=paper,
            mailer=paper,
        )
    )


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[WorkflowEnvironment]:
    flags = [f"{key}={json.dumps(value)}" for key, value in SOON.items()]
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=TEMPORAL,
        dev_server_log_level="error",
        dev_server_extra_args=[each for flag in flags for each in ("--dynamic-config-value", flag)],
    ) as environment:
        yield environment


@pytest.fixture
async def builds(server: WorkflowEnvironment) -> Builds:
    """Builds in a namespace of their own, where nothing is promoted yet."""
    client = await namespace_of_its_own(server.client, load_aead(new_aead_keyset()))
    await ensure_search_attributes(client, SEARCH_ATTRIBUTES)
    terms = Terms(merchant_id=MERCHANT_ID, another_method=WINDOWS.another_method)
    stored = MemoryRecords(terms)
    house = House(
        client=client,
        queue=PAYMENTS_QUEUE,
        records=stored,
        gateway=MemoryGateway(),
        windows=WINDOWS,
        paper=MemoryPaper(stored),
        credit_notes=MemoryCreditNotes(stored),
    )
    return Builds(house)


async def test_a_payment_ends_on_the_build_it_began_on_and_a_new_one_begins_on_the_new_one(
    builds: Builds,
) -> None:
    async with builds.running("one"), builds.running("two"):
        await builds.promote("one")
        await builds.house.checkout("BEFORE")
        await builds.promote("two")
        await builds.house.checkout("AFTER")
        await builds.pay("BEFORE")
        await builds.pay("AFTER")

        assert await builds.build_of("BEFORE") == "one"
        assert await builds.build_of("AFTER") == "two"


async def test_a_waiting_payment_moves_on_when_its_day_is_over_and_back_when_rolled_back(
    builds: Builds,
) -> None:
    async with builds.running("one"), builds.running("two"):
        await builds.promote("one")
        await builds.denied("WAITING")
        began_on = await builds.build_of("WAITING")
        await builds.promote("two")
        await builds.moved_to("WAITING", "two")

        await builds.promote("one")
        await builds.house.checkout("NEW")
        await builds.moved_to("WAITING", "one")

        assert began_on == "one"
        assert await builds.build_of("NEW") == "one"
    assert status_of(builds.house.records, "WAITING") is PaymentStatus.FAILED
    assert builds.house.gateway.opened["WAITING~1"] == 1


async def test_a_build_is_drained_once_nothing_is_bound_to_it_and_may_be_stopped(
    builds: Builds,
) -> None:
    async def has_drained() -> bool | None:
        return await builds.standing("one") is Standing.DRAINED or None

    async def is_bound() -> bool | None:
        return await builds.open_runs("one") == 1 or None

    async with builds.running("two"):
        async with builds.running("one"):
            await builds.promote("one")
            await builds.house.checkout("BEFORE")
            await until(is_bound)
            await builds.promote("two")
            assert await builds.standing("one") is Standing.DRAINING

            await builds.pay("BEFORE")
            await until(has_drained)
            assert await builds.open_runs("one") == 0
        await builds.house.checkout("AFTER")
        await builds.pay("AFTER")


async def test_a_ramp_gives_new_payments_to_the_build_until_it_ends(builds: Builds) -> None:
    async with builds.running("one"), builds.running("two"):
        await builds.promote("one")
        await builds.ramp("two", 100)
        ramping = await builds.standing("two")
        await builds.house.checkout("RAMPED")
        await builds.ramp("two", 0)
        await builds.house.checkout("AFTER")

        assert ramping is Standing.RAMPING
        assert await builds.build_of("RAMPED") == "two"
        assert await builds.build_of("AFTER") == "one"


async def test_payments_of_workers_without_a_version_go_on_with_the_first_promoted_build(
    builds: Builds,
) -> None:
    async with builds.running(None):
        await builds.house.checkout("BEFORE")
    async with builds.running("one"):
        await builds.promote("one")
        await builds.pay("BEFORE")

    assert builds.house.gateway.opened["BEFORE~1"] == 1
