"""The paths of those who ask twice, too late, or for what cannot be."""

import asyncio
from functools import partial
from typing import TypeVar

from temporalio.client import WorkflowUpdateFailedError
from temporalio.workflow import UpdateMethodMultiParam

from payments.gateway import ReviewDecision
from payments.methods import Integration, PaymentMethod
from payments.status import AttemptStatus, PaymentStatus
from tests.replay.scenarios import scenario
from tests.workflows.conftest import House, until
from tests.workflows.memory import MemoryGateway, status_of
from tests.workflows.samples import notice, request
from workflows.messages import AwaitInstructions, Cancel, Outcome, ResolveReview, TryAnotherMethod
from workflows.payment import PaymentWorkflow

Message = TypeVar("Message")

ANOTHER = PaymentWorkflow.try_another_method
APPROVED = ResolveReview(actor="ani", reason="known", decision=ReviewDecision.APPROVE)


@scenario()
async def cancelled_twice(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    for _ in range(2):
        await house.cancel(order_id)
        await house.handle(order_id).result()


@scenario()
async def cancel_of_an_unknown_order(house: House, order_id: str) -> None:
    cancel = Cancel(actor="test", reason="changed my mind")
    await _refused(house, PaymentWorkflow.cancel, order_id, cancel)
    await house.handle(order_id).result()


@scenario()
async def clicked_twice_on_another_method(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    for _ in range(2):
        await house.send(ANOTHER, order_id, _another(PaymentMethod.QRIS))
    await house.cancel(order_id)
    await house.handle(order_id).result()


@scenario()
async def clicked_twice_at_once(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    again = _another(PaymentMethod.QRIS)
    await asyncio.gather(*(house.send(ANOTHER, order_id, again) for _ in range(2)))
    await house.cancel(order_id)
    await house.handle(order_id).result()


@scenario()
async def conflict_found_by_a_durable_write(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    house.records.break_down(calls=5)
    other = AwaitInstructions(request=request(order_id, price=360_000), actor="test")
    await _refused(house, PaymentWorkflow.await_instructions, order_id, other)
    await house.cancel(order_id)
    await house.handle(order_id).result()


@scenario()
async def two_methods_after_the_same_attempt(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    await house.send(ANOTHER, order_id, _another(PaymentMethod.QRIS))
    await _refused(house, ANOTHER, order_id, _another(PaymentMethod.GOPAY))
    await house.cancel(order_id)
    await house.handle(order_id).result()


@scenario()
async def another_method_after_no_attempt(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    await _refused(house, ANOTHER, order_id, _another(PaymentMethod.QRIS, after_attempt=7))
    await house.cancel(order_id)
    await house.handle(order_id).result()


@scenario()
async def another_method_after_the_money(house: House, order_id: str) -> None:
    await house.pay(order_id, PaymentMethod.BCA_VA)
    await _refused(house, ANOTHER, order_id, _another(PaymentMethod.QRIS))
    await house.handle(order_id).result()


@scenario()
async def another_method_in_review(house: House, order_id: str) -> None:
    await _into_review(house, order_id)
    await _refused(house, ANOTHER, order_id, _another(PaymentMethod.QRIS))
    await house.send(PaymentWorkflow.resolve_review, order_id, APPROVED)
    await house.handle(order_id).result()


@scenario()
async def paid_while_the_method_was_changed(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    house.gateway.pays_when_closed = True
    await _refused(house, ANOTHER, order_id, _another(PaymentMethod.QRIS))
    await house.handle(order_id).result()


@scenario()
async def paid_by_the_first_attempt_after_all(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    await house.send(ANOTHER, order_id, _another(PaymentMethod.QRIS))
    house.gateway.pay(f"{order_id}~1")
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    await house.handle(order_id).result()


@scenario()
async def review_of_what_is_not_in_review(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    await _refused(house, PaymentWorkflow.resolve_review, order_id, APPROVED)
    await house.cancel(order_id)
    await house.handle(order_id).result()


@scenario(day=1)
async def a_day_in_review(house: House, order_id: str) -> None:
    await _into_review(house, order_id)
    while not await _a_timer_has_fired(house, order_id):
        await asyncio.sleep(0.1)
    await house.send(PaymentWorkflow.resolve_review, order_id, APPROVED)
    await house.handle(order_id).result()


@scenario()
async def notice_of_another_order(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    await house.notify(order_id, notice(f"{order_id}-other", AttemptStatus.PAID))
    await house.cancel(order_id)
    await house.handle(order_id).result()


@scenario()
async def money_of_an_unknown_order(house: House, order_id: str) -> None:
    await house.checkout(f"{order_id}-known")
    known = house.gateway.charges[f"{order_id}-known~1"]
    house.gateway.charges[f"{order_id}~1"] = known
    house.gateway.pay(f"{order_id}~1")
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    await house.handle(order_id).result()


@scenario()
async def transaction_of_an_unknown_order(house: House, order_id: str) -> None:
    """Nobody has paid it."""
    await house.checkout(f"{order_id}-1")
    house.gateway.charges[f"{order_id}~1"] = house.gateway.charges[f"{order_id}-1~1"]
    house.gateway.held[f"{order_id}~1"] = AttemptStatus.PENDING
    await house.notify(order_id, notice(order_id, AttemptStatus.PENDING))
    await house.handle(order_id).result()


@scenario(partial(MemoryGateway, refuses_to_close=True), payment=1)
async def paid_while_it_is_being_closed(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    await until(lambda: house.gateway.closed[f"{order_id}~1"] >= 1)
    house.gateway.pay(f"{order_id}~1")
    house.gateway.refuses_to_close = False
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    await house.handle(order_id).result()


async def _into_review(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    house.gateway.held[f"{order_id}~1"] = AttemptStatus.IN_REVIEW
    await house.notify(order_id, notice(order_id, AttemptStatus.IN_REVIEW))
    await until(lambda: status_of(house.records, order_id) is PaymentStatus.IN_REVIEW)


async def _a_timer_has_fired(house: House, order_id: str) -> bool:
    history = await house.handle(order_id).fetch_history()
    return any(event.HasField("timer_fired_event_attributes") for event in history.events)


async def _refused(
    house: House,
    update: UpdateMethodMultiParam[[PaymentWorkflow, Message], Outcome],
    order_id: str,
    message: Message,
) -> None:
    try:
        await house.send(update, order_id, message)
    except WorkflowUpdateFailedError:
        return
    raise AssertionError("it was to be refused")


def _another(method: PaymentMethod, after_attempt: int = 1) -> TryAnotherMethod:
    return TryAnotherMethod(
        after_attempt=after_attempt, method=method, integration=Integration.CORE, actor="customer"
    )
