"""The doctor: one line per part, what is wrong with it, and what to do."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from sqlalchemy import text
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from adapters.keysets import new_aead_keyset
from adapters.temporal.client import ensure_search_attributes
from adapters.temporal.deployments import pinned, promote
from adapters.temporal.pollers import view_queue
from local_stack.certificates import local_certificates
from local_stack.mail_catcher import run_mail_catcher
from local_stack.ports import LOOPBACK, Ports
from local_stack.processes import python_module, running
from starter.keys import key_hash
from starter.queues import SERVED
from starter.schedules import OPEN_SCHEDULE
from tests.e2e.shop import until
from tests.namespaces import namespace_of_its_own
from tests.starter.books import Books
from tests.starter.conftest import KEY
from tests.starter.terminal import invoke
from tests.starter.test_serving import START_WAIT, answering
from workflows.names import DOCUMENTS_QUEUE, PAYMENTS_QUEUE, SEARCH_ATTRIBUTES

SERVER_KEY = "SB-Mid-server-doctor"
OTHER_CLOCK = """CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql
AS $$ SELECT pg_catalog.clock_timestamp() - interval '1 minute' $$"""
NOWHERE = {
    "PAYMENTS_DATABASE_URL": "postgresql://payments:hunter2@127.0.0.1:9/payments",
    "PAYMENTS_KEYSET_TEMPORAL": new_aead_keyset(),
    "PAYMENTS_MIDTRANS_SERVER_KEY": "hunter2",
    "PAYMENTS_MIDTRANS_MERCHANT_ID": "G1",
    "PAYMENTS_MIDTRANS_URL": "https://127.0.0.1:9",
    "PAYMENTS_MIDTRANS_SNAP_URL": "https://127.0.0.1:9/snap/v1",
    "PAYMENTS_SMTP_URL": "smtp://shop:hunter2@127.0.0.1:9",
    "TEMPORAL_ADDRESS": "127.0.0.1:9",
}


@activity.defn(name="send_mail")
async def stand_in() -> None:
    """Makes a worker poll for activities."""


@workflow.defn(name="PaymentWorkflow")
class StandIn:
    @workflow.run
    async def run(self) -> None:
        """Makes a worker poll the queue of payments for workflow tasks."""


async def examined(environment: dict[str, str], exit_code: int, *arguments: str) -> dict[str, Any]:
    result = await invoke("doctor", "--json", *arguments, environment=environment)
    assert result.exit_code == exit_code, result.output
    assert "hunter2" not in result.output
    return {finding["check"]: finding for finding in json.loads(result.stdout)}


@pytest.fixture(scope="module")
async def outside(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, str]]:
    """A Midtrans and a mail server, and how a process is told of them."""
    home: Path = tmp_path_factory.mktemp("outside")
    certificates = local_certificates(home)
    ports = Ports()
    gateway, mail = ports.choose(), ports.choose()
    simulator = python_module(
        "simulator",
        "simulator",
        *("--port", str(gateway), "--merchant", f"{SERVER_KEY}:client-key:G1"),
        *("--tls-cert", str(certificates.certificate), "--tls-key", str(certificates.key)),
    )
    async with AsyncExitStack() as stack:
        child = await stack.enter_async_context(running(simulator, home / "logs"))
        await stack.enter_async_context(
            run_mail_catcher(home, port=mail, certificates=certificates)
        )

        async def listens() -> bool:
            return str(gateway) in child.said()

        await child.wait_until(listens, START_WAIT)
        yield {
            "PAYMENTS_MIDTRANS_SERVER_KEY": SERVER_KEY,
            "PAYMENTS_MIDTRANS_MERCHANT_ID": "G1",
            "PAYMENTS_MIDTRANS_URL": f"https://{LOOPBACK}:{gateway}",
            "PAYMENTS_MIDTRANS_SNAP_URL": f"https://{LOOPBACK}:{gateway}/snap/v1",
            "PAYMENTS_MIDTRANS_CA_FILE": str(certificates.ca),
            "PAYMENTS_SMTP_URL": f"smtp+starttls://{LOOPBACK}:{mail}",
            "PAYMENTS_SMTP_CA_FILE": str(certificates.ca),
            "PAYMENTS_API_KEYS": f"checkout:{key_hash(KEY)}:start",
        }


@asynccontextmanager
async def served(client: Client, build: str | None = None) -> AsyncIterator[None]:
    """Workers on every queue, of a build or of none."""
    version = WorkerDeploymentVersion("payments", build) if build else None
    async with AsyncExitStack() as workers:
        for queue, workflows in ((PAYMENTS_QUEUE, [StandIn]), (DOCUMENTS_QUEUE, [])):
            worker = Worker(
                client,
                task_queue=queue,
                workflows=workflows,
                activities=[stand_in],
                workflow_runner=UnsandboxedWorkflowRunner(),
                deployment_config=pinned(version),
            )
            await workers.enter_async_context(worker)
        await until(lambda: _is_polled(client))
        yield


async def _is_polled(client: Client) -> bool | None:
    views = [await view_queue(client, *each) for each in SERVED]
    return all(view.pollers for view in views) or None


def in_namespace(environment: dict[str, str], client: Client) -> dict[str, str]:
    return {
        **environment,
        "TEMPORAL_ADDRESS": client.service_client.config.target_host,
        "TEMPORAL_NAMESPACE": client.namespace,
    }


@pytest.fixture(scope="module")
async def codec_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    port = Ports().choose()
    program = replace(
        python_module("codec-server", "starter", "codec-server"),
        environment={
            "PATH": os.defpath,
            "PAYMENTS_KEYSET_TEMPORAL": new_aead_keyset(),
            "PAYMENTS_CODEC_PORT": str(port),
            "PAYMENTS_CODEC_SECRET": "secret-segment",
        },
    )
    async with running(program, tmp_path_factory.mktemp("codec")) as child:
        url = f"http://{LOOPBACK}:{port}"
        await answering(child, f"{url}/readyz")
        yield url


@pytest.mark.postgres
@pytest.mark.temporal
async def test_a_whole_service_is_found_well(
    environment: dict[str, str], outside: dict[str, str], temporal_client: Client
) -> None:
    client = await namespace_of_its_own(temporal_client)
    await ensure_search_attributes(client, SEARCH_ATTRIBUTES)
    whole = in_namespace({**environment, **outside}, client)
    applied = await invoke("schedules", "apply", environment=whole)
    assert applied.exit_code == 0, applied.stderr
    async with served(client):
        found = await examined(whole, 0)

    assert all(finding["ok"] for finding in found.values())
    assert not any(finding["remedy"] for finding in found.values())
    assert found["midtrans"]["found"].endswith("accepts the server key")
    assert found["mail"]["found"].endswith("with STARTTLS")
    assert found["temporal"]["found"].endswith("keeps closed runs for 7 days")
    assert found["workers"]["found"] == "every task queue is served"


@pytest.mark.postgres
@pytest.mark.temporal
async def test_a_wrong_key_and_an_untrusted_certificate_are_told_apart(
    environment: dict[str, str], outside: dict[str, str]
) -> None:
    wrong = {
        **environment,
        **outside,
        "PAYMENTS_MIDTRANS_SERVER_KEY": "SB-Mid-server-wrong",
        "PAYMENTS_SMTP_CA_FILE": "",
    }

    found = await examined(wrong, 1)

    assert found["midtrans"]["found"].endswith("refuses with 401")
    assert "PAYMENTS_MIDTRANS_SERVER_KEY" in found["midtrans"]["remedy"]
    assert not found["mail"]["ok"]


@pytest.mark.postgres
@pytest.mark.temporal
async def test_what_is_missing_is_told_with_what_to_do(environment: dict[str, str]) -> None:
    other = {
        **environment,
        "PAYMENTS_DATABASE_URL": environment["PAYMENTS_DATABASE_URL"].rpartition("/")[0]
        + "/postgres",
        "TEMPORAL_NAMESPACE": "nobody-made-this",
    }

    found = await examined(other, 1)

    assert found["keysets"]["ok"]
    assert found["database"]["remedy"] == "run python -m starter migrate"
    assert found["temporal"]["found"] == "namespace nobody-made-this: NOT_FOUND"
    assert found["mail"]["remedy"] == "set PAYMENTS_SMTP_URL"


@pytest.mark.temporal
async def test_a_namespace_without_search_attributes_workers_or_schedules_is_told_as_such(
    temporal: WorkflowEnvironment,
) -> None:
    client = await namespace_of_its_own(temporal.client)
    environment = in_namespace({"PAYMENTS_KEYSET_TEMPORAL": new_aead_keyset()}, client)

    found = await examined(environment, 1)

    assert found["temporal"]["found"].startswith("search attributes are missing: PaymentOrderId")
    assert found["workers"]["found"] == "no worker serves: payments, documents"
    assert found["workers"]["remedy"] == "start python -m worker"
    assert found["schedules"]["found"].startswith("not applied: payments-reconciliation-open")
    assert found["schedules"]["remedy"] == "run python -m starter schedules apply"


@pytest.mark.temporal
async def test_a_namespace_that_soon_forgets_is_noted(temporal: WorkflowEnvironment) -> None:
    client = await namespace_of_its_own(temporal.client, retention=timedelta(days=1))
    await ensure_search_attributes(client, SEARCH_ATTRIBUTES)
    environment = in_namespace({"PAYMENTS_KEYSET_TEMPORAL": new_aead_keyset()}, client)

    found = await examined(environment, 1)

    assert found["temporal"]["ok"]
    assert found["temporal"]["found"].endswith("keeps closed runs for 24 h only")
    assert "3 days or longer" in found["temporal"]["remedy"]


@pytest.mark.temporal
async def test_workers_that_get_no_work_are_told_with_the_way_to_promote_them(
    temporal: WorkflowEnvironment,
) -> None:
    client = await namespace_of_its_own(temporal.client)
    environment = in_namespace({"PAYMENTS_KEYSET_TEMPORAL": new_aead_keyset()}, client)

    async with served(client, "one"):
        idle = await examined(environment, 1)
        await promote(client, WorkerDeploymentVersion("payments", "one"))
        await until(lambda: _is_served(client))
        promoted = await examined(environment, 1)

    assert "tasks wait for workers without a version" in idle["workers"]["found"]
    assert idle["workers"]["remedy"].startswith("run python -m starter deployments promote one")
    assert promoted["workers"]["found"] == "every task queue is served, by build one"


@pytest.mark.temporal
async def test_schedules_that_somebody_paused_are_noted(temporal: WorkflowEnvironment) -> None:
    client = await namespace_of_its_own(temporal.client)
    environment = in_namespace({"PAYMENTS_KEYSET_TEMPORAL": new_aead_keyset()}, client)
    applied = await invoke("schedules", "apply", environment=environment)
    assert applied.exit_code == 0, applied.stderr
    await client.get_schedule_handle(OPEN_SCHEDULE).pause()

    found = await examined(environment, 1)

    assert found["schedules"]["ok"]
    assert found["schedules"]["found"] == f"paused: {OPEN_SCHEDULE}"


async def _is_served(client: Client) -> bool | None:
    views = [await view_queue(client, *each) for each in SERVED]
    return all(view.is_served for view in views) or None


@pytest.mark.postgres
async def test_a_database_whose_clock_is_wrong_is_told(books: Books) -> None:
    """As the machine's clock cannot be moved, the database is made to ask another one."""
    async with books.engine.begin() as connection:
        await connection.execute(text(OTHER_CLOCK))
        database = books.engine.url.database
        searched = f'ALTER DATABASE "{database}" SET search_path = public, pg_catalog'
        await connection.execute(text(searched))

    found = await examined(dict(books.environment), 1)

    assert found["database"]["found"].endswith("is -60 s off ours")
    assert found["database"]["remedy"].startswith("synchronise the clocks")


