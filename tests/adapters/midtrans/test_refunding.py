"""Giving money back, against the simulator and against answers it would not give."""

import json
from dataclasses import replace

import pytest

from adapters.midtrans.gateway import MidtransGateway
from adapters.midtrans.refunds import REASON_LENGTH_MAX, RefundAnswer, RefundRequest, RefundStatus
from payments.errors import GatewayBusyError, GatewayRefusedError, GatewayUnknownError
from payments.gateway import AttemptRef, Charge
from payments.methods import PaymentMethod
from payments.money import Currency, Money
from payments.status import AttemptStatus
from tests.adapters.midtrans.planned_server import Manner, Planned, PlannedServer
from tests.adapters.midtrans.simulator_process import SimulatorProcess

ZERO = Money.zero(Currency.IDR)


@pytest.fixture
def wanted(charge: Charge) -> RefundRequest:
    """A part of the order's 350,000 rupiah."""
    return RefundRequest(
        gateway_order_id=charge.gateway_order_id,
        transaction_id="T-1",
        refund_key="SKT-1001-r1",
        amount=Money(100_000, Currency.IDR),
        reason="the deck was broken",
    )


@pytest.fixture
async def paid(
    gateway: MidtransGateway, simulator: SimulatorProcess, charge: Charge, wanted: RefundRequest
) -> RefundRequest:
    """The wish, of a QRIS payment that was paid."""
    opened = await gateway.open_charge(replace(charge, method=PaymentMethod.QRIS))
    assert opened.report is not None
    simulator.happen(charge.gateway_order_id, "pay")
    return replace(wanted, transaction_id=opened.report.transaction_id)


@pytest.fixture
def accepted(wanted: RefundRequest) -> RefundAnswer:
    return RefundAnswer(
        status=RefundStatus.ACCEPTED, refund_key=wanted.refund_key, amount=wanted.amount
    )


@pytest.fixture
def approved(wanted: RefundRequest) -> dict[str, object]:
    """Midtrans' answer to a refund it took."""
    return {
        "status_code": "200",
        "transaction_status": "partial_refund",
        "refund_amount": "100000.00",
        "refund_key": wanted.refund_key,
    }


@pytest.mark.parametrize("is_heard_of", [True, False])
async def test_a_part_is_given_back(
    gateway: MidtransGateway,
    attempt: AttemptRef,
    paid: RefundRequest,
    accepted: RefundAnswer,
    *,
    is_heard_of: bool,
) -> None:
    wanted = paid if is_heard_of else replace(paid, transaction_id=None)

    assert await gateway.refund(wanted) == accepted

    report = await gateway.ask(attempt)
    assert report is not None
    assert report.status is AttemptStatus.PARTIALLY_REFUNDED


async def test_the_rest_is_given_back_under_another_key(
    gateway: MidtransGateway, attempt: AttemptRef, paid: RefundRequest
) -> None:
    rest = replace(paid, refund_key="SKT-1001-r2", amount=Money(250_000, Currency.IDR))

    await gateway.refund(paid)
    answer = await gateway.refund(rest)

    assert (answer.refund_key, answer.amount) == (rest.refund_key, rest.amount)
    report = await gateway.ask(attempt)
    assert report is not None
    assert report.status is AttemptStatus.REFUNDED


@pytest.mark.parametrize("http_status_codes", [True, False])
@pytest.mark.parametrize("answers_again", [True, False])
async def test_a_repeated_refund_gives_back_once(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    paid: RefundRequest,
    accepted: RefundAnswer,
    *,
    http_status_codes: bool,
    answers_again: bool,
) -> None:
    knobs: dict[str, object] = {
        "http_status_codes": http_status_codes,
        "repeated_refund_key_answers_again": answers_again,
    }
    simulator.control("PUT", "/behaviour", knobs)
    await gateway.refund(paid)
    await gateway.refund(replace(paid, refund_key="SKT-1001-r2", amount=Money(1, Currency.IDR)))

    assert await gateway.refund(paid) == accepted

    unconfirmed = simulator.transactions()[0]["refunds_unconfirmed"]
    assert unconfirmed == [paid.refund_key, "SKT-1001-r2"]


