"""DANA, whose transactions answer to their own ids alone (fact sheet §5)."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from adapters.midtrans.gateway import MidtransGateway
from payments.errors import GatewayUnknownError
from payments.gateway import AttemptRef, Charge, Mismatch, StatusReport, mismatches
from payments.methods import PaymentMethod
from payments.status import AttemptStatus
from tests.adapters.midtrans.planned_server import Planned, PlannedServer
from tests.adapters.midtrans.simulator_process import MERCHANT_ID, SimulatorProcess

IN_PROGRESS = Planned(status=400, body='{"error_messages": ["Transaction is on progress"]}')
ABSENT = Planned(body='{"status_code": "404"}')
NOT_PERMITTED = Planned(body='{"status_code": "412"}')

FoundWith = Callable[[dict[str, object]], Awaitable[StatusReport | None]]


@dataclass(frozen=True, slots=True)
class DanaPayment:
    attempt: AttemptRef
    token: str


@pytest.fixture
async def dana(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_charge: Charge,
    snap_attempt: AttemptRef,
) -> DanaPayment:
    """A pending transaction that a notification has told of."""
    opened = await gateway.open_charge(replace(snap_charge, method=PaymentMethod.DANA))
    shown = opened.instructions
    assert shown is not None
    assert shown.token is not None
    assert shown.redirect_url is not None
    simulator.choose(shown.redirect_url, "dana")
    transaction_id = str(simulator.transactions()[0]["transaction_id"])
    return DanaPayment(replace(snap_attempt, transaction_id=transaction_id), shown.token)


@pytest.fixture
def heard_of(snap_attempt: AttemptRef) -> AttemptRef:
    """The attempt of the scripted answers."""
    return replace(snap_attempt, transaction_id="T-1")


@pytest.fixture
def found_with(
    planned_gateway: MidtransGateway,
    server: PlannedServer,
    heard_of: AttemptRef,
    pending: dict[str, object],
) -> FoundWith:
    """Ask for what is found by transaction id alone, and differs like this from the charge."""

    def ask(change: dict[str, object]) -> Awaitable[StatusReport | None]:
        server.plan = [ABSENT, Planned(body=json.dumps(pending | change))]
        return planned_gateway.ask(heard_of)

    return ask


async def test_a_dana_payment_is_found_by_its_transaction_id(
    gateway: MidtransGateway, simulator: SimulatorProcess, snap_charge: Charge, dana: DanaPayment
) -> None:
    simulator.happen(snap_charge.gateway_order_id, "pay")

    report = await gateway.ask(dana.attempt)

    assert report is not None
    assert (report.status, report.method) == (AttemptStatus.PAID, PaymentMethod.DANA)
    assert mismatches(snap_charge, MERCHANT_ID, report) == ()
    assert await gateway.ask(replace(dana.attempt, transaction_id=None)) is None


async def test_a_dana_payment_is_closed_by_its_transaction_id(
    gateway: MidtransGateway, simulator: SimulatorProcess, dana: DanaPayment
) -> None:
    assert await gateway.close(dana.attempt, dana.token)
    assert await gateway.close(dana.attempt, dana.token)

    report = await gateway.ask(dana.attempt)
    assert report is not None
    assert report.status is AttemptStatus.CANCELLED
    listed = simulator.control("GET", "/snap-sessions")
    assert isinstance(listed, dict)
    assert [each["open"] for each in listed["sessions"]] == [False]


async def test_a_dana_payment_that_was_paid_meanwhile_is_final(
    gateway: MidtransGateway, simulator: SimulatorProcess, dana: DanaPayment
) -> None:
    simulator.happen(dana.attempt.gateway_order_id, "pay")

    assert await gateway.close(dana.attempt, dana.token)

    assert [each["transaction_status"] for each in simulator.transactions()] == ["settlement"]


@pytest.mark.parametrize("refusal", [NOT_PERMITTED, ABSENT])
async def test_a_dana_payment_that_cannot_be_cancelled_is_open(
    planned_gateway: MidtransGateway,
    server: PlannedServer,
    heard_of: AttemptRef,
    pending: dict[str, object],
    refusal: Planned,
) -> None:
    server.plan = [IN_PROGRESS, ABSENT, Planned(body=json.dumps(pending)), refusal]

    assert not await planned_gateway.close(heard_of, "a-token")

    gateway_order_id = heard_of.gateway_order_id
    assert [received.path for received in server.received] == [
        "/snap/v1/transactions/a-token/cancel",
        f"/v2/{gateway_order_id}/expire",
        "/v2/T-1/status",
        "/v2/T-1/cancel",
    ]


async def test_a_cancel_whose_outcome_is_unknown_is_not_taken_for_closed(
    gateway: MidtransGateway, simulator: SimulatorProcess, dana: DanaPayment
) -> None:
    simulator.fail("cancel", "html:502")

    with pytest.raises(GatewayUnknownError):
        await gateway.close(dana.attempt, dana.token)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param({"order_id": "T-1"}, (), id="the transaction id in its place"),
        pytest.param({"order_id": None}, (), id="no order id"),
        pytest.param({"order_id": "T-1", "custom_field1": None}, (), id="nor a nonce"),
        pytest.param(
            {"order_id": "T-1", "custom_field1": "another"}, (Mismatch.NONCE,), id="another nonce"
        ),
        pytest.param({"order_id": "SKT-9~1"}, (Mismatch.GATEWAY_ORDER_ID,), id="another order"),
        pytest.param(
            {"order_id": "T-1", "merchant_id": "G9"}, (Mismatch.MERCHANT,), id="another merchant"
        ),
        pytest.param(
            {"order_id": "T-1", "gross_amount": "1.00"}, (Mismatch.AMOUNT,), id="another amount"
        ),
    ],
)
async def test_what_is_found_by_transaction_id_must_still_be_ours(
    found_with: FoundWith,
    charge: Charge,
    change: dict[str, object],
    found: tuple[Mismatch, ...],
) -> None:
    report = await found_with(change)

    assert report is not None
    assert mismatches(charge, MERCHANT_ID, report) == found
