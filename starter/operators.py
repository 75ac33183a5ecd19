"""The client of operators: what only a human may decide, and steps that are not to wait."""

from dataclasses import asdict
from datetime import timedelta

from temporalio.client import Client

from payments.errors import OrderUnknownError
from payments.gateway import ReviewDecision
from payments.payment import Payment
from payments.request import is_order_id
from starter.client import PATIENCE, PaymentReader
from starter.conditions import require_reason
from starter.updates import Updates, fresh_update_id, update_id
from workflows.messages import ResolveCase, ResolveReview, RetryNow
from workflows.names import PAYMENTS_QUEUE
from workflows.payment import PaymentWorkflow


class OperatorClient:
    def __init__(
        self, temporal: Client, payments: PaymentReader, *, patience: timedelta = PATIENCE
    ) -> None:
        self._updates = Updates(temporal, PAYMENTS_QUEUE, patience)
        self._payments = payments

    async def resolve_review(
        self, order_id: str, decision: ReviewDecision, actor: str, reason: str
    ) -> Payment:
        """Approve or deny a payment in review; the gateway's word on it comes a moment later."""
        require_reason(reason)
        payment = await self._payment(order_id)
        await self._updates.answered(
            PaymentWorkflow.resolve_review,
            order_id,
            ResolveReview(actor=actor, reason=reason, decision=decision),
            update_id("resolve_review", order_id, [decision, payment.version]),
        )
        return await self._payment(order_id)

    async def resolve_case(self, order_id: str, decision: ResolveCase) -> None:
        """Decide about a case; its order need not be stored here. The same again changes nothing."""
        require_reason(decision.reason)
        payment = await self._payments.payment(order_id)
        version = 0 if payment is None else payment.version
        # With its actor: what one person must not decide, another may.
        wish = [{**asdict(decision), "reason": ""}, version]
        await self._updates.answered(
            PaymentWorkflow.resolve_case,
            order_id,
            decision,
            update_id("resolve_case", order_id, wish),
        )

    async def retry_now(self, order_id: str, actor: str, reason: str) -> bool:
        """Try a stuck step again at once; False when none was stuck.

        It asks no database, since that may be what the step is waiting for.
        """
        require_reason(reason)
        if not is_order_id(order_id):
            raise OrderUnknownError(order_id)
        outcome = await self._updates.answered(
            PaymentWorkflow.retry_now,
            order_id,
            RetryNow(actor=actor, reason=reason),
            fresh_update_id("retry_now"),
        )
        return outcome.applied

    async def _payment(self, order_id: str) -> Payment:
        payment = await self._payments.payment(order_id) if is_order_id(order_id) else None
        if payment is None:
            raise OrderUnknownError(order_id)
        return payment
