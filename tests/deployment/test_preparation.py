"""What prepares the engines, and what watches them: scripts and configurations that are mounted."""

import asyncio
import os
import re
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.testing import WorkflowEnvironment

from local_stack.processes import PROJECT
from tests.deployment.compose import document, filled_in, services
from tests.deployment.stage import LISTENING, PATH

DEPLOYMENT = PROJECT / "deployment"
SERVICES = services()
# What is no process of ours tells its metrics where it chooses to.
METRICS_ELSEWHERE = {"temporal": 9090}


async def ended(*command: str | Path, **environment: str) -> int:
    process = await asyncio.create_subprocess_exec(
        *command, env={"PATH": PATH, **environment}, stdout=asyncio.subprocess.DEVNULL
    )
    return await process.wait()


@pytest.mark.temporal
async def test_the_namespace_is_made_and_then_kept_to_its_retention(
    temporal: WorkflowEnvironment, tmp_path: Path
) -> None:
    script = DEPLOYMENT / "temporal" / "namespace.sh"
    name = f"prepared-{uuid.uuid4().hex[:8]}"
    target = temporal.client.service_client.config.target_host
    where = {
        "TEMPORAL_ADDRESS": target,
        "TEMPORAL_NAMESPACE": name,
        "TEMPORAL_CONFIG_FILE": os.devnull,
        "HOME": str(tmp_path),
    }

    for days in (30, 7):
        assert await ended("/bin/sh", script, **where, RETENTION=f"{days}d") == 0
        found = await temporal.client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=name)
        )
        kept = found.config.workflow_execution_retention_ttl.ToTimedelta()
        assert kept == timedelta(days=days)


SCRIPTS = {path.name: path for path in DEPLOYMENT.rglob("*.sh")}


@pytest.mark.parametrize("name", SCRIPTS)
async def test_every_script_can_be_read(name: str) -> None:
    assert await ended("/bin/sh", "-n", SCRIPTS[name]) == 0


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_stops_at_what_fails(name: str) -> None:
    assert "\nset -eu\n" in SCRIPTS[name].read_text()
    assert os.access(SCRIPTS[name], os.X_OK)


def test_postgres_takes_no_connection_from_the_network_without_tls() -> None:
    lines = (DEPLOYMENT / "postgres" / "pg_hba.conf").read_text().splitlines()
    rules = [line.split() for line in lines if line and not line.startswith("#")]

    assert {rule[0] for rule in rules} == {"local", "hostssl"}
    assert {rule[-1] for rule in rules} == {"scram-sha-256"}


def test_prometheus_asks_services_that_it_reaches_where_they_tell_their_metrics() -> None:
    told = yaml.safe_load((PROJECT / "observability" / "prometheus.yml").read_text())
    asked = [
        (name, each["port"])
        for job in told["scrape_configs"]
        for each in job["dns_sd_configs"]
        for name in each["names"]
    ]

    assert asked
    for name, port in asked:
        assert port == metrics_port(name), name
        assert SERVICES[name].networks & SERVICES["prometheus"].networks, name


def test_what_prometheus_finds_is_mailed() -> None:
    told = yaml.safe_load((PROJECT / "observability" / "prometheus.yml").read_text())
    [manager] = told["alerting"]["alertmanagers"]
    variables = {"PAYMENTS_ADMIN_EMAIL": "admin@x.example", "PAYMENTS_MAIL_FROM": "us@x.example"}
    content = filled_in(document()["configs"]["alertmanager"]["content"], variables)
    receiver = {each["name"]: each for each in yaml.safe_load(content)["receivers"]}["operators"]
    [mail] = receiver["email_configs"]
    name = mail["smarthost"].split(":")[0]

    assert manager["static_configs"] == [{"targets": ["alertmanager:9093"]}]
    assert SERVICES["alertmanager"].networks & SERVICES["prometheus"].networks
    assert SERVICES["alertmanager"].networks & SERVICES[name].networks
    assert (mail["to"], mail["require_tls"]) == ("admin@x.example", True)
    assert yaml.safe_load(content)["route"]["receiver"] == "operators"


def metrics_port(name: str) -> int:
    if name in METRICS_ELSEWHERE:
        told = SERVICES[name].environment["PROMETHEUS_ENDPOINT"]
        assert told == f"0.0.0.0:{METRICS_ELSEWHERE[name]}"
        return METRICS_ELSEWHERE[name]
    own = SERVICES[name].environment.get("PAYMENTS_METRICS_ADDRESS")
    found = re.search(r":(\d+)$", own) if own else None
    return int(found[1]) if found else LISTENING[name][1]
