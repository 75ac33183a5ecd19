"""`python -m worker` as a process: what its probes say, from its start to its end."""

import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from local_stack.polling import comes_true
from local_stack.ports import LOOPBACK, Ports
from local_stack.processes import Child, python_module, running
from tests.starter.books import Books
from tests.starter.terminal import invoke
from tests.starter.test_serving import START_WAIT, answering, told

DEPLOYMENT = "payments"
NOWHERE = {
    "PAYMENTS_MIDTRANS_SERVER_KEY": "SB-Mid-server-nowhere",
    "PAYMENTS_MIDTRANS_MERCHANT_ID": "G1",
    "PAYMENTS_MIDTRANS_URL": "https://127.0.0.1:9",
    "PAYMENTS_MIDTRANS_SNAP_URL": "https://127.0.0.1:9/snap/v1",
    "PAYMENTS_SMTP_URL": "smtp://127.0.0.1:9",
}


@dataclass
class StartedWorker:
    child: Child
    url: str

    async def ready(self) -> httpx.Response:
        return await answering(self.child, f"{self.url}/readyz")

    async def says(self, **members: object) -> dict[str, Any]:
        """What it says of itself, once it says this."""
        found: list[dict[str, Any]] = []

        async def look() -> bool:
            found.append((await self.ready()).json())
            return members.items() <= found[-1].items()

        await self.child.wait_until(look, START_WAIT)
        return found[-1]

    def logged(self, event: str) -> list[dict[str, Any]]:
        lines = map(json.loads, self.child.said().splitlines())
        return [line for line in lines if line["event"] == event]


Workers = Callable[..., Awaitable[StartedWorker]]


@pytest.fixture
async def workers(tmp_path: Path) -> AsyncIterator[Workers]:
    """Starts workers of these settings, and ends them."""
    async with AsyncExitStack() as children:

        async def start(
            environment: Mapping[str, str], *, build: str | None = None, **settings: object
        ) -> StartedWorker:
            port = Ports().choose()
            name = f"worker-{build}-{port}"
            version = (
                {"TEMPORAL_DEPLOYMENT_NAME": DEPLOYMENT, "TEMPORAL_WORKER_BUILD_ID": build}
                if build
                else {}
            )
            program = replace(
                python_module(name, "worker"),
                environment=told(
                    {**environment, **NOWHERE, **version}, worker_port=port, **settings
                ),
            )
            child = await children.enter_async_context(running(program, tmp_path))
            return StartedWorker(child, f"http://{LOOPBACK}:{port}")

        yield start


@pytest.mark.postgres
@pytest.mark.temporal
async def test_it_is_ready_once_its_queues_are_polled_and_ends_in_order(
    books: Books, workers: Workers
) -> None:
    worker = await workers(books.environment)

    assert await worker.says(status="ready") == {"status": "ready"}
    await worker.child.stop()

    assert worker.child.exit_code == 0
    assert worker.logged("worker.stopped")


@pytest.mark.postgres
async def test_it_waits_for_a_temporal_that_is_away_and_says_so(
    books: Books, workers: Workers
) -> None:
    away = {**books.environment, "TEMPORAL_ADDRESS": "127.0.0.1:9"}
    worker = await workers(away)

    ready = await worker.ready()
    live = await answering(worker.child, f"{worker.url}/livez")
    assert await comes_true(lambda: bool(worker.logged("worker.waiting")), START_WAIT)
    await worker.child.stop()

    assert ready.json() == {"status": "not_ready", "failed": ["temporal", "pollers"]}
    assert (ready.status_code, live.status_code) == (503, 200)
    assert worker.child.exit_code == 0


@pytest.mark.postgres
async def test_neighbours_that_are_silent_keep_it_neither_from_answering_nor_from_ending(
    books: Books, workers: Workers
) -> None:
    with socket.create_server((LOOPBACK, 0)) as silent:
        port = silent.getsockname()[1]
        worker = await workers(
            {
                **books.environment,
                "TEMPORAL_ADDRESS": f"{LOOPBACK}:{port}",
                "PAYMENTS_DATABASE_URL": f"postgresql://{LOOPBACK}:{port}/payments",
            }
        )
        ready = await worker.ready()
        await worker.child.stop()

    assert ready.json()["failed"] == ["temporal", "pollers", "database"]
    assert worker.child.exit_code == 0


@pytest.mark.temporal
async def test_without_its_database_it_lives_and_is_not_ready(
    books: Books, workers: Workers
) -> None:
    gone = {
        **books.environment,
        "PAYMENTS_DATABASE_URL": "postgresql://payments:hunter2@127.0.0.1:9/payments",
    }
    worker = await workers(gone)

    said = await worker.says(failed=["database"])

    assert "hunter2" not in json.dumps(said)


@pytest.mark.postgres
@pytest.mark.temporal
async def test_a_build_says_that_it_gets_no_work_until_it_is_promoted_on_all_its_queues(
    books: Books, workers: Workers
) -> None:
    environment = {**books.environment, "TEMPORAL_DEPLOYMENT_NAME": DEPLOYMENT}
    money = await workers(environment, build="one", task_queues="payments")
    await money.says(status="ready", build="one", version_status="inactive")

    refused = await invoke("deployments", "promote", "one", environment=environment)
    await workers(environment, build="one", task_queues="documents")
    promoted = await invoke(
        "deployments", "promote", "one", "--wait", "20", environment=environment
    )
    await money.says(status="ready", version_status="current")
    shown = await invoke("deployments", "show", "--json", environment=environment)

    [warning] = money.logged("worker.not_current")
    assert warning["remedy"] == "python -m starter deployments promote one"
    assert refused.exit_code == 1
    assert "no worker of one serves: documents" in refused.stderr
    assert promoted.exit_code == 0, promoted.stderr
    assert json.loads(shown.stdout) == [
        {
            "build": "one",
            "status": "current",
            "ramp_percentage": 0,
            "workers": 2,
            "open_runs": 0,
            "may_stop": False,
        }
    ]


@pytest.mark.parametrize("missing", ["TEMPORAL_DEPLOYMENT_NAME", "TEMPORAL_WORKER_BUILD_ID"])
async def test_half_a_version_is_refused(
    keyset_settings: dict[str, str], tmp_path: Path, missing: str
) -> None:
    version = {"TEMPORAL_DEPLOYMENT_NAME": "payments", "TEMPORAL_WORKER_BUILD_ID": "one"}
    nowhere = {"PAYMENTS_DATABASE_URL": "postgresql://127.0.0.1:9/payments", **keyset_settings}
    environment = told({**NOWHERE, **nowhere, **version, missing: ""})
    program = replace(python_module("worker", "worker"), environment=environment)

    async with running(program, tmp_path) as child:
        assert await comes_true(lambda: child.exit_code is not None, START_WAIT)

    assert child.exit_code == 1
    assert "belong together" in child.said()