async def test_what_could_be_overheard_is_told_with_what_to_do() -> None:
    clear = {
        "PAYMENTS_DATABASE_URL": "postgresql://payments:hunter2@db.example/payments?sslmode=disable",
        "TEMPORAL_ADDRESS": "temporal.example:7233",
        "PAYMENTS_PUBLIC_URL": "http://pay.skaters.example",
        "PAYMENTS_CODEC_URL": "http://codec.skaters.example/hunter2",
    }

    found = (await examined(clear, 1, "--patience", "1"))["encryption"]

    assert not found["ok"]
    for what in (
        "db.example is not encrypted",
        "temporal.example:7233 is not",
        "PAYMENTS_PUBLIC_URL is plain",
        "PAYMENTS_CODEC_URL is plain",
    ):
        assert what in found["found"]
    assert "sslmode=verify-full" in found["remedy"]
    assert "TEMPORAL_TLS=true" in found["remedy"]


async def test_a_database_that_nobody_checks_is_told() -> None:
    unchecked = {"PAYMENTS_DATABASE_URL": "postgresql://p:hunter2@db.example/p?sslmode=require"}

    found = (await examined(unchecked, 1, "--patience", "1"))["encryption"]

    assert found["found"] == "nobody checks that db.example is the database"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("secret-segment", "shows payloads to whoever knows its address"),
        ("another-segment", "asks who wants to see payloads"),
    ],
)
async def test_the_codec_server_is_asked_where_the_web_ui_asks_it(
    codec_server: str, path: str, expected: str
) -> None:
    environment = {**NOWHERE, "PAYMENTS_CODEC_URL": f"{codec_server}/{path}"}

    found = (await examined(environment, 1))["codec"]

    assert (found["ok"], found["found"]) == (True, f"{codec_server} {expected}")
    assert path not in json.dumps(found)


