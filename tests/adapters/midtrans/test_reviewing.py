"""Deciding a payment in review, against the simulator and against answers it would not give."""

from dataclasses import replace

import pytest

from adapters.midtrans.gateway import MidtransGateway
from payments.errors import GatewayRefusedError, GatewayUnknownError
from payments.gateway import AttemptRef, Charge, ReviewDecision
from payments.methods import PaymentMethod
from payments.status import AttemptStatus
from tests.adapters.midtrans.planned_server import Manner, Planned, PlannedServer
from tests.adapters.midtrans.simulator_process import SimulatorProcess


@pytest.fixture
async def challenged(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_charge: Charge,
    snap_attempt: AttemptRef,
) -> AttemptRef:
    """A card payment in review."""
    await gateway.open_charge(replace(snap_charge, method=PaymentMethod.CREDIT_CARD))
    simulator.happen(snap_charge.gateway_order_id, "challenge")
    transaction_id = str(simulator.transactions()[0]["transaction_id"])
    return replace(snap_attempt, transaction_id=transaction_id)


@pytest.mark.parametrize("is_heard_of", [True, False])
@pytest.mark.parametrize(
    ("decision", "status"),
    [
        (ReviewDecision.APPROVE, AttemptStatus.PAID),
        (ReviewDecision.DENY, AttemptStatus.DENIED),
    ],
)
async def test_a_decision_ends_the_review(
    gateway: MidtransGateway,
    challenged: AttemptRef,
    decision: ReviewDecision,
    status: AttemptStatus,
    *,
    is_heard_of: bool,
) -> None:
    attempt = challenged if is_heard_of else replace(challenged, transaction_id=None)

    await gateway.decide_review(attempt, decision)

    report = await gateway.ask(attempt)
    assert report is not None
    assert report.status is status


@pytest.mark.parametrize("http_status_codes", [True, False])
async def test_the_first_decision_stands(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    challenged: AttemptRef,
    *,
    http_status_codes: bool,
) -> None:
    simulator.control("PUT", "/behaviour", {"http_status_codes": http_status_codes})
    await gateway.decide_review(challenged, ReviewDecision.APPROVE)

    await gateway.decide_review(challenged, ReviewDecision.DENY)

    report = await gateway.ask(challenged)
    assert report is not None
    assert report.status is AttemptStatus.PAID


async def test_deciding_what_is_not_there_changes_nothing(
    gateway: MidtransGateway, simulator: SimulatorProcess, attempt: AttemptRef
) -> None:
    await gateway.decide_review(attempt, ReviewDecision.APPROVE)

    assert simulator.transactions() == []


@pytest.mark.parametrize("transaction_id", ["A1/2 x", None])
@pytest.mark.parametrize("decision", ReviewDecision)
async def test_the_transaction_is_named_by_its_own_id_where_one_is_known(
    planned_gateway: MidtransGateway,
    server: PlannedServer,
    attempt: AttemptRef,
    decision: ReviewDecision,
    transaction_id: str | None,
) -> None:
    server.plan = [Planned(body='{"status_code": "200"}')]

    await planned_gateway.decide_review(replace(attempt, transaction_id=transaction_id), decision)

    named = "A1%2F2%20x" if transaction_id else attempt.gateway_order_id
    assert [(received.method, received.path) for received in server.received] == [
        ("POST", f"/v2/{named}/{decision}")
    ]


@pytest.mark.parametrize(
    ("planned", "error"),
    [
        pytest.param(
            Planned(body='{"status_code": "401"}'), GatewayRefusedError, id="the key is not known"
        ),
        pytest.param(
            Planned(status=404, body='{"error_messages": ["no such path"]}'),
            GatewayRefusedError,
            id="a 404 of something else",
        ),
        pytest.param(Planned(body='{"status_code": "503"}'), GatewayUnknownError, id="503"),
        pytest.param(Planned(manner=Manner.DROP), GatewayUnknownError, id="no answer"),
        pytest.param(Planned(manner=Manner.HOLD), GatewayUnknownError, id="too late an answer"),
    ],
)
async def test_a_decision_that_may_not_have_been_taken_is_an_error(
    planned_gateway: MidtransGateway,
    server: PlannedServer,
    attempt: AttemptRef,
    planned: Planned,
    error: type[Exception],
) -> None:
    server.plan = [planned]

    with pytest.raises(error):
        await planned_gateway.decide_review(attempt, ReviewDecision.APPROVE)

    assert len(server.received) == 1
