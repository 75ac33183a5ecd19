"""Closing an attempt: true only when nothing can be paid any more (DESIGN §3)."""

import json
from dataclasses import dataclass, replace

import pytest

from adapters.midtrans.gateway import MidtransGateway
from payments.errors import GatewayRefusedError, GatewayUnknownError
from payments.gateway import AttemptRef, Charge, ChargeOpened
from payments.methods import PaymentMethod
from payments.status import AttemptStatus
from tests.adapters.midtrans.planned_server import Planned, PlannedServer
from tests.adapters.midtrans.simulator_process import SimulatorProcess

CANCELLED = Planned(body='{"canceled_at": "2026-11-23T12:00:00.000+07:00"}')
IN_PROGRESS = Planned(status=400, body='{"error_messages": ["Transaction is on progress"]}')
EXPIRED = Planned(body='{"status_code": "407", "transaction_status": "expire"}')
ABSENT = Planned(body='{"status_code": "404"}')
NOT_PERMITTED = Planned(body='{"status_code": "412"}')


@pytest.fixture
async def opened(gateway: MidtransGateway, charge: Charge) -> ChargeOpened:
    return await gateway.open_charge(charge)


@dataclass(frozen=True, slots=True)
class Session:
    token: str
    redirect_url: str


@pytest.fixture
async def session(gateway: MidtransGateway, snap_charge: Charge) -> Session:
    """An open Snap session for any method."""
    opened = await gateway.open_charge(replace(snap_charge, method=PaymentMethod.ANY))
    shown = opened.instructions
    assert shown is not None
    assert shown.token is not None
    assert shown.redirect_url is not None
    return Session(shown.token, shown.redirect_url)


async def test_a_pending_transaction_is_expired(
    gateway: MidtransGateway, opened: ChargeOpened, attempt: AttemptRef
) -> None:
    assert opened.report is not None

    assert await gateway.close(attempt, None)

    report = await gateway.ask(attempt)
    assert report is not None
    assert report.status is AttemptStatus.EXPIRED


@pytest.mark.parametrize("http_status_codes", [True, False])
async def test_closing_twice_is_harmless(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    opened: ChargeOpened,
    attempt: AttemptRef,
    *,
    http_status_codes: bool,
) -> None:
    assert opened.report is not None
    simulator.control("PUT", "/behaviour", {"http_status_codes": http_status_codes})

    assert await gateway.close(attempt, None)
    assert await gateway.close(attempt, None)


async def test_what_never_existed_is_closed(
    gateway: MidtransGateway, attempt: AttemptRef, snap_attempt: AttemptRef
) -> None:
    assert await gateway.close(attempt, None)
    assert await gateway.close(snap_attempt, None)


async def test_what_was_paid_meanwhile_is_final(
    gateway: MidtransGateway, simulator: SimulatorProcess, charge: Charge, attempt: AttemptRef
) -> None:
    await gateway.open_charge(charge)
    simulator.happen(charge.gateway_order_id, "pay")

    assert await gateway.close(attempt, None)


async def test_a_gateway_that_refuses_to_expire_leaves_it_open(
    gateway: MidtransGateway, charge: Charge, attempt: AttemptRef
) -> None:
    await gateway.open_charge(replace(charge, method=PaymentMethod.BSI_VA))

    assert not await gateway.close(attempt, None)


async def test_an_expiry_whose_outcome_is_unknown_is_not_taken_for_closed(
    gateway: MidtransGateway, simulator: SimulatorProcess, opened: ChargeOpened, attempt: AttemptRef
) -> None:
    assert opened.report is not None
    simulator.fail("expire", "html:502")

    with pytest.raises(GatewayUnknownError):
        await gateway.close(attempt, None)


async def test_a_snap_session_is_cancelled_before_a_method_was_chosen(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_charge: Charge,
    snap_attempt: AttemptRef,
    session: Session,
) -> None:
    assert await gateway.close(snap_attempt, session.token)
    assert await gateway.close(snap_attempt, session.token)

    listed = simulator.control("GET", "/snap-sessions")
    assert isinstance(listed, dict)
    assert [(each["order_id"], each["open"]) for each in listed["sessions"]] == [
        (snap_charge.gateway_order_id, False)
    ]


async def test_a_snap_payment_in_progress_is_expired_and_its_session_cancelled(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_attempt: AttemptRef,
    session: Session,
) -> None:
    simulator.choose(session.redirect_url, "bca_va")

    assert await gateway.close(snap_attempt, session.token)

    assert [each["transaction_status"] for each in simulator.transactions()] == ["expire"]


async def test_a_snap_page_on_which_payments_were_denied_is_closed(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_attempt: AttemptRef,
    session: Session,
) -> None:
    simulator.happen(snap_attempt.gateway_order_id, "deny", method="bca_va")
    simulator.happen(snap_attempt.gateway_order_id, "deny", method="bni_va")

    assert await gateway.close(snap_attempt, session.token)


