"""Giving money back, against the simulator."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from adapters.midtrans.gateway import MidtransGateway
from payments.errors import GatewayBusyError, GatewayUnknownError
from payments.gateway import AttemptRef, Charge, StatusReport
from payments.methods import PaymentMethod
from payments.money import Currency, Money
from payments.refunds import RefundAnswer, RefundOrder, RefundOutcome, gateway_key
from payments.status import AttemptStatus
from tests.adapters.midtrans.simulator_process import SimulatorProcess

WHOLE = Money(350_000, Currency.IDR)
ACCEPTED = RefundAnswer(outcome=RefundOutcome.ACCEPTED)
VOIDED = RefundAnswer(outcome=RefundOutcome.VOIDED)
NOT_YET = RefundAnswer(outcome=RefundOutcome.NOT_YET)
ABSENT = RefundAnswer(outcome=RefundOutcome.ABSENT)
NO_FUNDS = RefundAnswer(outcome=RefundOutcome.NO_FUNDS, gateway_code="414")

PaidBy = Callable[[PaymentMethod], Awaitable[RefundOrder]]


@pytest.fixture
def paid_by(
    gateway: MidtransGateway, simulator: SimulatorProcess, snap_charge: Charge, wanted: RefundOrder
) -> PaidBy:
    """The wish, of a payment by this method."""

    async def pay(method: PaymentMethod) -> RefundOrder:
        await gateway.open_charge(replace(snap_charge, method=method))
        simulator.happen(snap_charge.gateway_order_id, "pay")
        [transaction] = simulator.transactions()
        return replace(wanted, transaction_id=str(transaction["transaction_id"]))

    return pay


@pytest.fixture
async def paid(paid_by: PaidBy) -> RefundOrder:
    return await paid_by(PaymentMethod.QRIS)


@pytest.fixture
async def captured(paid_by: PaidBy) -> RefundOrder:
    """All of a card payment that has not settled."""
    order = await paid_by(PaymentMethod.CREDIT_CARD)
    return replace(order, amount=WHOLE, is_whole=True)


def refused(code: str) -> RefundAnswer:
    return RefundAnswer(outcome=RefundOutcome.REFUSED, gateway_code=code)


async def told_of(
    gateway: MidtransGateway, attempt: AttemptRef, order: RefundOrder
) -> StatusReport:
    report = await gateway.ask_about(attempt, order.transaction_id)
    assert report is not None
    return report


async def test_a_part_is_given_back_and_listed(
    gateway: MidtransGateway, snap_attempt: AttemptRef, paid: RefundOrder
) -> None:
    assert await gateway.give_back(paid) == ACCEPTED

    report = await told_of(gateway, snap_attempt, paid)
    assert (report.status, report.refunded) == (AttemptStatus.PARTIALLY_REFUNDED, paid.amount)
    assert [(each.key, each.amount) for each in report.refunds] == [(paid.gateway_key, paid.amount)]


async def test_the_rest_is_given_back_under_another_key(
    gateway: MidtransGateway, snap_attempt: AttemptRef, paid: RefundOrder
) -> None:
    rest = replace(paid, gateway_key=gateway_key("T-1", "r2"), amount=WHOLE - paid.amount)

    assert await gateway.give_back(paid) == ACCEPTED
    assert await gateway.give_back(rest) == ACCEPTED

    report = await told_of(gateway, snap_attempt, paid)
    assert (report.status, report.refunded) == (AttemptStatus.REFUNDED, WHOLE)


@pytest.mark.parametrize("answers_again", [True, False])
async def test_a_repeated_refund_gives_back_once(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_attempt: AttemptRef,
    paid: RefundOrder,
    *,
    answers_again: bool,
) -> None:
    simulator.control("PUT", "/behaviour", {"repeated_refund_key_answers_again": answers_again})

    assert await gateway.give_back(paid) == ACCEPTED
    assert await gateway.give_back(paid) == ACCEPTED

    assert (await told_of(gateway, snap_attempt, paid)).refunded == paid.amount


async def test_the_banks_confirmation_is_told(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_attempt: AttemptRef,
    paid: RefundOrder,
) -> None:
    await gateway.give_back(paid)
    [accepted] = (await told_of(gateway, snap_attempt, paid)).refunds
    simulator.happen(paid.gateway_order_id, "confirm_refund")
    [confirmed] = (await told_of(gateway, snap_attempt, paid)).refunds

    assert accepted.confirmed_at is None
    assert confirmed.confirmed_at is not None


@pytest.mark.parametrize("method", [PaymentMethod.DANA, PaymentMethod.GOPAY])
async def test_a_wallets_payment_is_given_back(
    gateway: MidtransGateway, paid_by: PaidBy, method: PaymentMethod
) -> None:
    order = await paid_by(method)

    assert await gateway.give_back(order) == ACCEPTED
    assert await gateway.find_refund(order) == ACCEPTED


async def test_a_card_in_capture_is_voided_whole(
    gateway: MidtransGateway, snap_attempt: AttemptRef, captured: RefundOrder
) -> None:
    assert await gateway.give_back(captured) == VOIDED

    report = await told_of(gateway, snap_attempt, captured)
    assert (report.status, report.refunds) == (AttemptStatus.CANCELLED, ())


async def test_a_part_of_a_card_payment_waits_for_its_settlement(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_attempt: AttemptRef,
    paid_by: PaidBy,
) -> None:
    part = await paid_by(PaymentMethod.CREDIT_CARD)

    assert await gateway.give_back(part) == NOT_YET
    assert (await told_of(gateway, snap_attempt, part)).status is AttemptStatus.PAID

    simulator.happen(part.gateway_order_id, "settle")
    assert await gateway.give_back(part) == ACCEPTED


async def test_a_settled_card_is_refunded(
    gateway: MidtransGateway, simulator: SimulatorProcess, captured: RefundOrder
) -> None:
    simulator.happen(captured.gateway_order_id, "settle")

    assert await gateway.give_back(captured) == ACCEPTED


async def test_what_somebody_voided_in_the_dashboard_is_voided(
    gateway: MidtransGateway, simulator: SimulatorProcess, captured: RefundOrder
) -> None:
    simulator.happen(captured.gateway_order_id, "cancel")

    assert await gateway.give_back(captured) == VOIDED
    assert await gateway.find_refund(captured) == VOIDED


async def test_a_part_of_what_was_voided_is_refused(
    gateway: MidtransGateway, simulator: SimulatorProcess, captured: RefundOrder
) -> None:
    part = replace(captured, amount=Money(1, Currency.IDR), is_whole=False)
    simulator.happen(captured.gateway_order_id, "cancel")

    assert await gateway.give_back(part) == refused("412")
    assert await gateway.find_refund(part) == ABSENT


async def test_a_void_whose_answer_was_lost_is_found_when_repeated(
    gateway: MidtransGateway, simulator: SimulatorProcess, captured: RefundOrder
) -> None:
    simulator.fail("cancel", "malformed", times=1)
    with pytest.raises(GatewayUnknownError):
        await gateway.give_back(captured)

    assert await gateway.give_back(captured) == VOIDED


async def test_a_refund_whose_answer_was_lost_is_found_when_repeated(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_attempt: AttemptRef,
    paid: RefundOrder,
) -> None:
    simulator.fail("refund", "malformed", times=1)
    with pytest.raises(GatewayUnknownError):
        await gateway.give_back(paid)

    assert await gateway.give_back(paid) == ACCEPTED
    assert (await told_of(gateway, snap_attempt, paid)).refunded == paid.amount


async def test_a_bank_that_denies_a_refund_leaves_the_payment_paid(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_attempt: AttemptRef,
    paid: RefundOrder,
) -> None:
    simulator.fail("refund", "deny")

    assert await gateway.give_back(paid) == refused("202")

    assert (await told_of(gateway, snap_attempt, paid)).status is AttemptStatus.PAID


@pytest.mark.parametrize("http_status_codes", [True, False])
async def test_too_low_a_balance_is_told_and_the_same_key_may_try_again(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    paid: RefundOrder,
    *,
    http_status_codes: bool,
) -> None:
    knobs: dict[str, object] = {"http_status_codes": http_status_codes, "refund_funds": 99_999}
    simulator.control("PUT", "/behaviour", knobs)
    assert await gateway.give_back(paid) == NO_FUNDS

    simulator.control("PUT", "/behaviour", {"refund_funds": 100_000})

    assert await gateway.give_back(paid) == ACCEPTED


async def test_more_than_is_left_is_refused_rather_than_waited_for(
    gateway: MidtransGateway, simulator: SimulatorProcess, paid: RefundOrder
) -> None:
    simulator.happen(paid.gateway_order_id, "refund", amount=250_001)

    assert await gateway.give_back(paid) == refused("414")


async def test_where_only_all_can_be_given_back_no_balance_helps_a_part(
    paid_by: PaidBy, gateway: MidtransGateway
) -> None:
    assert await gateway.give_back(await paid_by(PaymentMethod.OVO)) == refused("414")


async def test_looking_for_a_refund_sends_none_and_takes_no_other_for_it(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_attempt: AttemptRef,
    paid: RefundOrder,
) -> None:
    simulator.happen(paid.gateway_order_id, "refund", amount=100_000)

    assert await gateway.find_refund(paid) == ABSENT
    assert (await told_of(gateway, snap_attempt, paid)).refunded == paid.amount


async def test_a_method_without_refunds_is_refused(
    gateway: MidtransGateway, paid_by: PaidBy
) -> None:
    assert await gateway.give_back(await paid_by(PaymentMethod.BCA_VA)) == refused("412")


async def test_money_that_was_reversed_cannot_be_given_back(
    gateway: MidtransGateway, simulator: SimulatorProcess, paid_by: PaidBy
) -> None:
    order = await paid_by(PaymentMethod.PERMATA_VA)
    simulator.happen(order.gateway_order_id, "reverse")

    assert await gateway.give_back(order) == refused("412")


async def test_a_payment_that_is_not_found_is_looked_for_again(
    gateway: MidtransGateway, simulator: SimulatorProcess, wanted: RefundOrder
) -> None:
    assert simulator.transactions() == []

    with pytest.raises(GatewayUnknownError):
        await gateway.give_back(wanted)
    with pytest.raises(GatewayUnknownError):
        await gateway.find_refund(wanted)


@pytest.mark.parametrize("fault", ["refuse", "html:502", "status:503", "429"])
@pytest.mark.parametrize("operation", ["status", "refund"])
async def test_a_fault_is_no_answer_and_the_next_try_succeeds(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    paid: RefundOrder,
    operation: str,
    fault: str,
) -> None:
    simulator.fail(operation, fault, times=1)
    with pytest.raises((GatewayUnknownError, GatewayBusyError)):
        await gateway.give_back(paid)

    assert await gateway.give_back(paid) == ACCEPTED
