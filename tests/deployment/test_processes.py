"""Every process of docker-compose.yml, run as it is written: prepared, healthy, at work, ended."""

import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from adapters.postgres.engine import create_engine
from local_stack.processes import Child
from tests.deployment.engines import API_KEY, Engines, run_engines
from tests.deployment.stage import HEALTH_WAIT, LISTENING
from tests.starter.orders import order

pytestmark = [pytest.mark.proof, pytest.mark.postgres, pytest.mark.temporal]


@dataclass(frozen=True)
class Deployed:
    engines: Engines
    children: dict[str, Child]
    said: dict[str, str]


@pytest.fixture(scope="module")
async def engines(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engines]:
    async with run_engines(tmp_path_factory.mktemp("deployment")) as engines:
        yield engines


@pytest.fixture(scope="module")
async def deployed(engines: Engines) -> AsyncIterator[Deployed]:
    """Everything in the order in which Compose starts it."""
    stage, said = engines.stage, {}
    await engines.run_sql("roles.sql", "payments", "postgres")
    said["migrate"] = await stage.finish("migrate")
    await engines.run_sql("grants.sql", "payments_owner", "payments")
    said["schedules"] = await stage.finish("schedules")
    async with stage.healthy(*LISTENING) as children:
        said["promote"] = await stage.finish("promote")
        yield Deployed(engines, children, said)
    assert {name: child.exit_code for name, child in children.items()} == dict.fromkeys(
        LISTENING, 0
    )


@pytest.fixture
async def http(deployed: Deployed) -> AsyncIterator[httpx.AsyncClient]:
    trusted = ssl.create_default_context(cafile=deployed.engines.trusted)
    async with httpx.AsyncClient(verify=trusted, trust_env=False, timeout=30) as client:
        yield client


async def test_the_jobs_prepare_what_the_services_need(deployed: Deployed) -> None:
    said = deployed.said

    assert "the schema is up to date" in said["migrate"]
    assert "registered search attributes" in said["migrate"]
    assert said["schedules"].count("created") == 2
    assert deployed.engines.stage.variables["PAYMENTS_BUILD"] in said["promote"]


async def test_an_order_is_paid_invoiced_and_mailed(
    deployed: Deployed, http: httpx.AsyncClient
) -> None:
    body = order("DEPLOYED-1")
    authorization = {"Authorization": f"Bearer {API_KEY}"}
    payments = f"{deployed.engines.stage.url('api')}/v1/payments"

    started = await http.post(payments, json=body, headers=authorization)
    assert started.status_code == 201, started.text
    paid = await http.post(
        f"{deployed.engines.simulator_url}/_simulator/transactions/DEPLOYED-1~1/pay", json={}
    )
    assert paid.is_success, paid.text

    async def is_done() -> bool:
        answer = await http.get(f"{payments}/DEPLOYED-1", headers=authorization)
        found: dict[str, Any] = answer.json()
        return found["status"] == "paid" and found["invoice_number"] is not None

    async def is_mailed() -> bool:
        return bool(deployed.engines.mails.mails())

    worker = deployed.children["worker-documents"]
    await worker.wait_until(is_done, HEALTH_WAIT)
    await worker.wait_until(is_mailed, HEALTH_WAIT)


async def test_an_operators_command_runs_in_its_container(deployed: Deployed) -> None:
    shown = await deployed.engines.stage.finish("operator", "deployments", "show", "--json")

    assert '"workers": 2' in shown


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET actor = 'nobody'",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
        "DROP TRIGGER no_row_changes ON audit_events",
        "ALTER TABLE audit_events DISABLE TRIGGER ALL",
        "CREATE TABLE elsewhere ()",
        "UPDATE alembic_version SET version_num = '0'",
    ],
)
async def test_the_services_role_cannot_touch_what_is_written_for_ever(
    deployed: Deployed, statement: str
) -> None:
    stage = deployed.engines.stage
    url = stage.service("api").environment["PAYMENTS_DATABASE_URL"]
    assert url is not None
    engine = create_engine(stage.translated(url), application_name="test")
    try:
        async with engine.connect() as connection:
            with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
                await connection.execute(text(statement))
    finally:
        await engine.dispose()


async def test_temporal_is_closed_to_whoever_shows_no_certificate(deployed: Deployed) -> None:
    stage = deployed.engines.stage
    host, port = stage.translated("temporal:7233").split(":")
    context = ssl.create_default_context(cafile=Path(stage.here["/certificates"]) / "authority.pem")
    context.set_alpn_protocols(["h2"])

    async with httpx.AsyncClient(verify=context, trust_env=False) as http:
        with pytest.raises(httpx.TransportError):
            await http.get(f"https://{host}:{port}/")


async def test_the_doctor_finds_every_connection_well(deployed: Deployed) -> None:
    stage = deployed.engines.stage
    codec = f"https://localhost:{stage.listening['codec-server']}"
    stage.here[f"https://{stage.variables['CODEC_HOST']}"] = codec
    # In production this name has a certificate that everybody trusts.
    stage.besides["REQUESTS_CA_BUNDLE"] = stage.translated("/certificates/authority.pem")

    findings = json.loads(await stage.finish("operator", "doctor", "--json"))

    assert findings
    assert [finding for finding in findings if not finding["ok"]] == []
