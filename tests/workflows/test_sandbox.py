"""The sandbox as we run it: what it answers in place of a run, it answers right."""

import uuid
from dataclasses import replace

import pytest
from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from tests.workflows.pair import ChildWorkflow, NotingCodec, PairWorkflow, child_of, first, second
from workflows.sandbox import RUNNER

pytestmark = pytest.mark.temporal


async def test_every_payload_is_sealed_and_opened_for_its_own_run(
    temporal: WorkflowEnvironment,
) -> None:
    codec, name = NotingCodec(), f"pair-{uuid.uuid4().hex[:8]}"
    client = Client(
        temporal.client.service_client,
        namespace=temporal.client.namespace,
        data_converter=replace(DataConverter.default, payload_codec=codec),
    )

    async with Worker(
        client,
        task_queue=name,
        workflows=[PairWorkflow, ChildWorkflow],
        activities=[first, second],
        workflow_runner=RUNNER,
    ):
        await client.execute_workflow(PairWorkflow.run, "to the run", id=name, task_queue=name)

    own, child = {name}, {child_of(name)}
    assert codec.noted == {
        "to the run": own,
        "to first": own,
        "from first": own,
        "to second": own,
        "from second": own,
        "to child": child,
        "from child": child,
        "from first and from second and from child": own,
    }
