"""The paths that running payments may be on: each is played once, and its history recorded.

A new path of the workflow is one more function here; then `python -m tests.replay.record`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count

from temporalio.client import WorkflowUpdateFailedError

from payments.cases import CaseCode, Resolution
from payments.errors import GatewayRefusedError, GatewayUnknownError
from payments.gateway import ReviewDecision
from payments.methods import Integration, PaymentMethod
from payments.status import AttemptStatus, PaymentStatus
from tests.workflows.conftest import House, until
from tests.workflows.memory import MemoryGateway, status_of
from tests.workflows.samples import notice, request
from workflows.messages import AwaitInstructions, ResolveCase, ResolveReview, TryAnotherMethod
from workflows.payment import PaymentWorkflow

Play = Callable[[House, str], Awaitable[None]]

# More than any other path comes to; see `Recording` in record.py.
CONTINUE_AS_NEW_EVENTS = 150


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`seconds`: the windows in force.

    `then_a_day`: the day in which another method may be tried passes when all is played.
    """

    play: Play
    seconds: Mapping[str, float]
    gateway: Callable[[], MemoryGateway]
    then_a_day: bool

    @property
    def name(self) -> str:
        return self.play.__name__


SCENARIOS: list[Scenario] = []


def scenario(
    gateway: Callable[[], MemoryGateway] = MemoryGateway,
    *,
    then_a_day: bool = False,
    **seconds: float,
) -> Callable[[Play], Play]:
    def register(play: Play) -> Play:
        SCENARIOS.append(
            Scenario(
                play=play,
                seconds=seconds,
                gateway=gateway,
                then_a_day=then_a_day,
            )
        )
        return play

    return register


