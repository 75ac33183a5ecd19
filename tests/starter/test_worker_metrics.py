"""A worker as it is run in production tells Prometheus of its queues."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from adapters.keysets import load_aead
from local_stack.ports import LOOPBACK, Ports
from local_stack.processes import ChildError, python_module, running
from local_stack.stack import said
from tests.namespaces import namespace_of_its_own
from tests.observability.test_rules import seen
from tests.starter.conftest import Keysets
from tests.starter.test_serving import START_WAIT, answering, told

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]


@pytest.fixture
async def worker_environment(
    environment: dict[str, str], temporal: WorkflowEnvironment, keysets: Keysets
) -> dict[str, str]:
    """No work is there for it: nobody else has its namespace."""
    own = await namespace_of_its_own(temporal.client, load_aead(keysets.temporal).aead)
    return told(
        {**environment, "TEMPORAL_NAMESPACE": own.namespace},
        midtrans_server_key="SB-Mid-server-any",
        midtrans_merchant_id="G000000001",
        smtp_url="smtp://127.0.0.1:9",
    )


async def test_a_worker_tells_who_works_on_its_queues(
    worker_environment: dict[str, str], tmp_path: Path
) -> None:
    address = f"{LOOPBACK}:{Ports().choose()}"
    program = replace(
        python_module("worker", "worker"),
        environment={**worker_environment, "PAYMENTS_METRICS_ADDRESS": address},
    )
    async with running(program, tmp_path) as child:
        await child.wait_until(said(child, "worker.started"), START_WAIT)
        exposed = (await answering(child, f"http://{address}/metrics")).text

    polled = re.findall(r'^temporal_num_pollers\{.*task_queue="([a-z]+)"', exposed, re.MULTILINE)
    assert set(polled) == {"payments", "documents"}
    # What alerts and dashboards ask for was seen at an endpoint like this one.
    samples = set(re.findall(r"^(temporal_[a-z_]+)", exposed, re.MULTILINE))
    assert samples <= set(seen())


async def test_a_worker_that_cannot_have_its_address_names_the_setting(
    worker_environment: dict[str, str], tmp_path: Path
) -> None:
    port = Ports().choose()
    program = replace(
        python_module("worker", "worker"),
        environment={**worker_environment, "PAYMENTS_METRICS_ADDRESS": f"192.0.2.1:{port}"},
    )
    with pytest.raises(ChildError, match="worker: PAYMENTS_METRICS_ADDRESS: Failed starting"):
        async with running(program, tmp_path) as child:
            await child.wait_until(said(child, "worker.started"), START_WAIT)