async def test_what_is_no_codec_server_is_told() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, LOOPBACK) as server:
        port = server.sockets[0].getsockname()[1]
        environment = {**NOWHERE, "PAYMENTS_CODEC_URL": f"http://{LOOPBACK}:{port}/hunter2"}
        found = (await examined(environment, 1))["codec"]

    assert found["found"] == f"http://{LOOPBACK}:{port} answers 404"
    assert "path included" in found["remedy"]


async def test_a_mail_server_that_does_not_take_the_login_is_told() -> None:
    def refuse(*_: object) -> AuthResult:
        return AuthResult(success=False, handled=False)

    def protocol() -> SMTP:
        return SMTP(object(), authenticator=refuse, auth_require_tls=False)

    async with await asyncio.get_running_loop().create_server(protocol, LOOPBACK) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"smtp://shop:hunter2@{LOOPBACK}:{port}"
        found = (await examined({**NOWHERE, "PAYMENTS_SMTP_URL": url}, 1))["mail"]

    assert found["found"] == f"{LOOPBACK}:{port} cannot be used: SMTPAuthenticationError"
    assert "user and password right" in found["remedy"]


async def test_a_codec_server_that_is_away_is_told() -> None:
    environment = {"PAYMENTS_CODEC_URL": "http://127.0.0.1:9/hunter2", **NOWHERE}

    found = (await examined(environment, 1))["codec"]

    assert "cannot be reached" in found["found"]
    assert "codec-server" in found["remedy"]


async def test_what_cannot_be_reached_is_told_without_secrets() -> None:
    found = await examined(NOWHERE, 1)

    assert "cannot connect to 127.0.0.1:9" in found["database"]["found"]
    assert found["temporal"]["remedy"].startswith("check TEMPORAL_ADDRESS")
    assert "cannot be used" in found["midtrans"]["found"]
    assert "cannot be used" in found["mail"]["found"]


async def test_people_get_one_line_per_part() -> None:
    result = await invoke("doctor", environment={**NOWHERE, "COLUMNS": "60"})

    lines = result.stdout.splitlines()
    assert result.exit_code == 1
    assert [line.split()[1] for line in lines] == [
        "settings",
        "keysets",
        "encryption",
        "database",
        "temporal",
        "workers",
        "schedules",
        "midtrans",
        "mail",
        "codec",
    ]


async def test_settings_that_cannot_be_read_end_the_examination() -> None:
    result = await invoke("doctor", environment={"PAYMENTS_API_PORT": "eighty"})

    assert result.exit_code == 1
    assert "PAYMENTS_API_PORT" in result.stdout
