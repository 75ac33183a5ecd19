"""The customer's five minutes and the day after them, on real parts, in seconds."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus

from tests.e2e.skipping import TimeMachine, time_machine

pytestmark = [pytest.mark.e2e, pytest.mark.postgres, pytest.mark.temporal]

A_MOMENT = timedelta(seconds=10)
TO_PAY = timedelta(minutes=5)
TO_TRY_AGAIN = timedelta(hours=24)


@pytest.fixture(scope="module")
async def machine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TimeMachine]:
    async with time_machine(tmp_path_factory.mktemp("five minutes")) as machine:
        yield machine


async def test_an_order_not_paid_in_five_minutes_is_closed_at_the_gateway_and_expires(
    machine: TimeMachine,
) -> None:
    shop, payment = machine.shop, await machine.checkout()
    order_id = payment["order_id"]

    await machine.pass_time(order_id, TO_PAY - A_MOMENT)
    [transaction] = await shop.at_gateway(order_id)
    assert (await shop.payment(order_id))["status"] == "awaiting_payment"
    assert transaction["transaction_status"] == "pending"

    await machine.pass_run_time(order_id, A_MOMENT)
    expired = await shop.payment_when(order_id, status="expired")

    # By the gateway's own clock there is a moment left, so it was the service that closed it.
    [transaction] = await shop.at_gateway(order_id)
    assert transaction["transaction_status"] == "expire"
    assert expired["attempts"][0]["status"] == "expired"


async def test_after_expiry_the_run_waits_a_day_for_another_method_then_ends(
    machine: TimeMachine,
) -> None:
    payment = await machine.checkout()
    order_id = payment["order_id"]
    await machine.pass_time(order_id, TO_PAY)
    expired = await machine.shop.payment_when(order_id, status="expired")
    left = datetime.fromisoformat(expired["retry_until"]) - await machine.now(order_id)

    await machine.pass_time(order_id, left - timedelta(minutes=1))
    description = await machine.shop.run(order_id).describe()
    await machine.pass_time(order_id, timedelta(minutes=1))

    assert TO_TRY_AGAIN - timedelta(minutes=1) < left <= TO_TRY_AGAIN
    assert description.status is WorkflowExecutionStatus.RUNNING
    assert await machine.shop.run(order_id).result() == "expired"


async def test_money_of_the_last_moment_counts_without_any_webhook(machine: TimeMachine) -> None:
    shop, payment = machine.shop, await machine.checkout()
    order_id = payment["order_id"]
    await machine.pass_time(order_id, TO_PAY - A_MOMENT)

    await shop.customer(f"{order_id}~1", "pay", notify=False)
    await machine.pass_time(order_id, A_MOMENT)

    paid = await shop.payment_when(order_id, status="paid")
    assert paid["attempts"][0]["status"] == "paid"
    assert await machine.shop.run(order_id).result() == "paid"
