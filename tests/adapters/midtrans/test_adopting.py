"""Charges that Midtrans has already: repeated, taken, or somebody else's (DESIGN §6 row 2)."""

import json
from dataclasses import replace

import pytest

from adapters.midtrans.gateway import MidtransGateway
from payments.errors import GatewayUnknownError
from payments.gateway import Charge, Mismatch, mismatches
from payments.methods import PaymentMethod
from payments.status import AttemptStatus
from tests.adapters.midtrans.planned_server import Manner, Planned, PlannedServer
from tests.adapters.midtrans.simulator_process import MERCHANT_ID, SimulatorProcess

DUPLICATE = Planned(body='{"status_code": "406", "status_message": "conflict"}')
ABSENT = Planned(body='{"status_code": "404", "status_message": "Transaction doesn\'t exist."}')


async def test_repeating_a_charge_never_makes_a_second_transaction(
    gateway: MidtransGateway, simulator: SimulatorProcess, charge: Charge
) -> None:
    first = await gateway.open_charge(charge)

    again = await gateway.open_charge(charge)

    assert again == first
    assert len(simulator.transactions()) == 1


@pytest.mark.parametrize("method", [PaymentMethod.BCA_VA, PaymentMethod.PERMATA_VA])
async def test_a_charge_whose_answer_was_lost_is_adopted(
    gateway: MidtransGateway, simulator: SimulatorProcess, charge: Charge, method: PaymentMethod
) -> None:
    lost = replace(charge, method=method)
    simulator.fail("charge", "status:503", nth=2)
    first = await gateway.open_charge(lost)
    with pytest.raises(GatewayUnknownError):
        await gateway.open_charge(lost)

    # Another key stands for the five minutes after which Midtrans forgets the first one.
    adopted = await gateway.open_charge(replace(lost, idempotency_key="after-five-minutes"))

    assert adopted == first
    assert len(simulator.transactions()) == 1


async def test_an_adopted_qr_payment_without_its_code_has_no_instructions(
    gateway: MidtransGateway, charge: Charge
) -> None:
    qris = replace(charge, method=PaymentMethod.QRIS)
    await gateway.open_charge(qris)

    adopted = await gateway.open_charge(replace(qris, idempotency_key="after-five-minutes"))

    assert adopted.instructions is None
    assert adopted.report is not None
    assert adopted.report.status is AttemptStatus.PENDING


async def test_a_strangers_transaction_is_reported_but_never_shown_to_the_customer(
    planned_gateway: MidtransGateway,
    server: PlannedServer,
    charge: Charge,
    pending: dict[str, object],
) -> None:
    pending["custom_field1"] = "another-nonce"
    server.plan = [DUPLICATE, Planned(body=json.dumps(pending))]

    opened = await planned_gateway.open_charge(charge)

    assert opened.instructions is None
    assert opened.report is not None
    assert mismatches(charge, MERCHANT_ID, opened.report) == (Mismatch.NONCE,)


async def test_a_taken_id_without_a_transaction_is_unknown(
    planned_gateway: MidtransGateway, server: PlannedServer, charge: Charge
) -> None:
    server.plan = [DUPLICATE, ABSENT]

    with pytest.raises(GatewayUnknownError):
        await planned_gateway.open_charge(charge)


async def test_a_taken_id_whose_look_up_fails_is_unknown(
    planned_gateway: MidtransGateway, server: PlannedServer, charge: Charge
) -> None:
    server.plan = [DUPLICATE, Planned(manner=Manner.DROP)]

    with pytest.raises(GatewayUnknownError):
        await planned_gateway.open_charge(charge)


async def test_repeating_snap_before_a_method_is_chosen_gives_a_new_token(
    gateway: MidtransGateway, snap_charge: Charge
) -> None:
    first = await gateway.open_charge(snap_charge)

    again = await gateway.open_charge(replace(snap_charge, idempotency_key="later"))

    assert again.instructions is not None
    assert first.instructions is not None
    assert again.instructions.token != first.instructions.token


@pytest.mark.parametrize("snap_duplicate_status", [400, 406])
async def test_repeating_snap_after_payment_began_reports_the_transaction(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_charge: Charge,
    snap_duplicate_status: int,
) -> None:
    simulator.control("PUT", "/behaviour", {"snap_duplicate_status": snap_duplicate_status})
    await gateway.open_charge(snap_charge)
    simulator.happen(snap_charge.gateway_order_id, "pay", method="bca_va")

    again = await gateway.open_charge(replace(snap_charge, idempotency_key="later"))

    assert again.instructions is None
    assert again.report is not None
    assert again.report.status is AttemptStatus.PAID
