"""The paths after the outcome: refunds, reversals, chargebacks, late money."""

from datetime import UTC, datetime
from functools import partial

from payments.cases import CaseCode, Resolution
from payments.mails import Mail, MailKind
from payments.methods import PaymentMethod
from payments.refunds import RefundAnswer, RefundOutcome, RefundStatus
from payments.status import AttemptStatus, PaymentStatus
from tests.replay.scenarios import scenario
from tests.workflows.conftest import House, until
from tests.workflows.memory import MemoryGateway, status_of
from tests.workflows.samples import notice
from workflows.messages import RequestRefund, ResolveCase

REFUND = RequestRefund(actor="checkout", reason="wrong size", refund_key="R1")
CONFIRMED_AT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
_NO_FUNDS = RefundAnswer(outcome=RefundOutcome.NO_FUNDS, gateway_code="414")
_REFUSED = RefundAnswer(outcome=RefundOutcome.REFUSED, gateway_code="202")


@scenario()
async def refunded(house: House, order_id: str) -> None:
    await house.pay(order_id, PaymentMethod.QRIS)
    await house.refund(order_id, REFUND)
    await _has(house, order_id, RefundStatus.ACCEPTED)
    house.gateway.confirm_refunds(CONFIRMED_AT)
    await house.notify(order_id, notice(order_id, AttemptStatus.REFUNDED))
    await house.handle(order_id).result()


@scenario(partial(MemoryGateway, refunds_with=[_NO_FUNDS]), refund_retry=1)
async def refunded_once_the_balance_allowed(house: House, order_id: str) -> None:
    await refunded(house, order_id)


@scenario(partial(MemoryGateway, refunds_with=[_REFUSED]))
async def refund_refused(house: House, order_id: str) -> None:
    await house.pay(order_id, PaymentMethod.QRIS)
    await house.refund(order_id, REFUND)
    await house.handle(order_id).result()


@scenario(refund_stuck=1)
async def refund_stuck(house: House, order_id: str) -> None:
    await house.pay(order_id, PaymentMethod.QRIS)
    await house.refund(order_id, REFUND)
    await until(lambda: house.records.codes(order_id) == [CaseCode.REFUND_STUCK])
    await house.decide(order_id, _decision(Resolution.ACCEPTED, "ani"))
    await house.handle(order_id).result()


@scenario()
async def refunded_by_transfer(house: House, order_id: str) -> None:
    await house.pay(order_id, PaymentMethod.BCA_VA)
    await house.refund(order_id, REFUND)
    await house.decide(order_id, _decision(Resolution.APPROVED, "ani"))
    await house.decide(order_id, _decision(Resolution.TRANSFERRED, "budi", "BCA 1"))
    await house.handle(order_id).result()


@scenario()
async def late_money_returned(house: House, order_id: str) -> None:
    await house.checkout(order_id, method=PaymentMethod.QRIS)
    await house.cancel(order_id)
    house.gateway.pay(f"{order_id}~1")
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    await _has(house, order_id, RefundStatus.ACCEPTED, f"return-T-{order_id}~1")
    house.gateway.confirm_refunds(CONFIRMED_AT)
    await house.notify(order_id, notice(order_id, AttemptStatus.REFUNDED))
    await house.handle(order_id).result()


@scenario(then_a_day=True)
async def settlement_reversed(house: House, order_id: str) -> None:
    await house.pay(order_id, PaymentMethod.PERMATA_VA)
    house.gateway.held[f"{order_id}~1"] = AttemptStatus.DENIED
    await house.notify(order_id, notice(order_id, AttemptStatus.DENIED))
    await until(lambda: Mail(MailKind.REVERSAL, 1) in house.records.mails[order_id])


@scenario()
async def charged_back_and_lost(house: House, order_id: str) -> None:
    await house.pay(order_id, PaymentMethod.QRIS)
    house.gateway.held[f"{order_id}~1"] = AttemptStatus.CHARGED_BACK
    await house.notify(order_id, notice(order_id, AttemptStatus.CHARGED_BACK))
    await until(lambda: status_of(house.records, order_id) is PaymentStatus.CHARGED_BACK)
    await house.decide(order_id, _decision(Resolution.LOST, "ani"))
    await house.handle(order_id).result()


def _decision(resolution: Resolution, actor: str, reference: str | None = None) -> ResolveCase:
    return ResolveCase(
        actor=actor, reason="done", case_id=1, resolution=resolution, reference=reference
    )


async def _has(house: House, order_id: str, status: RefundStatus, key: str = "R1") -> None:
    def has() -> bool:
        refund = house.records.payments[order_id].refund(key)
        return refund is not None and refund.status is status

    await until(has)
