"""The doctor: one line per part, what is wrong with it, and what to do."""

import json
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio import activity
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from adapters.keysets import new_aead_keyset
from adapters.temporal.client import ensure_search_attributes
from local_stack.certificates import local_certificates
from local_stack.mail_catcher import run_mail_catcher
from local_stack.ports import LOOPBACK, Ports
from local_stack.processes import python_module, running
from starter.keys import key_hash
from tests.starter.terminal import invoke
from workflows.names import DOCUMENTS_QUEUE, SEARCH_ATTRIBUTES

SERVER_KEY = "SB-Mid-server-doctor"
START_WAIT = timedelta(seconds=20)
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
    """Makes a worker poll the queue of documents."""


async def examined(environment: dict[str, str], exit_code: int) -> dict[str, Any]:
    result = await invoke("doctor", "--json", environment=environment)
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
            "PAYMENTS_API_KEYS": f"checkout:{key_hash('key')}:start",
        }


@pytest.mark.postgres
@pytest.mark.temporal
async def test_a_whole_service_is_found_well(
    environment: dict[str, str], outside: dict[str, str], temporal_client: Client
) -> None:
    async with Worker(temporal_client, task_queue=DOCUMENTS_QUEUE, activities=[stand_in]):
        found = await examined({**environment, **outside}, 0)

    assert all(finding["ok"] for finding in found.values())
    assert found["midtrans"]["found"].endswith("accepts the server key")
    assert found["mail"]["found"].endswith("with STARTTLS")


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
async def test_a_namespace_without_search_attributes_or_workers_is_told_as_such(
    temporal: WorkflowEnvironment,
) -> None:
    namespace = f"doctor-{secrets.token_hex(4)}"
    await temporal.client.workflow_service.register_namespace(
        RegisterNamespaceRequest(
            namespace=namespace, workflow_execution_retention_period=Duration(seconds=86_400)
        )
    )
    environment = {
        "PAYMENTS_KEYSET_TEMPORAL": new_aead_keyset(),
        "TEMPORAL_ADDRESS": temporal.client.service_client.config.target_host,
        "TEMPORAL_NAMESPACE": namespace,
    }
    bare = await examined(environment, 1)
    config = temporal.client.config()
    config["namespace"] = namespace
    await ensure_search_attributes(Client(**config), SEARCH_ATTRIBUTES)

    unserved = await examined(environment, 1)

    assert bare["temporal"]["found"].startswith("search attributes are missing: PaymentOrderId")
    assert unserved["temporal"]["found"] == "no worker serves: payments, documents"
    assert unserved["temporal"]["remedy"] == "start python -m worker"


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
        "database",
        "temporal",
        "midtrans",
        "mail",
    ]


async def test_settings_that_cannot_be_read_end_the_examination() -> None:
    result = await invoke("doctor", environment={"PAYMENTS_API_PORT": "eighty"})

    assert result.exit_code == 1
    assert "PAYMENTS_API_PORT" in result.stdout