async def test_a_dana_payment_is_given_back(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    snap_charge: Charge,
    wanted: RefundRequest,
    accepted: RefundAnswer,
) -> None:
    await gateway.open_charge(replace(snap_charge, method=PaymentMethod.DANA))
    simulator.happen(snap_charge.gateway_order_id, "pay")
    transaction_id = str(simulator.transactions()[0]["transaction_id"])
    dana = replace(wanted, transaction_id=transaction_id)

    assert await gateway.refund(dana) == accepted
    assert await gateway.refund(dana) == accepted


async def test_a_bank_that_denies_a_refund_leaves_the_payment_paid(
    gateway: MidtransGateway, simulator: SimulatorProcess, attempt: AttemptRef, paid: RefundRequest
) -> None:
    simulator.fail("refund", "deny")

    answer = await gateway.refund(paid)

    assert answer == RefundAnswer(
        status=RefundStatus.REFUSED, refund_key=paid.refund_key, amount=ZERO
    )
    report = await gateway.ask(attempt)
    assert report is not None
    assert report.status is AttemptStatus.PAID


@pytest.mark.parametrize("http_status_codes", [True, False])
async def test_more_than_was_paid_is_refused(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    paid: RefundRequest,
    *,
    http_status_codes: bool,
) -> None:
    simulator.control("PUT", "/behaviour", {"http_status_codes": http_status_codes})

    with pytest.raises(GatewayRefusedError) as raised:
        await gateway.refund(replace(paid, amount=Money(350_001, Currency.IDR)))

    assert raised.value.gateway_code == "414"
    assert "the amount cannot be refunded" in str(raised.value)


async def test_a_method_without_refunds_is_refused(
    gateway: MidtransGateway, simulator: SimulatorProcess, charge: Charge, wanted: RefundRequest
) -> None:
    await gateway.open_charge(charge)
    simulator.happen(charge.gateway_order_id, "pay")

    with pytest.raises(GatewayRefusedError) as raised:
        await gateway.refund(replace(wanted, transaction_id=None))

    assert raised.value.gateway_code == "412"


async def test_what_does_not_exist_is_refused(
    gateway: MidtransGateway, wanted: RefundRequest
) -> None:
    with pytest.raises(GatewayRefusedError) as raised:
        await gateway.refund(wanted)

    assert raised.value.gateway_code == "404"


async def test_the_whole_wish_is_sent(
    planned_gateway: MidtransGateway,
    server: PlannedServer,
    wanted: RefundRequest,
    approved: dict[str, object],
) -> None:
    server.plan = [Planned(body=json.dumps(approved))]

    await planned_gateway.refund(replace(wanted, transaction_id="A1/2 x", reason="x" * 300))

    [received] = server.received
    assert (received.method, received.path) == ("POST", "/v2/A1%2F2%20x/refund")
    assert json.loads(received.body) == {
        "refund_key": wanted.refund_key,
        "amount": 100_000,
        "reason": "x" * REASON_LENGTH_MAX,
    }


async def test_a_refund_that_waits_at_the_acquirer_is_accepted(
    planned_gateway: MidtransGateway,
    server: PlannedServer,
    wanted: RefundRequest,
    approved: dict[str, object],
    accepted: RefundAnswer,
) -> None:
    server.plan = [Planned(body=json.dumps(approved | {"status_code": "201"}))]

    assert await planned_gateway.refund(wanted) == accepted


async def test_of_a_sum_of_refunds_the_one_that_was_asked_for_is_told(
    planned_gateway: MidtransGateway,
    server: PlannedServer,
    wanted: RefundRequest,
    approved: dict[str, object],
    accepted: RefundAnswer,
) -> None:
    refunds = [
        {"refund_key": "another", "refund_amount": "200000.00"},
        {"refund_key": wanted.refund_key, "refund_amount": "100000.00"},
    ]
    server.plan = [
        Planned(body=json.dumps(approved | {"refund_amount": "300000.00"})),
        Planned(body=json.dumps({"status_code": "200", "refunds": refunds})),
    ]

    assert await planned_gateway.refund(wanted) == accepted


