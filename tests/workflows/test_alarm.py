"""Sleeps that share a timer, on a real Temporal server."""

import uuid
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from payments.methods import PaymentMethod
from tests.workflows.conftest import HouseFactory
from tests.workflows.sleepers import Nap, SleepersWorkflow
from workflows.sandbox import RUNNER

pytestmark = pytest.mark.temporal

STARTED = EventType.EVENT_TYPE_TIMER_STARTED
FIRED = EventType.EVENT_TYPE_TIMER_FIRED
CANCELLED = EventType.EVENT_TYPE_TIMER_CANCELED


async def slept(
    env: WorkflowEnvironment, *naps: Nap, until_awake: int
) -> WorkflowHandle[Any, list[str]]:
    queue = f"alarm-{uuid.uuid4().hex[:8]}"
    worker = Worker(
        env.client, task_queue=queue, workflows=[SleepersWorkflow], workflow_runner=RUNNER
    )
    async with worker:
        handle = await env.client.start_workflow(
            SleepersWorkflow.run, args=[list(naps), until_awake], id=queue, task_queue=queue
        )
        await handle.result()
    return handle


async def timers(handle: WorkflowHandle[Any, Any]) -> list[EventType.ValueType]:
    """What became of timers, in this order."""
    history = await handle.fetch_history()
    kinds = (event.event_type for event in history.events)
    return [kind for kind in kinds if kind in (STARTED, FIRED, CANCELLED)]


async def test_all_wake_with_one_timer_at_a_time(temporal: WorkflowEnvironment) -> None:
    naps = Nap("first", 0.1), Nap("third", 1), Nap("second", 0.5)

    handle = await slept(temporal, *naps, until_awake=3)

    assert set(await handle.result()) == {"first", "second", "third"}
    seen = await timers(handle)
    assert seen == [STARTED, FIRED] * (len(seen) // 2)


async def test_who_must_wake_sooner_does_not_wait_for_the_others_timer(
    temporal: WorkflowEnvironment,
) -> None:
    naps = Nap("late", 3600), Nap("soon", 0.2, begins_after=0.1)

    handle = await slept(temporal, *naps, until_awake=1)

    assert await handle.result() == ["soon"]


async def test_a_payment_that_is_paid_in_time_has_taken_one_timer(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()

    await house.pay(order_id, PaymentMethod.BCA_VA)

    await house.handle(order_id).result()
    assert await timers(house.handle(order_id)) == [STARTED, CANCELLED]
