"""Whoever counts hears of every operation at the gateway, and what came of it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from adapters.midtrans.gateway import MidtransGateway
from adapters.midtrans.options import MidtransOptions
from payments.errors import PaymentError
from payments.gateway import AttemptRef, Charge
from tests.adapters.midtrans.planned_server import Planned, PlannedServer

Heard = list[tuple[str, str, timedelta]]
UNKNOWN = Planned(body='{"status_code": "404", "status_message": "none"}')
REFUSED = Planned(body='{"status_code": "402", "status_message": "not activated"}')


@pytest.fixture
def heard() -> Heard:
    return []


@pytest.fixture
def gateway(planned_options: MidtransOptions, heard: Heard) -> Iterator[MidtransGateway]:
    gateway = MidtransGateway(planned_options, lambda *told: heard.append(told))
    yield gateway
    gateway.shut_down()


async def test_an_answer_is_ok_also_when_it_is_that_there_is_nothing(
    gateway: MidtransGateway, server: PlannedServer, attempt: AttemptRef, heard: Heard
) -> None:
    server.plan = [UNKNOWN]

    await gateway.ask(attempt)

    [(operation, outcome, took)] = heard
    assert (operation, outcome) == ("ask", "ok")
    assert took > timedelta(0)


async def test_a_refusal_is_told_by_its_code(
    gateway: MidtransGateway, server: PlannedServer, charge: Charge, heard: Heard
) -> None:
    server.plan = [REFUSED]

    with pytest.raises(PaymentError):
        await gateway.open_charge(charge)

    assert [told[:2] for told in heard] == [("open_charge", "gateway_refused")]


async def test_a_gateway_that_is_away_is_told_by_its_code(
    options: MidtransOptions, attempt: AttemptRef, heard: Heard
) -> None:
    gateway = MidtransGateway(options, lambda *told: heard.append(told))

    with pytest.raises(PaymentError):
        await gateway.ask(attempt)
    gateway.shut_down()

    assert [told[:2] for told in heard] == [("ask", "gateway_unreachable")]
