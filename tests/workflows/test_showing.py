"""What the Web UI shows of a run, on a real Temporal server."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowUpdateFailedError

from payments.alerts import AlertCode
from payments.cases import Resolution
from payments.errors import GatewayRefusedError, GatewayUnknownError
from payments.gateway import ReviewDecision
from payments.invoice import WIB
from payments.methods import PaymentMethod
from payments.status import AttemptStatus, PaymentStatus
from tests.workflows.conftest import PATIENCE, House, HouseFactory, until
from tests.workflows.memory import MemoryGateway, status_of
from tests.workflows.samples import notice, request
from workflows.messages import RequestRefund, ResolveCase, ResolveReview
from workflows.names import ATTENTION, METHOD, STATUS
from workflows.payment import PaymentWorkflow

pytestmark = pytest.mark.temporal

UNPAID = {"PaymentStatus": "awaiting_payment", "PaymentMethod": "bca_va"}


async def attributes(house: House, order_id: str) -> dict[str, str]:
    described = await house.handle(order_id).describe()
    held = {key.name: described.typed_search_attributes.get(key) for key in SHOWN}
    return {name: value for name, value in held.items() if value is not None}


SHOWN = (STATUS, METHOD, ATTENTION)


async def metadata(house: House, order_id: str) -> WorkflowMetadata:
    """What the Web UI asks for."""
    answer = await house.handle(order_id).query(
        "__temporal_workflow_metadata", result_type=WorkflowMetadata
    )
    assert isinstance(answer, WorkflowMetadata)
    return answer


async def details(house: House, order_id: str) -> str:
    return (await metadata(house, order_id)).current_details


async def details_when(house: House, order_id: str, fits: Callable[[str], bool]) -> str:
    async with asyncio.timeout(PATIENCE):
        while not fits(shown := await details(house, order_id)):
            await asyncio.sleep(0.02)
    return shown


async def attributes_when(house: House, order_id: str, **wanted: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while wanted.items() - (await attributes(house, order_id)).items():
            await asyncio.sleep(0.02)


async def bring_about_a_mismatch(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    house.gateway.reports_amount_of(f"{order_id}~1", request(order_id, price=20_000))
    house.gateway.pay(f"{order_id}~1")
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    await until(lambda: bool(house.records.codes(order_id)))


async def test_a_waiting_payment_says_for_what_until_when_and_what_midtrans_has_said(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.checkout(order_id)

    await house.notify(order_id, notice(order_id, AttemptStatus.PENDING))
    shown = await details_when(house, order_id, lambda text: "notification" in text)

    (attempt,) = house.records.payments[order_id].attempts
    until_when = f"{attempt.expires_at.astimezone(WIB):%H:%M} WIB"
    assert "**Waiting for the customer to pay by BCA Virtual Account** until" in shown
    assert until_when in shown
    assert "Midtrans' last news, when asked, came at" in shown
    assert "`pending` (attempt 1)" in shown
    assert await attributes(house, order_id) == UNPAID


async def test_an_attempt_that_is_still_being_opened_is_seen(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house(MemoryGateway(opens_with=[GatewayUnknownError("no answer")] * 3))

    opening = asyncio.create_task(house.checkout(order_id))
    await until(lambda: house.gateway.opened[f"{order_id}~1"] > 0)

    assert (await attributes(house, order_id))["PaymentStatus"] == "preparing"
    assert "Opening the transaction at Midtrans" in await details(house, order_id)
    await opening


async def test_a_case_is_shown_with_the_update_that_closes_it(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house(another_method=1)
    await bring_about_a_mismatch(house, order_id)

    shown = await details_when(house, order_id, lambda text: "case 1" in text)

    assert "**A human is needed, case 1 (mismatch): " in shown
    assert '`resolve_case` with `{"actor": "YOUR-NAME", "reason": "WHY", "case_id": 1, ' in shown
    await attributes_when(
        house, order_id, PaymentStatus="checking", PaymentAttention=AlertCode.MISMATCH
    )


async def test_nothing_needs_attention_any_more_once_a_run_has_ended(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house(another_method=1)
    await bring_about_a_mismatch(house, order_id)
    await attributes_when(house, order_id, PaymentAttention=AlertCode.MISMATCH)

    decided = ResolveCase(actor="ani", reason="x", case_id=1, resolution=Resolution.REJECTED)
    await house.decide(order_id, decided)
    await house.handle(order_id).result()

    assert await attributes(house, order_id) == UNPAID | {"PaymentStatus": "failed"}


async def test_a_review_is_shown_with_the_update_that_decides_it(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.checkout(order_id)
    house.gateway.held[f"{order_id}~1"] = AttemptStatus.IN_REVIEW
    await house.notify(order_id, notice(order_id, AttemptStatus.IN_REVIEW))
    await until(lambda: status_of(house.records, order_id) is PaymentStatus.IN_REVIEW)

    shown = await details_when(house, order_id, lambda text: "review" in text)

    assert "send the update `resolve_review` with" in shown
    assert await attributes(house, order_id) == UNPAID | {"PaymentStatus": "in_review"}


async def test_what_a_run_is_stuck_with_is_shown_with_the_update_that_helps(
    open_house: HouseFactory, order_id: str
) -> None:
    gateway = RefusingGateway()
    house = await open_house(gateway, first_ask=0.1)
    await house.checkout(order_id)

    shown = await details_when(house, order_id, lambda text: "Stuck" in text)

    assert "**Stuck (gateway_refuses): Midtrans refuses our requests" in shown
    assert "send the update `retry_now` with" in shown
    await attributes_when(house, order_id, PaymentAttention=AlertCode.GATEWAY_REFUSES)


async def test_a_refund_shows_what_it_waits_for(open_house: HouseFactory, order_id: str) -> None:
    house = await open_house()
    await house.pay(order_id, PaymentMethod.QRIS)
    wish = RequestRefund(actor="ani", reason="x", refund_key="R-1")

    await house.refund(order_id, wish)
    shown = await details_when(house, order_id, lambda text: "accepted" in text)

    assert "**Paid (dibayar)**" in shown or "**Refunded**" in shown
    assert "refund `R-1`: Midtrans has accepted it, the bank's word is awaited" in shown
    house.gateway.confirm_refunds(datetime.now(UTC))
    await house.notify(order_id, notice(order_id, AttemptStatus.REFUNDED))
    await house.handle(order_id).result()


async def test_a_manual_refund_says_that_it_takes_two_people(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.pay(order_id, PaymentMethod.BCA_VA)

    await house.refund(order_id, RequestRefund(actor="ani", reason="x", refund_key="R-1"))
    shown = await details_when(house, order_id, lambda text: "case 1" in text)

    assert "It takes two people whose names are verified" in shown
    assert "refund `R-1`: waits for somebody to transfer it" in shown


async def test_an_order_that_is_not_stored_is_called_so(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()

    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    await house.handle(order_id).result()

    assert await details(house, order_id) == "**No such order is stored.**\n"


async def test_a_database_that_is_away_is_seen_before_the_order_was_read(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    house.records.break_down()

    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    shown = await details_when(house, order_id, bool)

    assert shown.startswith("**Reading the order from the database.**")
    house.records.recover()


async def test_every_update_says_what_it_wants(open_house: HouseFactory, order_id: str) -> None:
    house = await open_house()
    await house.checkout(order_id)

    updates = (await metadata(house, order_id)).definition.update_definitions

    wants = {update.name: update.description for update in updates}
    for_operators = {"cancel", "request_refund", "resolve_review", "resolve_case", "retry_now"}
    assert for_operators < set(wants)
    assert all('{"actor": "YOUR-NAME", "reason": "WHY"' in wants[name] for name in for_operators)
    assert all(wants.values())


@pytest.mark.parametrize("actor", ["", "cli:citra"])
async def test_nobody_passes_for_one_of_our_processes(
    open_house: HouseFactory, order_id: str, actor: str
) -> None:
    house = await open_house()
    await house.checkout(order_id)
    message = ResolveReview(
        actor=f"unverified:{actor}", reason="x", decision=ReviewDecision.APPROVE
    )

    with pytest.raises(WorkflowUpdateFailedError) as refusal:
        await house.handle(order_id).execute_update(PaymentWorkflow.resolve_review, message)

    assert "actor: your name, 1 to 40 of" in str(refusal.value.cause)


class RefusingGateway(MemoryGateway):
    """Opens a charge, and then does not know our key any more."""

    async def ask(self, attempt: object) -> None:
        raise GatewayRefusedError("401", "wrong key")