@pytest.mark.parametrize(
    "difference",
    [
        pytest.param({"refund_key": "another"}, id="another refund"),
        pytest.param({"refund_key": None}, id="no key"),
        pytest.param({"refund_amount": "much"}, id="no amount"),
        pytest.param({"status_code": "299"}, id="a code not known"),
        pytest.param({"status_code": "202", "transaction_status": "refund"}, id="contradiction"),
    ],
)
async def test_an_answer_that_says_something_else_is_unknown(
    planned_gateway: MidtransGateway,
    server: PlannedServer,
    wanted: RefundRequest,
    approved: dict[str, object],
    difference: dict[str, object],
) -> None:
    server.plan = [Planned(body=json.dumps(approved | difference))]

    with pytest.raises(GatewayUnknownError):
        await planned_gateway.refund(wanted)


@pytest.mark.parametrize(
    "looked_up",
    [
        pytest.param(Planned(body='{"status_code": "404"}'), id="no such transaction"),
        pytest.param(Planned(body='{"status_code": "200"}'), id="no refunds"),
        pytest.param(
            Planned(body='{"status_code": "200", "refunds": [{"refund_key": "another"}]}'),
            id="other refunds",
        ),
        pytest.param(Planned(manner=Manner.DROP), id="no answer"),
    ],
)
async def test_a_used_key_whose_refund_is_not_found_is_unknown(
    planned_gateway: MidtransGateway,
    server: PlannedServer,
    wanted: RefundRequest,
    looked_up: Planned,
) -> None:
    server.plan = [Planned(body='{"status_code": "406"}'), looked_up]

    with pytest.raises(GatewayUnknownError):
        await planned_gateway.refund(wanted)

    assert [received.path for received in server.received] == [
        "/v2/T-1/refund",
        "/v2/T-1/status",
    ]


@pytest.mark.parametrize(
    ("planned", "error"),
    [
        pytest.param(Planned(manner=Manner.DROP), GatewayUnknownError, id="no answer"),
        pytest.param(Planned(manner=Manner.HOLD), GatewayUnknownError, id="too late an answer"),
        pytest.param(Planned(body='{"status_code": "503"}'), GatewayUnknownError, id="503"),
        pytest.param(Planned(status=429), GatewayBusyError, id="429"),
    ],
)
async def test_a_refund_that_may_have_been_made_is_not_sent_twice(
    planned_gateway: MidtransGateway,
    server: PlannedServer,
    wanted: RefundRequest,
    planned: Planned,
    error: type[Exception],
) -> None:
    server.plan = [planned]

    with pytest.raises(error):
        await planned_gateway.refund(wanted)

    assert len(server.received) == 1


async def test_a_lost_answer_is_found_again_by_its_key(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    paid: RefundRequest,
    accepted: RefundAnswer,
) -> None:
    simulator.fail("refund", "malformed", times=1)
    with pytest.raises(GatewayUnknownError):
        await gateway.refund(paid)

    assert await gateway.refund(paid) == accepted


@pytest.mark.parametrize("refund_key", ["", "a b", "a~1", "é", "a\n"])
def test_a_key_that_midtrans_would_not_take_cannot_be_asked_for(
    wanted: RefundRequest, refund_key: str
) -> None:
    with pytest.raises(ValueError, match="refund_key"):
        replace(wanted, refund_key=refund_key)


@pytest.mark.parametrize("value", [0, -1])
def test_only_a_positive_amount_can_be_given_back(wanted: RefundRequest, value: int) -> None:
    with pytest.raises(ValueError, match="amount"):
        replace(wanted, amount=Money(value, Currency.IDR))
