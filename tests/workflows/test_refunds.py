"""Money that goes back, on a real Temporal server, with stores and gateway in memory."""

import asyncio
from datetime import UTC, datetime

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from payments.alerts import AlertCode
from payments.cases import CaseCode, Resolution
from payments.errors import GatewayUnknownError
from payments.mails import Mail, MailKind
from payments.methods import PaymentMethod
from payments.money import Currency, Money
from payments.progress import NO_REFUND
from payments.refunds import RefundAnswer, RefundOutcome, RefundStatus
from payments.status import AttemptStatus, PaymentStatus
from tests.workflows.conftest import House, HouseFactory, until
from tests.workflows.memory import MemoryGateway, status_of
from tests.workflows.samples import notice
from workflows.messages import RequestRefund, ResolveCase

pytestmark = pytest.mark.temporal

QRIS, VIRTUAL_ACCOUNT = PaymentMethod.QRIS, PaymentMethod.BCA_VA
RETURNED = "return-T-{}~1"


def wanted(
    key: str = "R1", value: int | None = None, *, by_transfer: bool = False
) -> RequestRefund:
    return RequestRefund(
        actor="checkout",
        reason="wrong size",
        refund_key=key,
        amount=None if value is None else Money(value, Currency.IDR),
        by_transfer=by_transfer,
    )


def refund_status(house: House, order_id: str, key: str = "R1") -> RefundStatus | None:
    refund = house.records.payments[order_id].refund(key)
    return refund.status if refund else None


def alerts(house: House) -> list[AlertCode]:
    return [alert.code for alert in house.records.alerts]


def decision(resolution: Resolution, actor: str, reference: str | None = None) -> ResolveCase:
    return ResolveCase(
        actor=actor, reason="done", case_id=1, resolution=resolution, reference=reference
    )


