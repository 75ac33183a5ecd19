"""Asking for the status, against the simulator and against answers it would not give."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.midtrans.client import MidtransClient
from adapters.midtrans.gateway import MidtransGateway
from adapters.midtrans.options import MidtransOptions
from adapters.midtrans.transport import Deadline
from payments.errors import GatewayRefusedError, GatewayUnknownError, GatewayUnreachableError
from payments.gateway import AttemptRef, Charge, mismatches
from payments.methods import PaymentMethod
from payments.status import AttemptStatus
from tests.adapters.midtrans.planned_server import Manner, Planned, PlannedServer
from tests.adapters.midtrans.simulator_process import MERCHANT_ID, SimulatorProcess

ABSENT = Planned(body='{"status_code": "404", "status_message": "Transaction doesn\'t exist."}')


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


async def test_money_of_an_earlier_transaction_is_not_hidden_by_the_latest(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_charge: Charge,
    snap_attempt: AttemptRef,
) -> None:
    opened = await gateway.open_charge(replace(snap_charge, method=PaymentMethod.ANY))
    assert opened.instructions is not None
    assert opened.instructions.redirect_url is not None
    simulator.choose(opened.instructions.redirect_url, "bca_va")
    simulator.choose(opened.instructions.redirect_url, "bni_va")
    earlier = str(simulator.transactions()[0]["transaction_id"])
    simulator.happen(snap_charge.gateway_order_id, "pay", transaction_id=earlier)

    report = await gateway.ask(replace(snap_attempt, transaction_id=earlier))

    assert report is not None
    assert (report.transaction_id, report.status) == (earlier, AttemptStatus.PAID)
    assert mismatches(snap_charge, MERCHANT_ID, report) == ()


@pytest.mark.parametrize(
    ("words", "reported"),
    [
        pytest.param(("pending", "settlement"), "T-known", id="money in the known one"),
        pytest.param(("deny", "pending"), "T-known", id="only the known one is open"),
        pytest.param(("pending", "deny"), "T-latest", id="only the latest is open"),
        pytest.param(("pending", "pending"), "T-latest", id="both are open"),
        pytest.param((None, "pending"), "T-known", id="known by its own id alone"),
        pytest.param(("pending", None), "T-latest", id="the known one is gone"),
        pytest.param((None, None), None, id="neither is there"),
    ],
)
async def test_of_two_transactions_the_stronger_is_reported(
    planned_gateway: MidtransGateway,
    server: PlannedServer,
    attempt: AttemptRef,
    pending: dict[str, object],
    words: tuple[str | None, str | None],
    reported: str | None,
) -> None:
    server.plan = [
        Planned(body=json.dumps(pending | {"transaction_id": each, "transaction_status": word}))
        if word
        else ABSENT
        for each, word in zip(("T-latest", "T-known"), words, strict=True)
    ]

    report = await planned_gateway.ask(replace(attempt, transaction_id="T-known"))

    assert (report and report.transaction_id) == reported
    assert [received.path for received in server.received] == [
        f"/v2/{attempt.gateway_order_id}/status",
        "/v2/T-known/status",
    ]


@pytest.mark.parametrize(
    ("known_id", "word"),
    [
        pytest.param("T-1", "pending", id="the latest is the known one"),
        pytest.param("T-0", "settlement", id="the latest brings money"),
        pytest.param("T-0", "refund", id="the latest brought money"),
    ],
)
async def test_one_answer_is_enough_when_it_settles_the_question(
    planned_gateway: MidtransGateway,
    server: PlannedServer,
    attempt: AttemptRef,
    pending: dict[str, object],
    known_id: str,
    word: str,
) -> None:
    server.plan = [Planned(body=json.dumps(pending | {"transaction_status": word}))]

    report = await planned_gateway.ask(replace(attempt, transaction_id=known_id))

    assert report is not None
    assert report.transaction_id == "T-1"
    assert len(server.received) == 1


async def test_asking_about_one_transaction_tells_of_no_other(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_charge: Charge,
    snap_attempt: AttemptRef,
) -> None:
    opened = await gateway.open_charge(replace(snap_charge, method=PaymentMethod.ANY))
    assert opened.instructions is not None
    assert opened.instructions.redirect_url is not None
    simulator.choose(opened.instructions.redirect_url, "bca_va")
    simulator.choose(opened.instructions.redirect_url, "bni_va")
    waiting, paid = (str(each["transaction_id"]) for each in simulator.transactions())
    simulator.happen(snap_charge.gateway_order_id, "pay", transaction_id=paid)

    for transaction_id, status in ((waiting, AttemptStatus.PENDING), (paid, AttemptStatus.PAID)):
        report = await gateway.ask_about(snap_attempt, transaction_id)
        assert report is not None
        assert (report.transaction_id, report.status) == (transaction_id, status)
        assert mismatches(snap_charge, MERCHANT_ID, report) == ()


async def test_asking_about_a_transaction_that_is_not_there_is_none(
    gateway: MidtransGateway, charge: Charge, attempt: AttemptRef
) -> None:
    await gateway.open_charge(charge)

    assert await gateway.ask_about(attempt, "T-1") is None


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ({"pay": {}, "chargeback": {}}, (AttemptStatus.CHARGED_BACK, False)),
        ({"pay": {}, "chargeback": {"amount": 1_000}}, (AttemptStatus.CHARGED_BACK, True)),
        ({"pay": {}, "reverse": {}}, (AttemptStatus.DENIED, False)),
    ],
)
async def test_asking_tells_what_became_of_money(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    charge: Charge,
    attempt: AttemptRef,
    events: dict[str, dict[str, object]],
    told: tuple[AttemptStatus, bool],
) -> None:
    await gateway.open_charge(charge)
    for event, details in events.items():
        simulator.happen(charge.gateway_order_id, event, **details)

    report = await gateway.ask(attempt)

    assert report is not None
    assert (report.status, report.is_partial) == told


async def test_a_second_look_up_that_fails_is_not_taken_for_absence(
    planned_gateway: MidtransGateway, server: PlannedServer, attempt: AttemptRef
) -> None:
    server.plan = [ABSENT, Planned(manner=Manner.DROP)]

    with pytest.raises(GatewayUnknownError):
        await planned_gateway.ask(replace(attempt, transaction_id="T-1"))


async def test_a_404_of_something_else_does_not_mean_absence(
    planned_gateway: MidtransGateway, server: PlannedServer, attempt: AttemptRef
) -> None:
    server.plan = [Planned(status=404, body='{"error_messages": ["no such path"]}')]

    with pytest.raises(GatewayRefusedError):
        await planned_gateway.ask(attempt)


def test_a_call_that_waited_until_its_time_was_over_sends_nothing(
    planned_options: MidtransOptions, server: PlannedServer, attempt: AttemptRef
) -> None:
    client = MidtransClient(planned_options)

    with pytest.raises(GatewayUnreachableError):
        client.status(attempt.gateway_order_id, Deadline.after(timedelta(0)))

    assert server.received == []
    client.close()
