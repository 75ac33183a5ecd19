"""Refunds as activities: when they are sent, and until when the bank is waited for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import ActivityEnvironment

from activities.gateway import NOT_YET, GatewayActivities, Question, Wanted
from adapters.midtrans.gateway import MidtransGateway
from payments.gateway import AttemptRef, Charge
from payments.methods import PaymentMethod
from payments.refunds import KEY_LIFE, RefundOrder, RefundOutcome, RefundRef
from payments.status import AttemptStatus
from tests.adapters.midtrans.simulator_process import SimulatorProcess

SENT_AT = datetime(2026, 11, 16, 3, tzinfo=UTC)
KEY_ENDS = SENT_AT + KEY_LIFE
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class OneOrder:
    """What is stored: an attempt, and a refund of it."""

    stored: Charge
    refund: RefundOrder

    async def charge(self, attempt: AttemptRef) -> Charge:
        assert attempt.order_id == self.stored.request.order_id
        return self.stored

    async def session_token(self, attempt: AttemptRef) -> str | None:
        assert attempt.order_id == self.stored.request.order_id
        return None

    async def refund_order(self, refund: RefundRef) -> RefundOrder:
        assert refund.order_id == self.refund.order_id
        return self.refund


@pytest.fixture
async def order(
    gateway: MidtransGateway, simulator: SimulatorProcess, charge: Charge, wanted: RefundOrder
) -> OneOrder:
    """Paid by QRIS; its refund was sent once, nobody knows with what effect."""
    qris = replace(charge, method=PaymentMethod.QRIS)
    opened = await gateway.open_charge(qris)
    assert opened.report is not None
    simulator.happen(charge.gateway_order_id, "pay")
    transaction_id = opened.report.transaction_id
    return OneOrder(qris, replace(wanted, transaction_id=transaction_id, sent_at=SENT_AT))


@pytest.fixture
def ref(wanted: RefundOrder) -> RefundRef:
    return RefundRef(order_id=wanted.order_id, refund_key="r1")


@pytest.fixture
def activities(gateway: MidtransGateway, order: OneOrder) -> GatewayActivities:
    return GatewayActivities(gateway, order, order)


@pytest.fixture
def question(attempt: AttemptRef, order: OneOrder) -> Question:
    """Whether the bank has confirmed the refund."""
    return Question(
        attempt=attempt,
        wanted=Wanted.CONFIRMED,
        transaction_id=order.refund.transaction_id,
        refund=order.refund.gateway_key,
    )


@pytest.fixture
def try_number() -> Callable[[int], ActivityEnvironment]:
    """An activity's surroundings at its first, second, … try."""

    def surroundings(number: int) -> ActivityEnvironment:
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, attempt=number)
        return environment

    return surroundings


@pytest.mark.parametrize(
    ("started_at", "outcome"),
    [(KEY_ENDS - MOMENT, RefundOutcome.ACCEPTED), (KEY_ENDS, RefundOutcome.ABSENT)],
)
async def test_a_refund_is_sent_again_only_while_its_key_lives(
    activities: GatewayActivities, ref: RefundRef, started_at: datetime, outcome: RefundOutcome
) -> None:
    environment = ActivityEnvironment()
    # It may have waited for a worker since long before its key's end.
    environment.info = replace(
        environment.info, current_attempt_scheduled_time=SENT_AT, started_time=started_at
    )

    assert (await environment.run(activities.send_refund, ref)).outcome is outcome


async def test_a_refund_that_would_be_refused_at_night_is_not_sent(
    gateway: MidtransGateway, order: OneOrder, ref: RefundRef
) -> None:
    shopeepay = replace(order.refund, method=PaymentMethod.SHOPEEPAY)
    activities = GatewayActivities(gateway, order, replace(order, refund=shopeepay))
    night, morning = (datetime(2026, 11, 17, *at, tzinfo=UTC) for at in ((16, 55), (23, 0)))

    outcomes = []
    for started_at in (night, morning):
        environment = ActivityEnvironment()
        environment.info = replace(environment.info, started_time=started_at)
        outcomes.append((await environment.run(activities.send_refund, ref)).outcome)

    assert outcomes == [RefundOutcome.NOT_YET, RefundOutcome.ACCEPTED]


async def test_the_bank_is_waited_for_with_growing_pauses(
    activities: GatewayActivities,
    gateway: MidtransGateway,
    order: OneOrder,
    question: Question,
    try_number: Callable[[int], ActivityEnvironment],
) -> None:
    await gateway.give_back(order.refund)

    for number, pause in ((1, 30), (2, 60), (99, 3600)):
        with pytest.raises(ApplicationError) as raised:
            await try_number(number).run(activities.ask_gateway, question)
        assert raised.value.type == NOT_YET
        assert raised.value.category is ApplicationErrorCategory.BENIGN
        assert raised.value.next_retry_delay == timedelta(seconds=pause)


async def test_the_banks_word_ends_the_waiting(
    activities: GatewayActivities,
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    order: OneOrder,
    question: Question,
) -> None:
    await gateway.give_back(order.refund)
    simulator.happen(order.refund.gateway_order_id, "confirm_refund")

    report = await ActivityEnvironment().run(activities.ask_gateway, question)

    assert report is not None
    assert report.status is AttemptStatus.PARTIALLY_REFUNDED


async def test_anothers_confirmation_is_not_ours(
    activities: GatewayActivities,
    simulator: SimulatorProcess,
    order: OneOrder,
    question: Question,
) -> None:
    simulator.happen(order.refund.gateway_order_id, "refund", amount=100_000)
    simulator.happen(order.refund.gateway_order_id, "confirm_refund")

    with pytest.raises(ApplicationError) as raised:
        await ActivityEnvironment().run(activities.ask_gateway, question)

    assert raised.value.type == NOT_YET


async def test_asking_about_one_transaction_says_when_there_is_none(
    activities: GatewayActivities, question: Question
) -> None:
    unknown = replace(question, wanted=Wanted.ANYTHING, transaction_id="T-1")

    assert await ActivityEnvironment().run(activities.ask_gateway, unknown) is None


@pytest.mark.parametrize(
    ("fault", "code", "is_final"),
    [("status:401", "gateway_refused", True), ("html:502", "gateway_unknown", False)],
)
async def test_a_refund_without_an_answer_fails_by_a_fixed_code(
    activities: GatewayActivities,
    simulator: SimulatorProcess,
    ref: RefundRef,
    *,
    fault: str,
    code: str,
    is_final: bool,
) -> None:
    simulator.fail("refund", fault)
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, started_time=SENT_AT)

    with pytest.raises(ApplicationError) as raised:
        await environment.run(activities.send_refund, ref)

    assert (raised.value.type, raised.value.non_retryable) == (code, is_final)