async def test_a_refund_is_sent_once_confirmed_by_the_bank_credited_and_mailed(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.pay(order_id, QRIS)

    outcome = await house.refund(order_id, wanted())
    await until(lambda: refund_status(house, order_id) is RefundStatus.ACCEPTED)
    house.gateway.confirm_refunds(datetime.now(UTC))
    await house.notify(order_id, notice(order_id, AttemptStatus.REFUNDED))

    assert await house.handle(order_id).result() == PaymentStatus.REFUNDED
    assert (outcome.applied, outcome.by_this_call) == (True, True)
    assert refund_status(house, order_id) is RefundStatus.CONFIRMED
    assert list(house.gateway.refunds_sent.values()) == [1]
    assert list(house.credit_notes.notes) == [(order_id, "R1")]
    assert house.records.mails[order_id] == [
        Mail(MailKind.RECEIPT, 1),
        Mail(MailKind.REFUND, 1, "R1"),
    ]


async def test_the_same_refund_again_gives_nothing_back_twice(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.pay(order_id, QRIS)
    await house.refund(order_id, wanted(value=100_000))
    await until(lambda: refund_status(house, order_id) is RefundStatus.ACCEPTED)

    again = await house.refund(order_id, wanted(value=100_000))

    assert again.applied
    assert list(house.gateway.refunds_sent.values()) == [1]
    assert status_of(house.records, order_id) is PaymentStatus.PARTIALLY_REFUNDED


async def test_of_two_refunds_at_once_that_exceed_the_payment_one_is_refused(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.pay(order_id, QRIS)

    ends = await asyncio.gather(
        house.refund(order_id, wanted("R1", 200_000)),
        house.refund(order_id, wanted("R2", 200_000)),
        return_exceptions=True,
    )

    refused = [end for end in ends if isinstance(end, WorkflowUpdateFailedError)]
    assert len(refused) == 1
    assert isinstance(refused[0].cause, ApplicationError)
    assert refused[0].cause.type == "invalid_request"
    assert "amount.value: 1 to 150000" in refused[0].cause.message


async def test_a_refund_that_the_balance_does_not_allow_waits_and_alerts(
    open_house: HouseFactory, order_id: str
) -> None:
    poor = RefundAnswer(outcome=RefundOutcome.NO_FUNDS, gateway_code="414")
    house = await open_house(MemoryGateway(refunds_with=[poor, poor]), refund_retry=0.2)
    await house.pay(order_id, QRIS)

    await house.refund(order_id, wanted())

    await until(lambda: refund_status(house, order_id) is RefundStatus.ACCEPTED)
    await until(lambda: AlertCode.REFUND_FUNDS in alerts(house))
    assert list(house.gateway.refunds_sent.values()) == [3]


async def test_a_refund_of_unknown_outcome_is_repeated_under_the_same_key(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house(MemoryGateway(refunds_with=[GatewayUnknownError("no answer")]))
    await house.pay(order_id, QRIS)

    await house.refund(order_id, wanted())

    await until(lambda: refund_status(house, order_id) is RefundStatus.ACCEPTED)
    assert list(house.gateway.refunds_sent.values()) == [2]


async def test_a_refused_refund_leaves_the_order_paid_and_alerts(
    open_house: HouseFactory, order_id: str
) -> None:
    no = RefundAnswer(outcome=RefundOutcome.REFUSED, gateway_code="202")
    house = await open_house(MemoryGateway(refunds_with=[no]))
    await house.pay(order_id, QRIS)

    await house.refund(order_id, wanted())

    assert await house.handle(order_id).result() == PaymentStatus.PAID
    assert refund_status(house, order_id) is RefundStatus.REFUSED
    assert alerts(house) == [AlertCode.REFUND_REFUSED]


async def test_a_refund_that_no_bank_confirms_becomes_a_case(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house(refund_stuck=1)
    await house.pay(order_id, QRIS)

    await house.refund(order_id, wanted())

    await until(lambda: house.records.codes(order_id) == [CaseCode.REFUND_STUCK])
    await until(lambda: AlertCode.REFUND_STUCK in alerts(house))
    await house.decide(order_id, decision(Resolution.ACCEPTED, "ana"))
    assert await house.handle(order_id).result() == PaymentStatus.REFUNDED
    assert refund_status(house, order_id) is RefundStatus.CONFIRMED


async def test_a_manual_refund_needs_two_operators_and_ends_with_the_transfer(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.pay(order_id, VIRTUAL_ACCOUNT)
    await house.refund(order_id, wanted())
    assert house.records.codes(order_id) == [CaseCode.MANUAL_REFUND]

    await house.decide(order_id, decision(Resolution.APPROVED, "ana"))
    with pytest.raises(WorkflowUpdateFailedError) as refusal:
        await house.decide(order_id, decision(Resolution.TRANSFERRED, "ana", "BCA 1"))
    await house.decide(order_id, decision(Resolution.TRANSFERRED, "budi", "BCA 1"))

    assert "actor: must be somebody else than ana" in str(refusal.value.cause)
    assert await house.handle(order_id).result() == PaymentStatus.REFUNDED
    assert house.gateway.refunds_sent == {}
    assert [mail.kind for mail in house.records.mails[order_id]] == [
        MailKind.RECEIPT,
        MailKind.BANK_DETAILS,
        MailKind.REFUND,
    ]
    assert "bank_details.deleted" in house.records.audit[order_id]


async def test_money_after_a_cancel_goes_back_by_itself(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.checkout(order_id, method=QRIS)
    await house.cancel(order_id)

    house.gateway.pay(f"{order_id}~1")
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))

    key = RETURNED.format(order_id)
    await until(lambda: refund_status(house, order_id, key) is RefundStatus.ACCEPTED)
    house.gateway.confirm_refunds(datetime.now(UTC))
    await house.notify(order_id, notice(order_id, AttemptStatus.REFUNDED))
    assert await house.handle(order_id).result() == PaymentStatus.CANCELLED
    assert house.credit_notes.notes == {}
    assert Mail(MailKind.REFUND, 1, key) in house.records.mails[order_id]


async def test_late_money_that_the_gateway_refuses_to_return_is_transferred_by_hand(
    open_house: HouseFactory, order_id: str
) -> None:
    no = RefundAnswer(outcome=RefundOutcome.REFUSED, gateway_code="412")
    house = await open_house(MemoryGateway(refunds_with=[no]))
    await house.checkout(order_id, method=QRIS)
    await house.cancel(order_id)

    house.gateway.pay(f"{order_id}~1")
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))

    key = RETURNED.format(order_id)
    await until(lambda: refund_status(house, order_id, key) is RefundStatus.MANUAL)
    assert house.records.codes(order_id) == [CaseCode.MANUAL_REFUND]


async def test_a_reversed_settlement_leaves_the_order_unpaid_and_credited(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.pay(order_id, PaymentMethod.PERMATA_VA)

    house.gateway.held[f"{order_id}~1"] = AttemptStatus.DENIED
    await house.notify(order_id, notice(order_id, AttemptStatus.DENIED))

    reversal = Mail(MailKind.REVERSAL, 1)
    await until(lambda: reversal in house.records.mails[order_id])
    assert status_of(house.records, order_id) is PaymentStatus.REVERSED
    assert list(house.credit_notes.notes) == [(order_id, NO_REFUND)]
    await until(lambda: alerts(house) == [AlertCode.SETTLEMENT_REVERSED])


async def test_a_chargeback_that_was_won_leaves_the_order_paid(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.pay(order_id, QRIS)
    house.gateway.held[f"{order_id}~1"] = AttemptStatus.CHARGED_BACK
    await house.notify(order_id, notice(order_id, AttemptStatus.CHARGED_BACK))
    await until(lambda: status_of(house.records, order_id) is PaymentStatus.CHARGED_BACK)

    with pytest.raises(WorkflowUpdateFailedError) as refusal:
        await house.refund(order_id, wanted())
    await house.decide(order_id, decision(Resolution.WON, "ana"))

    assert isinstance(refusal.value.cause, ApplicationError)
    assert refusal.value.cause.type == "not_refundable"
    assert await house.handle(order_id).result() == PaymentStatus.PAID


@pytest.mark.parametrize("key", ["", "R 1", "R/1", "x" * 41])
async def test_a_malformed_key_is_refused_by_name_of_the_rule(
    open_house: HouseFactory, order_id: str, key: str
) -> None:
    house = await open_house()

    with pytest.raises(WorkflowUpdateFailedError) as refusal:
        await house.client.execute_update_with_start_workflow(
            "request_refund",
            wanted(key),
            start_workflow_operation=house.start_operation(order_id),
        )

    assert "refund_key: 1 to 40 of A-Z a-z 0-9 - _" in str(refusal.value.cause)
