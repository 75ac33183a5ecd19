"""Asking for the status, against the simulator and against answers it would not give."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from time import monotonic

import pytest

from adapters.midtrans.gateway import MidtransGateway
from adapters.midtrans.options import MidtransOptions
from payments.errors import GatewayRefusedError, GatewayUnknownError, GatewayUnreachableError
from payments.gateway import AttemptRef, Charge, mismatches
from payments.methods import PaymentMethod
from payments.status import AttemptStatus
from tests.adapters.midtrans.planned_server import Manner, Planned, PlannedServer
from tests.adapters.midtrans.simulator_process import MERCHANT_ID, SimulatorProcess


async def test_asking_tells_when_it_was_paid(
    gateway: MidtransGateway, simulator: SimulatorProcess, charge: Charge, attempt: AttemptRef
) -> None:
    await gateway.open_charge(charge)
    simulator.happen(charge.gateway_order_id, "pay")

    report = await gateway.ask(attempt)

    assert report is not None
    assert (report.status, report.settled) == (AttemptStatus.PAID, True)
    assert report.paid_at is not None
    assert abs(report.paid_at - charge.accepted_at) < timedelta(minutes=1)
    assert mismatches(charge, MERCHANT_ID, report) == ()


@pytest.mark.parametrize("http_status_codes", [True, False])
async def test_asking_for_what_does_not_exist_is_none(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    attempt: AttemptRef,
    *,
    http_status_codes: bool,
) -> None:
    simulator.control("PUT", "/behaviour", {"http_status_codes": http_status_codes})

    assert await gateway.ask(attempt) is None


async def test_asking_for_what_has_expired_is_no_error(
    gateway: MidtransGateway, simulator: SimulatorProcess, charge: Charge, attempt: AttemptRef
) -> None:
    await gateway.open_charge(charge)
    simulator.happen(charge.gateway_order_id, "expire")

    report = await gateway.ask(attempt)

    assert report is not None
    assert report.status is AttemptStatus.EXPIRED


async def test_a_challenged_card_is_in_review(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_charge: Charge,
    snap_attempt: AttemptRef,
) -> None:
    await gateway.open_charge(replace(snap_charge, method=PaymentMethod.CREDIT_CARD))
    simulator.happen(snap_charge.gateway_order_id, "challenge")

    report = await gateway.ask(snap_attempt)

    assert report is not None
    assert report.status is AttemptStatus.IN_REVIEW


async def test_a_404_of_something_else_does_not_mean_absence(
    planned_gateway: MidtransGateway, server: PlannedServer, attempt: AttemptRef
) -> None:
    server.plan = [Planned(status=404, body='{"error_messages": ["no such path"]}')]

    with pytest.raises(GatewayRefusedError):
        await planned_gateway.ask(attempt)


async def test_a_call_that_waited_too_long_for_a_thread_sends_nothing(
    planned_options: MidtransOptions, server: PlannedServer, charge: Charge, attempt: AttemptRef
) -> None:
    narrow = replace(planned_options, pool_size=1, total_timeout=timedelta(seconds=0.3))
    gateway = MidtransGateway(narrow)
    server.plan = [Planned(manner=Manner.HOLD)]
    holding = asyncio.create_task(gateway.ask(attempt))
    await asyncio.sleep(0)  # so that it takes the only thread
    began = monotonic()

    with pytest.raises(GatewayUnreachableError):
        await gateway.open_charge(charge)

    assert monotonic() - began < 2
    with pytest.raises(GatewayUnknownError):
        await holding
    assert [received.method for received in server.received] == ["GET"]
    gateway.shut_down()
