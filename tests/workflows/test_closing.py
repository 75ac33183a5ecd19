"""The closing protocol: messages that arrive in the very moment a run closes are never lost."""

import asyncio
import random
from collections.abc import Awaitable
from typing import TypeVar

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from payments.status import AttemptStatus, PaymentStatus
from tests.workflows.conftest import House, HouseFactory, until
from tests.workflows.memory import status_of
from tests.workflows.samples import notice
from workflows.messages import Outcome

pytestmark = pytest.mark.temporal

ORDERS = 24
VOLLEYS = 8
TOGETHER = 6
CLOSING_TAKES_SECONDS = 0.06
RUN_ENDED = "AcceptedUpdateCompletedWorkflow"

T = TypeVar("T")


async def test_no_message_is_lost_and_nothing_charged_twice_while_runs_close(
    open_house: HouseFactory, order_id: str
) -> None:
    """Each volley opens a run with nothing to do, and hits it at a random moment of its closing."""
    house = await open_house()
    orders = [f"{order_id}-{number}" for number in range(ORDERS)]
    dice = random.Random(20_261_123)  # noqa: S311 - a seed, so that a failure can be repeated
    gate = asyncio.Semaphore(TOGETHER)

    async def one(order: str) -> list[Outcome]:
        async with gate:
            await _checkout(house, order, "checkout")
            house.gateway.pay(f"{order}~1")
            await _notify(house, order)
            await house.handle(order).result()
            return [await volley(order, number) for number in range(VOLLEYS)]

    async def volley(order: str, number: int) -> Outcome:
        await _notify(house, order)
        late = _later(dice, _notify(house, order))
        again = _later(dice, _checkout(house, order, f"again-{number}"))
        _, outcome = await asyncio.gather(late, again)
        await house.handle(order).result()
        return outcome

    outcomes = await asyncio.gather(*(one(order) for order in orders))

    sent = 1 + 2 * VOLLEYS
    await until(lambda: {len(house.records.notices[order]) for order in orders} == {sent})
    assert {house.gateway.opened[f"{order}~1"] for order in orders} == {1}
    assert {len(house.records.mails[order]) for order in orders} == {1}
    assert {status_of(house.records, order) for order in orders} == {PaymentStatus.PAID}
    assert {outcome for each in outcomes for outcome in each} == {
        Outcome(applied=True, by_this_call=False)
    }
    runs, volleys = sum(house.records.loads.values()), ORDERS * (1 + VOLLEYS)
    assert runs > volleys, "messages did meet closing runs, and reopened them"


async def _later(dice: random.Random, work: Awaitable[T]) -> T:
    await asyncio.sleep(dice.uniform(0, CLOSING_TAKES_SECONDS))
    return await work


async def _notify(house: House, order: str) -> None:
    await house.notify(order, notice(order, AttemptStatus.PAID))


async def _checkout(house: House, order: str, update_id: str) -> Outcome:
    """Repeat the same update id as clients do (DESIGN §3, closing protocol)."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await house.checkout(order, update_id)
            except RPCError:
                pass
            except WorkflowUpdateFailedError as failure:
                cause = failure.cause
                if not isinstance(cause, ApplicationError) or cause.type != RUN_ENDED:
                    raise
            await asyncio.sleep(0.05)