@pytest.mark.parametrize("method", ["dana", "bsi_va"])
async def test_a_snap_payment_that_cannot_be_expired_leaves_it_open(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_charge: Charge,
    snap_attempt: AttemptRef,
    method: str,
) -> None:
    opened = await gateway.open_charge(replace(snap_charge, method=PaymentMethod(method)))
    assert opened.instructions is not None
    assert opened.instructions.redirect_url is not None
    simulator.choose(opened.instructions.redirect_url, method)

    assert not await gateway.close(snap_attempt, opened.instructions.token)


async def test_a_snap_session_with_a_pending_payment_is_closed_in_three_steps(
    planned_gateway: MidtransGateway, server: PlannedServer, snap_attempt: AttemptRef
) -> None:
    server.plan = [IN_PROGRESS, EXPIRED, CANCELLED]

    assert await planned_gateway.close(snap_attempt, "a-token")

    gateway_order_id = snap_attempt.gateway_order_id
    assert [received.path for received in server.received] == [
        "/snap/v1/transactions/a-token/cancel",
        f"/v2/{gateway_order_id}/expire",
        "/snap/v1/transactions/a-token/cancel",
    ]


async def test_a_snap_session_that_stays_in_progress_is_open(
    planned_gateway: MidtransGateway, server: PlannedServer, snap_attempt: AttemptRef
) -> None:
    server.plan = [IN_PROGRESS, ABSENT, IN_PROGRESS]

    assert not await planned_gateway.close(snap_attempt, "a-token")


@pytest.mark.parametrize(
    "gone",
    [
        pytest.param(
            Planned(status=400, body='{"error_messages": ["token already canceled"]}'),
            id="already cancelled",
        ),
        pytest.param(
            Planned(status=404, body='{"error_messages": ["token not found"]}'), id="not found"
        ),
    ],
)
async def test_a_session_that_is_gone_does_not_hide_a_pending_payment(
    planned_gateway: MidtransGateway, server: PlannedServer, snap_attempt: AttemptRef, gone: Planned
) -> None:
    server.plan = [gone, EXPIRED]

    assert await planned_gateway.close(snap_attempt, "a-token")

    assert server.received[-1].path.endswith("/expire")


async def test_a_paid_snap_session_is_final(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_charge: Charge,
    snap_attempt: AttemptRef,
    session: Session,
) -> None:
    simulator.happen(snap_charge.gateway_order_id, "pay", method="gopay")

    assert await gateway.close(snap_attempt, session.token)


async def test_a_card_in_review_is_still_open(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_charge: Charge,
    snap_attempt: AttemptRef,
    session: Session,
) -> None:
    simulator.happen(snap_charge.gateway_order_id, "challenge", method="credit_card")

    assert not await gateway.close(snap_attempt, session.token)


async def test_a_refusal_of_the_key_is_no_state_of_the_session(
    planned_gateway: MidtransGateway, server: PlannedServer, snap_attempt: AttemptRef
) -> None:
    server.plan = [Planned(status=401, body='{"error_messages": ["Access denied"]}')]

    with pytest.raises(GatewayRefusedError):
        await planned_gateway.close(snap_attempt, "a-token")


async def test_a_refusal_to_expire_what_is_not_there_is_not_taken_for_closed(
    planned_gateway: MidtransGateway, server: PlannedServer, attempt: AttemptRef
) -> None:
    server.plan = [NOT_PERMITTED, ABSENT]

    with pytest.raises(GatewayUnknownError):
        await planned_gateway.close(attempt, None)


async def test_every_open_transaction_of_a_snap_page_that_we_know_is_expired(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_attempt: AttemptRef,
    session: Session,
) -> None:
    simulator.choose(session.redirect_url, "bca_va")
    simulator.choose(session.redirect_url, "bni_va")
    earlier = str(simulator.transactions()[0]["transaction_id"])

    assert await gateway.close(replace(snap_attempt, transaction_id=earlier), session.token)

    statuses = [each["transaction_status"] for each in simulator.transactions()]
    assert statuses == ["expire", "expire"]


async def test_the_transaction_that_the_order_id_meant_is_not_expired_twice(
    planned_gateway: MidtransGateway,
    server: PlannedServer,
    attempt: AttemptRef,
    pending: dict[str, object],
) -> None:
    server.plan = [Planned(body=json.dumps(pending | {"transaction_status": "expire"}))]

    assert await planned_gateway.close(replace(attempt, transaction_id="T-1"), None)

    assert len(server.received) == 1


async def test_what_is_found_by_order_id_is_never_cancelled(
    planned_gateway: MidtransGateway,
    server: PlannedServer,
    attempt: AttemptRef,
    pending: dict[str, object],
) -> None:
    still_pending = Planned(body=json.dumps(pending))
    server.plan = [NOT_PERMITTED, still_pending, NOT_PERMITTED, still_pending]

    assert not await planned_gateway.close(replace(attempt, transaction_id="T-0"), None)

    gateway_order_id = attempt.gateway_order_id
    assert [received.path for received in server.received] == [
        f"/v2/{gateway_order_id}/expire",
        f"/v2/{gateway_order_id}/status",
        "/v2/T-0/expire",
        "/v2/T-0/status",
    ]
