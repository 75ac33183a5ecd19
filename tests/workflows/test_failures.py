"""What goes wrong, and what the run then does, on a real Temporal server."""

import asyncio
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from payments.alerts import AlertCode
from payments.cases import CaseCode, Resolution
from payments.charging import NewAttempt
from payments.commands import AnotherAttempt, Answer, Closing, OpenedCharge
from payments.errors import GatewayRefusedError, GatewayUnknownError, GatewayUnreachableError
from payments.gateway import Charge, ChargeOpened, ClosingCause, ReviewDecision
from payments.mails import Mail, MailKind
from payments.methods import Integration, PaymentMethod
from payments.status import AttemptStatus, PaymentStatus
from tests.workflows.conftest import House, HouseFactory, until
from tests.workflows.memory import MemoryGateway, MemoryRecords, status_of
from tests.workflows.samples import notice, report, request
from workflows.messages import Outcome, ResolveCase, ResolveReview, RetryNow, TryAnotherMethod
from workflows.payment import PaymentWorkflow

pytestmark = pytest.mark.temporal

UNREACHABLE = [GatewayUnreachableError("connection refused")] * 5


async def test_an_unreachable_gateway_fails_the_payment_after_the_limit_of_tries(
    open_house: HouseFactory, order_id: str
) -> None:
    gateway = MemoryGateway(opens_with=UNREACHABLE)
    house = await open_house(gateway, absence=1)

    await house.checkout(order_id)

    assert status_of(house.records, order_id) is PaymentStatus.FAILED
    assert gateway.opened[f"{order_id}~1"] == 5


async def test_what_was_never_sent_is_still_closed_at_the_gateway(
    open_house: HouseFactory, order_id: str
) -> None:
    gateway = MemoryGateway(opens_with=UNREACHABLE)
    house = await open_house(gateway, absence=1)

    await house.checkout(order_id)

    attempts = house.records.payments[order_id].attempts
    await until(lambda: gateway.closed[f"{order_id}~1"] == 1)
    await until(lambda: _attempt_status(house, order_id) is AttemptStatus.FAILED)
    assert len(attempts) == 1


async def test_a_try_that_may_have_arrived_outweighs_later_ones_that_were_never_sent(
    open_house: HouseFactory, order_id: str
) -> None:
    gateway = MemoryGateway(opens_with=[GatewayUnknownError("no answer"), *UNREACHABLE[:4]])
    house = await open_house(gateway)

    await house.checkout(order_id)

    assert status_of(house.records, order_id) is PaymentStatus.CHECKING


