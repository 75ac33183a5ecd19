"""The paths on which a part of the service, or the gateway, does not do its work."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from payments.alerts import AlertCode
from payments.cases import CaseCode, Resolution
from payments.errors import GatewayRefusedError, GatewayUnknownError, GatewayUnreachableError
from payments.gateway import AttemptRef, Charge, ChargeOpened, StatusReport
from payments.methods import PaymentMethod
from payments.refunds import RefundAnswer, RefundOutcome
from payments.status import AttemptStatus, PaymentStatus
from tests.replay.after_payment import REFUND, refunded
from tests.replay.scenarios import scenario
from tests.workflows.conftest import House, until
from tests.workflows.memory import MemoryGateway, status_of
from tests.workflows.samples import notice
from workflows.messages import ResolveCase, RetryNow
from workflows.payment import PaymentWorkflow

_AGAIN = RetryNow(actor="ani", reason="it is back")


@dataclass
class WorseGateway(MemoryGateway):
    """`answers_with`: what asking ends with at first. `adopts`: charges that say nothing to pay by.

    `has_pages`: as Snap does, it knows of a transaction once the customer has chosen.
    """

    answers_with: Sequence[Exception] = ()
    adopts: int = 0
    has_pages: bool = False

    async def open_charge(self, charge: Charge) -> ChargeOpened:
        opened = await super().open_charge(charge)
        if self.has_pages:
            del self.held[charge.gateway_order_id]
            return replace(opened, report=None)
        if len(self.charges) <= self.adopts:
            return replace(opened, instructions=None)
        return opened

    async def ask(self, attempt: AttemptRef) -> StatusReport | None:
        told = await super().ask(attempt)
        times = self.asked[attempt.gateway_order_id]
        if times <= len(self.answers_with):
            raise self.answers_with[times - 1]
        return told


@scenario(partial(WorseGateway, has_pages=True))
async def paid_on_a_page_of_the_gateway(house: House, order_id: str) -> None:
    await house.pay(order_id, PaymentMethod.QRIS)
    await house.handle(order_id).result()


@scenario(partial(WorseGateway, adopts=1))
async def adopted_without_anything_to_pay_by(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    house.gateway.pay(f"{order_id}~2")
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID, 2))
    await house.handle(order_id).result()


@scenario(partial(MemoryGateway, opens_with=[GatewayRefusedError("400", "no")]), then_a_day=True)
async def refused_charge_that_is_nobodys_fault(house: House, order_id: str) -> None:
    await house.checkout(order_id)


@scenario(
    partial(MemoryGateway, opens_with=[GatewayUnreachableError("no line")] * 5), then_a_day=True
)
async def charge_that_was_never_sent(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    await until(lambda: status_of(house.records, order_id) is PaymentStatus.FAILED)


@scenario(partial(WorseGateway, answers_with=[GatewayRefusedError("401", "wrong key")]))
async def gateway_that_refuses_to_answer(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    house.gateway.pay(f"{order_id}~1")
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    await _alerted(house, order_id, AlertCode.GATEWAY_REFUSES)
    await house.send(PaymentWorkflow.retry_now, order_id, _AGAIN)
    await house.handle(order_id).result()


@scenario(partial(WorseGateway, answers_with=[GatewayUnknownError("no answer")] * 3))
async def asked_again_because_somebody_wished(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    house.gateway.pay(f"{order_id}~1")
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    await until(lambda: house.gateway.asked[f"{order_id}~1"] >= 1)
    await house.send(PaymentWorkflow.retry_now, order_id, _AGAIN)
    await house.handle(order_id).result()


@scenario()
async def database_away_until_somebody_was_told(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    house.gateway.pay(f"{order_id}~1")
    house.records.break_down()
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    await _alerted(house, order_id, AlertCode.DATABASE_STUCK)
    house.records.recover()
    await house.send(PaymentWorkflow.retry_now, order_id, _AGAIN)
    await house.handle(order_id).result()


@scenario(
    partial(MemoryGateway, refunds_with=[RefundAnswer(outcome=RefundOutcome.NOT_YET)]),
    refund_retry=1,
)
async def refund_before_the_settlement(house: House, order_id: str) -> None:
    await refunded(house, order_id)


@scenario(partial(MemoryGateway, refunds_with=[RefundAnswer(outcome=RefundOutcome.ABSENT)]))
async def refund_that_nobody_knows_of(house: House, order_id: str) -> None:
    await house.pay(order_id, PaymentMethod.QRIS)
    await house.refund(order_id, REFUND)
    await until(lambda: house.records.codes(order_id) == [CaseCode.REFUND_STUCK])
    seen = ResolveCase(actor="ani", reason="seen", case_id=1, resolution=Resolution.REJECTED)
    await house.decide(order_id, seen)
    await house.handle(order_id).result()


async def _alerted(house: House, order_id: str, code: AlertCode) -> None:
    await until(
        lambda: (order_id, code) in {(each.order_id, each.code) for each in house.records.alerts},
        seconds=60,
    )
