"""The commands about worker versions, on two builds whose workers do nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from temporalio import activity, workflow
from temporalio.common import WorkerDeploymentVersion
from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from typer.testing import Result

from adapters.temporal.deployments import pinned
from adapters.temporal.pollers import view_queue
from starter.queues import SERVED
from tests.e2e.shop import until
from tests.starter.books import Books
from tests.starter.terminal import invoke
from workflows.names import DOCUMENTS_QUEUE, PAYMENTS_QUEUE

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]

NAME = "payments"


@activity.defn(name="send_mail")
async def stand_in() -> None:
    """Makes a worker poll for activities."""


@workflow.defn(name="PaymentWorkflow")
class StandIn:
    @workflow.run
    async def run(self) -> None:
        """Makes a worker poll for workflow tasks."""


@asynccontextmanager
async def serving(books: Books, *builds: str) -> AsyncIterator[None]:
    async with AsyncExitStack() as workers:
        for build in builds:
            version = WorkerDeploymentVersion(NAME, build)
            for queue, workflows in ((PAYMENTS_QUEUE, [StandIn]), (DOCUMENTS_QUEUE, [])):
                worker = Worker(
                    books.temporal,
                    task_queue=queue,
                    workflows=workflows,
                    activities=[stand_in],
                    workflow_runner=UnsandboxedWorkflowRunner(),
                    deployment_config=pinned(version),
                )
                await workers.enter_async_context(worker)
        yield


async def deployments(books: Books, *arguments: str, name: str = NAME) -> Result:
    environment = {**books.environment, "TEMPORAL_DEPLOYMENT_NAME": name}
    return await invoke("deployments", *arguments, environment=environment)


async def shown(books: Books) -> dict[str, dict[str, Any]]:
    result = await deployments(books, "show", "--json")
    return {row["build"]: row for row in json.loads(result.stdout)}


async def test_new_work_goes_to_the_promoted_build_and_back_again(books: Books) -> None:
    async with serving(books, "one", "two"):
        for build in ("one", "two", "one"):
            result = await deployments(books, "promote", build, "--wait", "60")
            assert result.exit_code == 0, result.stderr
        rows = await shown(books)

    assert rows["one"]["status"] == "current"
    assert rows["two"]["status"] in {"draining", "drained"}
    assert not rows["one"]["may_stop"]


async def test_a_build_may_be_promoted_while_its_workers_are_starting(books: Books) -> None:
    # A worker's first poll is seen before Temporal has registered its build.
    promoted = asyncio.create_task(deployments(books, "promote", "one", "--wait", "60"))
    async with serving(books, "two", "one"):
        result = await promoted

    assert result.exit_code == 0, result.stderr


async def test_a_ramp_is_shown_until_it_ends(books: Books) -> None:
    async with serving(books, "one", "two"):
        promoted = await deployments(books, "promote", "one", "--wait", "60")
        ramped = await deployments(books, "ramp", "two", "25", "--wait", "60")
        during = await deployments(books, "show")
        ended = await deployments(books, "ramp", "two", "0")
        after = await shown(books)

    assert [each.exit_code for each in (promoted, ramped, ended)] == [0, 0, 0]
    assert "ramping 25 %" in during.stdout
    assert after["two"]["ramp_percentage"] == 0
    assert after["one"]["status"] == "current"


async def test_the_current_build_cannot_be_ramped(books: Books) -> None:
    async with serving(books, "one"):
        await deployments(books, "promote", "one", "--wait", "60")
        refused = await deployments(books, "ramp", "one", "50")

    assert refused.exit_code == 1
    assert refused.stderr.startswith("error: Temporal refuses: FAILED_PRECONDITION")


async def test_a_build_that_nobody_runs_is_not_promoted(books: Books) -> None:
    refused = await deployments(books, "promote", "nobody's")

    assert refused.exit_code == 1
    assert "no worker of nobody's serves: payments, documents" in refused.stderr


async def test_without_workers_of_a_version_there_is_nothing_to_show(books: Books) -> None:
    assert await shown(books) == {}


async def test_without_a_deployment_s_name_the_setting_is_named(books: Books) -> None:
    refused = await deployments(books, "show", name="")

    assert refused.exit_code == 1
    assert "TEMPORAL_DEPLOYMENT_NAME is not set" in refused.stderr


async def test_a_build_is_polled_for_everything_before_it_is_promoted(books: Books) -> None:
    async with serving(books, "one"):
        await deployments(books, "promote", "one", "--wait", "60")

        async def targets() -> bool | None:
            views = [await view_queue(books.temporal, *each) for each in SERVED]
            return all(view.is_served for view in views) or None

        await until(targets)