async def test_another_method_closes_the_old_attempt_before_the_next_one_opens(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.checkout(order_id)

    outcome = await _try_another(house, order_id, PaymentMethod.QRIS)

    assert outcome == Outcome(applied=True, by_this_call=True)
    assert house.gateway.held[f"{order_id}~1"] is AttemptStatus.EXPIRED
    assert house.gateway.opened[f"{order_id}~2"] == 1
    assert status_of(house.records, order_id) is PaymentStatus.AWAITING_PAYMENT


async def test_a_double_click_on_another_method_opens_one_attempt(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.checkout(order_id)

    outcomes = await asyncio.gather(
        *(_try_another(house, order_id, PaymentMethod.QRIS) for _ in range(5))
    )

    assert sum(outcome.by_this_call for outcome in outcomes) == 1
    assert house.gateway.opened[f"{order_id}~2"] == 1
    assert len(house.records.payments[order_id].attempts) == 2


async def test_an_attempt_that_was_stored_when_the_worker_died_is_opened_by_who_asks_again(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.checkout(order_id)
    house.gateway.held[f"{order_id}~1"] = AttemptStatus.DENIED
    await house.notify(order_id, notice(order_id, AttemptStatus.DENIED))
    await until(lambda: status_of(house.records, order_id) is PaymentStatus.FAILED)
    await house.handle(order_id).terminate()
    await house.records.add_attempt(_stored_attempt(order_id, PaymentMethod.QRIS))

    outcome = await _try_another(house, order_id, PaymentMethod.QRIS)

    assert outcome.applied
    assert house.gateway.opened[f"{order_id}~2"] == 1
    assert status_of(house.records, order_id) is PaymentStatus.AWAITING_PAYMENT


async def test_an_attempt_that_lacks_what_to_pay_by_is_replaced_though_a_dead_worker_began_to(
    open_house: HouseFactory, order_id: str
) -> None:
    gateway = _AdoptingGateway()
    house = await open_house(gateway)
    gateway.records = house.records

    await house.checkout(order_id)

    await until(lambda: gateway.opened[f"{order_id}~2"] == 1)
    await until(lambda: status_of(house.records, order_id) is PaymentStatus.AWAITING_PAYMENT)


async def test_two_different_methods_after_the_same_attempt_are_a_conflict(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.checkout(order_id)
    await _try_another(house, order_id, PaymentMethod.QRIS)

    with pytest.raises(WorkflowUpdateFailedError) as refusal:
        await _try_another(house, order_id, PaymentMethod.BNI_VA)

    assert _code(refusal.value) == "attempt_conflict"


async def test_money_that_comes_while_the_method_is_changed_wins(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house(MemoryGateway(pays_when_closed=True))
    await house.checkout(order_id)

    with pytest.raises(WorkflowUpdateFailedError) as refusal:
        await _try_another(house, order_id, PaymentMethod.QRIS)

    assert _code(refusal.value) == "already_paid"
    assert status_of(house.records, order_id) is PaymentStatus.PAID


async def test_a_denied_payment_is_mailed_and_can_be_tried_again(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.checkout(order_id)
    house.gateway.held[f"{order_id}~1"] = AttemptStatus.DENIED

    await house.notify(order_id, notice(order_id, AttemptStatus.DENIED))
    await until(lambda: house.records.mails.get(order_id) == [Mail(MailKind.FAILURE, 1)])
    await _try_another(house, order_id, PaymentMethod.QRIS)
    house.gateway.pay(f"{order_id}~2")
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID, 2))

    assert await house.handle(order_id).result() == PaymentStatus.PAID
    assert house.records.mails[order_id][-1] == Mail(MailKind.RECEIPT, 2)


async def test_every_attempt_has_its_own_time_to_pay(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house(payment=2)
    await house.checkout(order_id)
    await until(lambda: status_of(house.records, order_id) is PaymentStatus.EXPIRED)

    await _try_another(house, order_id, PaymentMethod.QRIS)

    first, second = house.records.payments[order_id].attempts
    assert second.expires_at - second.accepted_at == house.windows.payment
    assert second.accepted_at > first.expires_at


async def test_a_database_that_fails_is_alerted_about_and_loses_nothing(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.checkout(order_id)
    house.gateway.pay(f"{order_id}~1")
    house.records.break_down()

    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    await until(lambda: AlertCode.DATABASE_STUCK in _alerts(house), seconds=60)
    house.records.recover()
    await _retry_now(house, order_id)

    assert await house.handle(order_id).result() == PaymentStatus.PAID
    assert house.records.mails[order_id] == [Mail(MailKind.RECEIPT, 1)]


async def test_a_mail_that_fails_never_undoes_the_payment(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    house.paper.refusals = 1_000
    await house.checkout(order_id)
    house.gateway.pay(f"{order_id}~1")

    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    await until(lambda: AlertCode.DOCUMENT_STUCK in _alerts(house), seconds=60)
    assert status_of(house.records, order_id) is PaymentStatus.PAID
    house.paper.refusals = 0
    outcome = await _retry_now(house, order_id)

    assert outcome.applied
    assert await house.handle(order_id).result() == PaymentStatus.PAID
    assert house.records.mails[order_id] == [Mail(MailKind.RECEIPT, 1)]


@pytest.mark.parametrize(
    ("decision", "status"),
    [
        (ReviewDecision.APPROVE, PaymentStatus.PAID),
        (ReviewDecision.DENY, PaymentStatus.FAILED),
    ],
)
async def test_an_operator_decides_a_payment_in_review(
    open_house: HouseFactory, order_id: str, decision: ReviewDecision, status: PaymentStatus
) -> None:
    house = await open_house(payment=2)
    await house.checkout(order_id)
    house.gateway.held[f"{order_id}~1"] = AttemptStatus.IN_REVIEW
    await house.notify(order_id, notice(order_id, AttemptStatus.IN_REVIEW))
    await until(lambda: status_of(house.records, order_id) is PaymentStatus.IN_REVIEW)

    await house.handle(order_id).execute_update(
        PaymentWorkflow.resolve_review,
        ResolveReview(actor="ani", reason="known customer", decision=decision),
    )

    await until(lambda: status_of(house.records, order_id) is status)
    assert f"review.{decision}" in house.records.audit[order_id]


async def test_what_only_the_rows_know_of_since_a_worker_died_is_no_reason_to_refuse(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.checkout(order_id)
    held = report(house.gateway.charges[f"{order_id}~1"], AttemptStatus.IN_REVIEW)
    await house.records.record_answer(
        Answer(order_id=order_id, number=1, report=held, is_closed=False, at=datetime.now(UTC))
    )

    await house.handle(order_id).execute_update(
        PaymentWorkflow.resolve_review,
        ResolveReview(actor="ani", reason="known customer", decision=ReviewDecision.APPROVE),
    )

    assert f"review.{ReviewDecision.APPROVE}" in house.records.audit[order_id]


async def test_review_stops_the_customers_clock(open_house: HouseFactory, order_id: str) -> None:
    house = await open_house(payment=1)
    await house.checkout(order_id)
    house.gateway.held[f"{order_id}~1"] = AttemptStatus.IN_REVIEW

    await house.notify(order_id, notice(order_id, AttemptStatus.IN_REVIEW))
    await until(lambda: status_of(house.records, order_id) is PaymentStatus.IN_REVIEW)
    await asyncio.sleep(1.5)  # longer than the customer's time to pay

    assert house.gateway.closed[f"{order_id}~1"] == 0


async def test_a_case_closed_as_rejected_fails_the_payment(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house(another_method=1)
    await _bring_about_a_mismatch(house, order_id)

    await house.handle(order_id).execute_update(
        PaymentWorkflow.resolve_case,
        ResolveCase(actor="ani", reason="not ours", case_id=1, resolution=Resolution.REJECTED),
    )

    assert status_of(house.records, order_id) is PaymentStatus.FAILED
    assert await house.handle(order_id).result() == PaymentStatus.FAILED


async def test_a_mismatch_alerts_the_administrator_once(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await _bring_about_a_mismatch(house, order_id)

    before = len(house.records.notices[order_id])
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    await until(lambda: len(house.records.notices[order_id]) > before)

    assert _alerts(house) == [AlertCode.MISMATCH]
    assert house.records.codes(order_id) == [CaseCode.MISMATCH]


async def test_a_refused_key_alerts_the_administrator(
    open_house: HouseFactory, order_id: str
) -> None:
    gateway = MemoryGateway(opens_with=[GatewayRefusedError("401", "wrong key")])
    house = await open_house(gateway)

    await house.checkout(order_id)

    await until(lambda: _alerts(house) == [AlertCode.GATEWAY_REFUSES])
    assert status_of(house.records, order_id) is PaymentStatus.FAILED


async def test_money_of_an_order_unknown_here_is_kept_and_alerted_about(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house()
    await house.checkout(f"{order_id}-real")
    house.gateway.charges[f"{order_id}~1"] = house.gateway.charges[f"{order_id}-real~1"]
    house.gateway.pay(f"{order_id}~1")

    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))

    assert await house.handle(order_id).result() is None
    assert [unmatched.order_id for unmatched in house.records.unmatched] == [order_id]
    assert _alerts(house) == [AlertCode.UNMATCHED_MONEY]


async def _bring_about_a_mismatch(house: House, order_id: str) -> None:
    await house.checkout(order_id)
    house.gateway.reports_amount_of(f"{order_id}~1", request(order_id, price=20_000))
    house.gateway.pay(f"{order_id}~1")
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    await until(lambda: AlertCode.MISMATCH in _alerts(house))


async def _try_another(house: House, order_id: str, method: PaymentMethod) -> Outcome:
    message = TryAnotherMethod(
        after_attempt=1, method=method, integration=Integration.CORE, actor="test"
    )
    return await house.client.execute_update_with_start_workflow(
        PaymentWorkflow.try_another_method,
        message,
        start_workflow_operation=house.start_operation(order_id),
    )


async def _retry_now(house: House, order_id: str) -> Outcome:
    return await house.handle(order_id).execute_update(
        PaymentWorkflow.retry_now, RetryNow(actor="ani", reason="it is up again")
    )


def _alerts(house: House) -> list[AlertCode]:
    return [alert.code for alert in house.records.alerts]


def _attempt_status(house: House, order_id: str) -> AttemptStatus:
    return house.records.payments[order_id].latest_attempt.status


def _code(failure: WorkflowUpdateFailedError) -> str | None:
    assert isinstance(failure.cause, ApplicationError)
    return failure.cause.type


def _stored_attempt(order_id: str, method: PaymentMethod) -> AnotherAttempt:
    now = datetime.now(UTC)
    attempt = NewAttempt(
        number=2,
        method=method,
        integration=Integration.CORE,
        nonce=uuid.uuid4().hex,
        idempotency_key=str(uuid.uuid4()),
        at=now,
        expires_at=now + timedelta(minutes=5),
    )
    return AnotherAttempt(order_id=order_id, attempt=attempt, actor="test")


@dataclass
class _AdoptingGateway(MemoryGateway):
    """Adopts the first attempt without anything to pay by.

    A worker has begun to replace it then, and has died before it could say so.
    """

    records: MemoryRecords | None = None

    async def open_charge(self, charge: Charge) -> ChargeOpened:
        opened = await super().open_charge(charge)
        if self.records is None or len(self.charges) > 1:
            return opened
        order_id, now = charge.request.order_id, datetime.now(UTC)
        adopted = replace(opened, instructions=None)
        await self.records.record_opened(
            OpenedCharge(order_id=order_id, number=1, opened=adopted, at=now)
        )
        cause = ClosingCause.OTHER_METHOD
        await self.records.begin_closing(
            Closing(order_id=order_id, number=1, cause=cause, actor="service", at=now)
        )
        return adopted
