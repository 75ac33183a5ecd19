"""The payment's story on a real Temporal server, with stores and gateway in memory."""

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from payments.cases import CaseCode
from payments.errors import GatewayRefusedError, GatewayUnknownError
from payments.mails import Mail, MailKind
from payments.status import AttemptStatus, PaymentStatus
from tests.workflows.conftest import HouseFactory, until
from tests.workflows.memory import MemoryGateway, status_of
from tests.workflows.samples import notice, request
from workflows.messages import AwaitInstructions
from workflows.payment import PaymentWorkflow

pytestmark = pytest.mark.temporal


async def test_checkout_is_answered_with_the_charge_opened_once(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()

    outcome = await house.checkout(order_id)

    assert (outcome.applied, outcome.by_this_call) == (True, True)
    assert status_of(house.records, order_id) is PaymentStatus.AWAITING_PAYMENT
    assert house.gateway.opened[f"{order_id}~1"] == 1


async def test_the_same_request_again_opens_nothing(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.checkout(order_id, "first")

    again = await house.checkout(order_id, "second")

    assert (again.applied, again.by_this_call) == (True, False)
    assert house.gateway.opened[f"{order_id}~1"] == 1


async def test_the_same_order_with_another_amount_is_refused(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.checkout(order_id)

    with pytest.raises(WorkflowUpdateFailedError) as refusal:
        await house.client.execute_update_with_start_workflow(
            PaymentWorkflow.await_instructions,
            AwaitInstructions(request=request(order_id, price=360_000), actor="test"),
            start_workflow_operation=house.start_operation(order_id),
        )

    assert isinstance(refusal.value.cause, ApplicationError)
    assert refusal.value.cause.type == "order_conflict"


async def test_a_bad_request_is_rejected_and_its_run_closes_without_effect(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()

    with pytest.raises(WorkflowUpdateFailedError) as rejection:
        await house.client.execute_update_with_start_workflow(
            PaymentWorkflow.await_instructions,
            AwaitInstructions(request=request(order_id, price=0), actor="test"),
            start_workflow_operation=house.start_operation(order_id),
        )

    assert isinstance(rejection.value.cause, ApplicationError)
    assert rejection.value.cause.type == "invalid_request"
    assert "amount.value" in rejection.value.cause.message
    await house.handle(order_id).result()
    assert order_id not in house.records.payments


async def test_a_settlement_notice_is_confirmed_then_paid_invoiced_and_mailed_once(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.checkout(order_id)
    house.gateway.pay(f"{order_id}~1")

    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))

    assert await house.handle(order_id).result() == PaymentStatus.PAID
    assert status_of(house.records, order_id) is PaymentStatus.PAID
    assert house.records.mails[order_id] == [Mail(MailKind.RECEIPT, 1)]


async def test_a_notice_alone_never_makes_an_order_paid(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.checkout(order_id)

    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    await until(lambda: house.gateway.asked[f"{order_id}~1"] >= 1)

    assert status_of(house.records, order_id) is PaymentStatus.AWAITING_PAYMENT


async def test_without_any_notice_asking_finds_the_payment(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house(first_ask=0.5)
    await house.checkout(order_id)

    house.gateway.pay(f"{order_id}~1")

    assert await house.handle(order_id).result() == PaymentStatus.PAID


async def test_at_the_deadline_an_unpaid_attempt_is_closed_at_the_gateway_and_expires(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house(payment=1, another_method=2)
    await house.checkout(order_id)

    await until(lambda: status_of(house.records, order_id) is PaymentStatus.EXPIRED)

    assert house.gateway.closed[f"{order_id}~1"] == 1
    await until(lambda: house.records.mails.get(order_id) == [Mail(MailKind.EXPIRY, 1)])


async def test_money_that_comes_while_the_attempt_is_closed_counts(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house(MemoryGateway(pays_when_closed=True), payment=1)
    await house.checkout(order_id)

    assert await house.handle(order_id).result() == PaymentStatus.PAID


async def test_while_the_gateway_refuses_to_close_the_payment_is_being_checked(
    open_house: HouseFactory, order_id: str
) -> None:
    gateway = MemoryGateway(refuses_to_close=True)
    house = await open_house(gateway, payment=1)
    await house.checkout(order_id)
    await until(lambda: house.gateway.closed[f"{order_id}~1"] >= 1)
    assert status_of(house.records, order_id) is PaymentStatus.CHECKING

    gateway.refuses_to_close = False

    await until(lambda: status_of(house.records, order_id) is PaymentStatus.EXPIRED)


async def test_cancel_closes_the_attempt_and_answers_applied(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.checkout(order_id)

    outcome = await house.cancel(order_id)

    assert outcome.applied
    assert await house.handle(order_id).result() == PaymentStatus.CANCELLED
    assert house.gateway.closed[f"{order_id}~1"] == 1


async def test_cancel_loses_against_money_that_was_faster(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house(MemoryGateway(pays_when_closed=True))
    await house.checkout(order_id)

    outcome = await house.cancel(order_id)

    assert not outcome.applied
    assert status_of(house.records, order_id) is PaymentStatus.PAID


async def test_native_cancel_means_the_cancel_update(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.checkout(order_id)

    await house.handle(order_id).cancel()

    assert await house.handle(order_id).result() == PaymentStatus.CANCELLED
    assert house.gateway.closed[f"{order_id}~1"] == 1


async def test_after_terminate_the_next_message_resumes_from_the_database(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.checkout(order_id)
    await house.handle(order_id).terminate()
    house.gateway.pay(f"{order_id}~1")

    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))

    assert await house.handle(order_id).result() == PaymentStatus.PAID
    assert house.gateway.opened[f"{order_id}~1"] == 1


async def test_a_refused_charge_fails_without_being_repeated(
    open_house: HouseFactory, order_id: str
) -> None:
    gateway = MemoryGateway(opens_with=[GatewayRefusedError("402", "not enabled")])
    house = await open_house(gateway, another_method=1)

    await house.checkout(order_id)

    assert status_of(house.records, order_id) is PaymentStatus.FAILED
    assert gateway.opened[f"{order_id}~1"] == 1


async def test_a_charge_of_unknown_outcome_is_repeated_under_the_same_ids(
    open_house: HouseFactory, order_id: str
) -> None:
    gateway = MemoryGateway(opens_with=[GatewayUnknownError("no answer")])
    house = await open_house(gateway)

    await house.checkout(order_id)

    assert gateway.opened[f"{order_id}~1"] == 2
    assert list(gateway.charges) == [f"{order_id}~1"]
    assert status_of(house.records, order_id) is PaymentStatus.AWAITING_PAYMENT


async def test_a_charge_without_any_answer_fails_only_after_it_stays_absent(
    open_house: HouseFactory, order_id: str
) -> None:
    gateway = MemoryGateway(opens_with=[GatewayUnknownError("no answer")] * 5)
    house = await open_house(gateway, absence=1, another_method=1)

    await house.checkout(order_id)
    assert status_of(house.records, order_id) is PaymentStatus.CHECKING

    await until(lambda: status_of(house.records, order_id) is PaymentStatus.FAILED)
    assert gateway.asked[f"{order_id}~1"] == 2


async def test_an_answer_with_another_amount_pays_nothing_and_waits_for_a_human(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.checkout(order_id)
    house.gateway.reports_amount_of(f"{order_id}~1", request(order_id, price=20_000))
    house.gateway.pay(f"{order_id}~1")

    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))

    await until(lambda: house.records.codes(order_id) == [CaseCode.MISMATCH])
    assert status_of(house.records, order_id) is PaymentStatus.CHECKING
    description = await house.handle(order_id).describe()
    assert description.status is WorkflowExecutionStatus.RUNNING


async def test_the_notice_of_an_unknown_order_is_kept_and_the_run_closes(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()

    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))

    assert await house.handle(order_id).result() is None
    assert len(house.records.notices[order_id]) == 1


@pytest.mark.parametrize("document", [None, "text", 7, [], {}, {"status": "paid"}])
async def test_a_malformed_signal_does_no_harm(
    open_house: HouseFactory, order_id: str, document: object
) -> None:
    house = await open_house()
    await house.checkout(order_id)

    await house.notify(order_id, document)

    assert (await house.cancel(order_id)).applied
