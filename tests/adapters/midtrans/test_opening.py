"""Opening a charge, against the simulator and against answers it would not give."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.midtrans.gateway import MidtransGateway
from adapters.midtrans.options import MidtransOptions
from payments.errors import (
    GatewayBusyError,
    GatewayRefusedError,
    GatewayUnknownError,
)
from payments.gateway import AttemptRef, Charge, InstructionKind, Mismatch, mismatches
from payments.methods import METHODS, Integration, PaymentMethod
from payments.money import Currency, Money
from payments.status import AttemptStatus
from tests.adapters.midtrans.planned_server import Planned, PlannedServer
from tests.adapters.midtrans.simulator_process import MERCHANT_ID, SimulatorProcess

KINDS = {
    PaymentMethod.MANDIRI_BILL: InstructionKind.BILL,
    PaymentMethod.QRIS: InstructionKind.QR,
    PaymentMethod.GOPAY: InstructionKind.DEEPLINK,
    PaymentMethod.SHOPEEPAY: InstructionKind.DEEPLINK,
    PaymentMethod.INDOMARET: InstructionKind.PAYMENT_CODE,
    PaymentMethod.ALFAMART: InstructionKind.PAYMENT_CODE,
}


@pytest.mark.parametrize(
    "method", [each for each in METHODS if Integration.CORE in METHODS[each].integrations]
)
async def test_core_opens_a_pending_transaction_with_instructions(
    gateway: MidtransGateway, charge: Charge, method: PaymentMethod
) -> None:
    opened = await gateway.open_charge(replace(charge, method=method))

    assert opened.instructions is not None
    assert opened.instructions.kind is KINDS.get(method, InstructionKind.VIRTUAL_ACCOUNT)
    assert opened.report is not None
    assert (opened.report.status, opened.report.method) == (AttemptStatus.PENDING, method)
    assert mismatches(charge, MERCHANT_ID, opened.report) == ()


@pytest.mark.parametrize("method", METHODS)
async def test_snap_opens_a_page_and_no_transaction_yet(
    gateway: MidtransGateway, snap_charge: Charge, snap_attempt: AttemptRef, method: PaymentMethod
) -> None:
    opened = await gateway.open_charge(replace(snap_charge, method=method))

    assert opened.instructions is not None
    assert opened.instructions.kind is InstructionKind.REDIRECT
    assert opened.instructions.token
    assert opened.report is None
    assert await gateway.ask(snap_attempt) is None


async def test_a_snap_request_that_breaks_a_rule_is_refused(
    gateway: MidtransGateway, snap_charge: Charge
) -> None:
    wrong = replace(snap_charge.request, amount=Money(1, Currency.IDR))

    with pytest.raises(GatewayRefusedError) as raised:
        await gateway.open_charge(replace(snap_charge, request=wrong))

    assert str(raised.value) == (
        "the gateway refused with 400: a field breaks a rule:"
        " item_details, transaction_details.gross_amount"
    )


@pytest.mark.parametrize("integration", Integration)
async def test_a_wrong_server_key_is_refused(
    options: MidtransOptions,
    simulator: SimulatorProcess,
    charge: Charge,
    integration: Integration,
) -> None:
    wrong = replace(
        options,
        server_key="SB-Mid-server-wrong",
        core_url=simulator.url,
        snap_url=f"{simulator.url}/snap/v1",
        read_timeout=timedelta(seconds=5),
    )
    gateway = MidtransGateway(wrong)

    with pytest.raises(GatewayRefusedError) as raised:
        await gateway.open_charge(replace(charge, integration=integration))

    assert raised.value.gateway_code == "401"
    gateway.shut_down()


@pytest.mark.parametrize("http_status_codes", [True, False])
async def test_a_method_not_activated_is_refused(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    charge: Charge,
    *,
    http_status_codes: bool,
) -> None:
    knobs: dict[str, object] = {
        "disabled_methods": ["bca_va"],
        "http_status_codes": http_status_codes,
    }
    simulator.control("PUT", "/behaviour", knobs)

    with pytest.raises(GatewayRefusedError) as raised:
        await gateway.open_charge(charge)

    assert raised.value.gateway_code == "402"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("status:500", GatewayUnknownError),
        ("html:502", GatewayUnknownError),
        ("malformed", GatewayUnknownError),
        ("refuse", GatewayUnknownError),
        ("429", GatewayBusyError),
    ],
)
@pytest.mark.parametrize("operation", ["charge", "snap_create"])
async def test_what_goes_wrong_at_the_gateway_says_whether_to_look(
    gateway: MidtransGateway,
    simulator: SimulatorProcess,
    charge: Charge,
    fault: str,
    error: type[Exception],
    operation: str,
) -> None:
    simulator.fail(operation, fault)
    integration = Integration.CORE if operation == "charge" else Integration.SNAP

    with pytest.raises(error):
        await gateway.open_charge(replace(charge, integration=integration))


async def test_a_charge_denied_at_once_is_reported_denied(
    planned_gateway: MidtransGateway,
    server: PlannedServer,
    charge: Charge,
    pending: dict[str, object],
) -> None:
    denied = pending | {"status_code": "202", "transaction_status": "deny", "va_numbers": []}
    server.plan = [Planned(body=json.dumps(denied))]

    opened = await planned_gateway.open_charge(charge)

    assert opened.instructions is None
    assert opened.report is not None
    assert opened.report.status is AttemptStatus.DENIED


async def test_the_answer_of_another_order_is_never_shown_to_the_customer(
    planned_gateway: MidtransGateway,
    server: PlannedServer,
    charge: Charge,
    pending: dict[str, object],
) -> None:
    # A key used twice returns the first answer, whatever the second request was (fact sheet §1.3).
    server.plan = [Planned(body=json.dumps(pending | {"order_id": "SKT-0~1"}))]

    opened = await planned_gateway.open_charge(charge)

    assert opened.instructions is None
    assert opened.report is not None
    assert Mismatch.GATEWAY_ORDER_ID in mismatches(charge, MERCHANT_ID, opened.report)


async def test_a_charge_carries_its_idempotency_key(
    planned_gateway: MidtransGateway,
    server: PlannedServer,
    charge: Charge,
    pending: dict[str, object],
) -> None:
    server.plan = [Planned(body=json.dumps(pending))]

    await planned_gateway.open_charge(charge)

    assert server.received[0].headers["Idempotency-Key"] == charge.idempotency_key


@pytest.mark.parametrize("answer", ["{}", '{"token": "t"}', '{"redirect_url": "https://m"}'])
async def test_a_snap_answer_without_token_or_address_is_unknown(
    planned_gateway: MidtransGateway, server: PlannedServer, snap_charge: Charge, answer: str
) -> None:
    server.plan = [Planned(status=201, body=answer)]

    with pytest.raises(GatewayUnknownError):
        await planned_gateway.open_charge(snap_charge)
