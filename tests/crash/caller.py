"""A shop, its customer and its operators, who ask again until they are answered."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import Select, func, select
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse
from temporalio.client import WorkflowExecutionStatus

from activities.gateway import NOT_YET
from adapters.postgres.tables import audit_events, cases, orders, payment_attempts, refunds
from payments.cases import Resolution
from payments.errors import PaymentError
from payments.gateway import ReviewDecision
from payments.status import AttemptStatus, PaymentStatus
from starter.operators import OperatorClient
from tests.e2e.shop import Shop
from workflows.messages import ResolveCase

# Many wait at once, for seconds each: they shall not keep the service from its work.
PAUSE_SECONDS = 0.4
PATIENCE_SECONDS = 150
# Whoever had no news, as a bank that has not confirmed yet, may be asked again after longer.
SOON = timedelta(seconds=20)
REASON = "as the scenario has it"


@dataclass(frozen=True)
class Caller:
    """About one order. Whatever dies meanwhile, the same request is sent again.

    Who looks whether something has happened yet takes one of the `turns`.
    """

    shop: Shop
    operators: OperatorClient
    order_id: str
    turns: asyncio.Semaphore

    async def checkout(self, method: str, integration: str = "core") -> None:
        await self.place(method, integration)
        await self.status("awaiting_payment")

    async def place(self, method: str, integration: str = "core") -> None:
        """Until it is answered how the order stands, whatever has become of it by then."""
        order = self.shop.order(order_id=self.order_id, method=method, integration=integration)
        await self._insist("/v1/payments", order, {200, 201})

    async def another_method(self, method: str) -> None:
        wish = {"after_attempt": 1, "method": method, "integration": "core"}
        await self._insist(f"/v1/payments/{self.order_id}/attempts", wish, {200, 201})
        await self.status("awaiting_payment")

    async def cancel(self) -> None:
        """Whoever is faster: 409 says that it was the money."""
        await self._insist(f"/v1/payments/{self.order_id}/cancel", {"reason": REASON}, {200, 409})

    async def ask_back(self) -> None:
        wish = {"refund_key": "return-1", "reason": REASON}
        await self._insist(f"/v1/payments/{self.order_id}/refunds", wish, {202})

    async def customer(self, event: str, attempt: int = 1, **body: object) -> None:
        await self.shop.customer(f"{self.order_id}~{attempt}", event, **body)

    async def review(self, decision: ReviewDecision) -> None:
        """A run that comes back may not know yet that it is in review: then it is told again."""
        own = orders.c
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                with suppress(PaymentError):
                    await self.operators.resolve_review(self.order_id, decision, "cli:ani", REASON)
                async with self.turns, self.shop.database.connect() as connection:
                    query = select(own.status).where(own.order_id == self.order_id)
                    if await connection.scalar(query) != PaymentStatus.IN_REVIEW:
                        return
                await asyncio.sleep(PAUSE_SECONDS)

    async def decide(
        self,
        code: str,
        resolution: Resolution,
        actor: str = "cli:ani",
        reference: str | None = None,
    ) -> None:
        """Close the order's case of this kind once it is there, or take it a step further."""
        case_id = await self._some(
            select(cases.c.case_id).where(cases.c.order_id == self.order_id, cases.c.code == code)
        )
        decision = ResolveCase(
            actor=actor,
            reason=REASON,
            case_id=case_id,
            resolution=resolution,
            reference=reference,
        )
        await self.operators.resolve_case(self.order_id, decision)

    async def status(self, status: str) -> None:
        own = orders.c
        await self._some(
            select(own.status).where(own.order_id == self.order_id, own.status == status)
        )

    async def opened(self, attempt: int) -> None:
        own = payment_attempts.c
        await self._some(
            select(own.number).where(
                own.order_id == self.order_id,
                own.number == attempt,
                own.status == AttemptStatus.PENDING,
            )
        )

    async def refund_status(self, status: str) -> None:
        own = refunds.c
        await self._some(
            select(own.status).where(own.order_id == self.order_id, own.status == status)
        )

    async def mailed(self, times: int = 1) -> None:
        """Until so many mails to the customer are on record."""
        own = audit_events.c
        sent = select(func.count()).where(own.order_id == self.order_id, own.event == "mail.sent")
        await self._some(sent.having(func.count() >= times))

    async def paid(self, attempt: int = 1, mails: int = 1, **body: object) -> None:
        """Let the customer pay, and wait until all that follows from it has followed."""
        await self.customer("pay", attempt, **body)
        await self.status("paid")
        await self.mailed(mails)

    async def at_rest(self) -> None:
        """Until nobody has anything to do: the run has ended, or waits for the world."""
        run = self.shop.run(self.order_id)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                described = await run.describe()
                if described.status is not WorkflowExecutionStatus.RUNNING or not is_busy(
                    described.raw_description
                ):
                    return
                await asyncio.sleep(PAUSE_SECONDS)

    async def _insist(self, path: str, body: object, done: Collection[int]) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                with suppress(httpx.TransportError):
                    answer = await self.shop.post(path, body)
                    if answer.status_code in done:
                        return
                    assert answer.status_code in {202, 409, 502, 503, 504}, answer.text
                await asyncio.sleep(PAUSE_SECONDS)

    async def _some(self, query: Select[Any]) -> Any:
        """What the query finds first, once it finds anything."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                async with self.turns, self.shop.database.connect() as connection:
                    row = (await connection.execute(query)).first()
                if row is not None:
                    return row[0]
                await asyncio.sleep(PAUSE_SECONDS)


def is_busy(run: DescribeWorkflowExecutionResponse) -> bool:
    """Whether it has anything to do: all but asking again, much later, who had no news yet."""
    return run.HasField("pending_workflow_task") or not all(
        map(_waits_for_the_world, run.pending_activities)
    )


def _waits_for_the_world(pending: PendingActivityInfo) -> bool:
    return (
        pending.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
        and pending.last_failure.application_failure_info.type == NOT_YET
        and pending.next_attempt_schedule_time.ToDatetime(UTC) >= datetime.now(UTC) + SOON
    )