@scenario()
async def awaiting_payment(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    await house.notify(order_id, notice(order_id, AttemptStatus.PENDING))
    await _kept(house, order_id, 1)


@scenario()
async def paid_by_webhook(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    await house.notify(order_id, notice(order_id, AttemptStatus.PENDING))
    house.gateway.pay(f"{order_id}~1")
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    await house.handle(order_id).result()


@scenario(first_ask=0.5)
async def paid_by_asking(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    house.gateway.pay(f"{order_id}~1")
    await house.handle(order_id).result()


@scenario()
async def paid_after_review(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    for status in (AttemptStatus.IN_REVIEW, AttemptStatus.PAID):
        house.gateway.held[f"{order_id}~1"] = status
        await house.notify(order_id, notice(order_id, status))
        if status is AttemptStatus.IN_REVIEW:
            await until(lambda: status_of(house.records, order_id) is PaymentStatus.IN_REVIEW)
    await house.handle(order_id).result()


@scenario(then_a_day=True, payment=1)
async def expired(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    await until(lambda: status_of(house.records, order_id) is PaymentStatus.EXPIRED)


@scenario(partial(MemoryGateway, pays_when_closed=True), payment=1)
async def paid_at_the_deadline(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    await house.handle(order_id).result()


@scenario(partial(MemoryGateway, refuses_to_close=True), then_a_day=True, payment=1)
async def closed_at_the_second_try(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    await until(lambda: house.gateway.closed[f"{order_id}~1"] >= 1)
    house.gateway.refuses_to_close = False
    await until(lambda: status_of(house.records, order_id) is PaymentStatus.EXPIRED)


@scenario(then_a_day=True)
async def denied(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    house.gateway.held[f"{order_id}~1"] = AttemptStatus.DENIED
    await house.notify(order_id, notice(order_id, AttemptStatus.DENIED))
    await until(lambda: status_of(house.records, order_id) is PaymentStatus.FAILED)


@scenario()
async def cancelled(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    await house.cancel(order_id)
    await house.handle(order_id).result()


@scenario(partial(MemoryGateway, pays_when_closed=True))
async def paid_before_the_cancel(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    await house.cancel(order_id)
    await house.handle(order_id).result()


@scenario()
async def cancelled_in_temporal(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    await house.handle(order_id).cancel()
    await house.handle(order_id).result()


@scenario(partial(MemoryGateway, opens_with=[GatewayRefusedError("402", "no")]), then_a_day=True)
async def refused_charge(house: House, order_id: str) -> None:
    await house.checkout(order_id)


@scenario(
    partial(MemoryGateway, opens_with=[GatewayUnknownError("no answer")] * 5),
    then_a_day=True,
    absence=1,
)
async def charge_without_an_answer(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    await until(lambda: status_of(house.records, order_id) is PaymentStatus.FAILED)


@scenario()
async def mismatch(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    house.gateway.reports_amount_of(f"{order_id}~1", request(order_id, price=20_000))
    house.gateway.pay(f"{order_id}~1")
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    await until(lambda: house.records.codes(order_id) == [CaseCode.MISMATCH])
    await house.handle(order_id).execute_update(
        PaymentWorkflow.resolve_case,
        ResolveCase(actor="ani", reason="seen", case_id=1, resolution=Resolution.REJECTED),
    )


@scenario()
async def repeated_and_conflicting_checkouts(house: House, order_id: str) -> None:
    await house.checkout(order_id, "first")
    await house.checkout(order_id, "second")
    await _refused(house, order_id, price=360_000)
    await house.cancel(order_id)
    await house.handle(order_id).result()


@scenario()
async def rejected_request(house: House, order_id: str) -> None:
    await _refused(house, order_id, price=0)
    await house.handle(order_id).result()


@scenario()
async def notice_of_an_unknown_order(house: House, order_id: str) -> None:
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    await house.handle(order_id).result()


@scenario()
async def malformed_notice(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    await house.notify(order_id, {"status": "paid"})
    await house.cancel(order_id)
    await house.handle(order_id).result()


@scenario()
async def late_notice_of_a_paid_order(house: House, order_id: str) -> None:
    await paid_by_webhook(house, order_id)
    await house.notify(order_id, notice(order_id, AttemptStatus.EXPIRED))
    await house.handle(order_id).result()


@scenario()
async def resumed_after_terminate(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    await house.handle(order_id).terminate()
    house.gateway.pay(f"{order_id}~1")
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    await house.handle(order_id).result()


@scenario()
async def database_away_for_seconds(house: House, order_id: str) -> None:
    house.records.break_down(calls=6)
    await house.checkout(order_id)
    await house.cancel(order_id)
    await house.handle(order_id).result()


@scenario()
async def continued_as_new(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    first_run = (await house.handle(order_id).describe()).run_id
    # Each makes the run ask anew, until there are more events than one run may have.
    for kept in count():
        if (await house.handle(order_id).describe()).run_id != first_run:
            break
        await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
        await _kept(house, order_id, kept + 1)
    await house.cancel(order_id)
    await house.handle(order_id).result()


async def _kept(house: House, order_id: str, notices: int) -> None:
    await until(lambda: len(house.records.notices.get(order_id, ())) >= notices)


async def _refused(house: House, order_id: str, *, price: int) -> None:
    try:
        await house.client.execute_update_with_start_workflow(
            PaymentWorkflow.await_instructions,
            AwaitInstructions(request=request(order_id, price=price), actor="test"),
            start_workflow_operation=house.start_operation(order_id),
        )
    except WorkflowUpdateFailedError:
        return
    raise AssertionError("the request was to be refused")


@scenario()
async def another_method(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    await house.handle(order_id).execute_update(
        PaymentWorkflow.try_another_method,
        TryAnotherMethod(
            after_attempt=1,
            method=PaymentMethod.QRIS,
            integration=Integration.CORE,
            actor="customer",
        ),
    )
    house.gateway.pay(f"{order_id}~2")
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID, 2))
    await house.handle(order_id).result()


@scenario()
async def review_approved(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    house.gateway.held[f"{order_id}~1"] = AttemptStatus.IN_REVIEW
    await house.notify(order_id, notice(order_id, AttemptStatus.IN_REVIEW))
    await until(lambda: status_of(house.records, order_id) is PaymentStatus.IN_REVIEW)
    await house.handle(order_id).execute_update(
        PaymentWorkflow.resolve_review,
        ResolveReview(actor="ani", reason="known", decision=ReviewDecision.APPROVE),
    )
    await house.handle(order_id).result()
