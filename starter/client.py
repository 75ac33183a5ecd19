"""The client with which checkout starts and steers payments; the API and the CLI use it too."""

from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from temporalio.client import Client

from payments.cases import Resolution
from payments.errors import OrderConflictError, OrderUnknownError
from payments.gateway import ChargeFailure, ReviewDecision
from payments.methods import Integration, PaymentMethod
from payments.payment import MONEY_WAS_HERE, Payment
from payments.request import PaymentRequest, is_order_id
from payments.status import PaymentStatus
from starter.conditions import (
    is_made,
    require_reason,
    require_that_it_may_be_tried,
    require_valid,
)
from starter.errors import (
    AlreadyPaidError,
    AttemptConflictError,
    NoAnswerError,
    NotRetryableError,
    UnavailableError,
    UpdateRefusedError,
)
from starter.updates import Updates, fresh_update_id, update_id
from workflows.messages import (
    AwaitInstructions,
    Cancel,
    Outcome,
    ResolveCase,
    ResolveReview,
    RetryNow,
    TryAnotherMethod,
)
from workflows.names import PAYMENTS_QUEUE
from workflows.payment import PaymentWorkflow

PATIENCE = timedelta(seconds=20)
_REFUSALS = {
    kind.code: kind for kind in (AlreadyPaidError, AttemptConflictError, NotRetryableError)
}


class PaymentReader(Protocol):
    async def payment(self, order_id: str) -> Payment | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """`is_new`: this request began the attempt. `is_answered`: the gateway's answer is in it.

    `failure`: why this request's charge opened nothing, so that there is nothing to pay.
    """

    payment: Payment
    is_new: bool
    is_answered: bool
    failure: ChargeFailure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """`outcome` is None when the gateway has not closed the attempt in time: it will."""

    payment: Payment
    outcome: Outcome | None


def utc_now() -> datetime:
    return datetime.now(UTC)


class PaymentClient:
    """Every request may be repeated as it is: it never charges twice.

    Bodies are what the database says after the workflow has answered.
    """

    def __init__(
        self,
        temporal: Client,
        payments: PaymentReader,
        *,
        return_hosts: Collection[str] = (),
        patience: timedelta = PATIENCE,
        task_queue: str = PAYMENTS_QUEUE,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._updates = Updates(temporal, task_queue, patience)
        self._payments = payments
        self._return_hosts = frozenset(return_hosts)
        self._now = now

    async def start(self, request: PaymentRequest, actor: str) -> Started:
        """Start paying an order; the same request again answers how it stands."""
        require_valid(request, self._return_hosts)
        order_id = request.order_id
        stored = await self._stored(request)
        if stored is not None and stored.status is not PaymentStatus.PREPARING:
            return Started(payment=stored, is_new=False, is_answered=True)
        outcome = await self._updates.send(
            PaymentWorkflow.await_instructions,
            order_id,
            AwaitInstructions(request=request, actor=actor),
            update_id("await_instructions", order_id, asdict(request)),
        )
        payment = await self._stored(request)
        if payment is None:
            raise await self._silence(order_id)
        return _started(payment, outcome)

    async def try_another(
        self,
        order_id: str,
        after_attempt: int,
        method: PaymentMethod,
        integration: Integration,
        actor: str,
    ) -> Started:
        """Open the attempt after `after_attempt`; the same wish again is the same attempt.

        InvalidRequestError, or a StandsOtherwiseError with the payment.
        """
        wish = TryAnotherMethod(
            after_attempt=after_attempt, method=method, integration=integration, actor=actor
        )
        payment = await self.payment(order_id)
        if not is_made(payment, wish):
            require_that_it_may_be_tried(payment, wish, self._now())
        elif payment.status is not PaymentStatus.PREPARING:
            return Started(payment=payment, is_new=False, is_answered=True)
        # With the version, since Temporal keeps a refusal for as long as the run lives, and what
        # was refused while the payment was being checked may be granted afterwards.
        canonical = [after_attempt, method, integration, payment.version]
        try:
            outcome = await self._updates.send(
                PaymentWorkflow.try_another_method,
                order_id,
                wish,
                update_id("try_another_method", order_id, canonical),
            )
        except UpdateRefusedError as refused:
            raise _refusal(refused, await self.payment(order_id)) from refused
        if outcome is None and not await self._updates.is_reachable():
            raise UnavailableError("Temporal")
        return _started(await self.payment(order_id), outcome)

    async def cancel(self, order_id: str, actor: str, reason: str) -> Cancelled:
        """End the payment; AlreadyPaidError when the money was faster."""
        require_reason(reason)
        payment = await self._unpaid(order_id)
        if payment.status is PaymentStatus.CANCELLED:
            return Cancelled(payment=payment, outcome=Outcome(applied=True, by_this_call=False))
        outcome = await self._updates.send(
            PaymentWorkflow.cancel,
            order_id,
            Cancel(actor=actor, reason=reason),
            update_id("cancel", order_id, reason),
        )
        payment = await self._unpaid(order_id)
        if outcome is None and not await self._updates.is_reachable():
            raise UnavailableError("Temporal")
        return Cancelled(payment=payment, outcome=outcome)

    async def resolve_review(
        self, order_id: str, decision: ReviewDecision, actor: str, reason: str
    ) -> Payment:
        """Approve or deny a payment in review; the gateway's word on it comes a moment later."""
        require_reason(reason)
        payment = await self.payment(order_id)
        await self._answered(
            order_id,
            await self._updates.send(
                PaymentWorkflow.resolve_review,
                order_id,
                ResolveReview(actor=actor, reason=reason, decision=decision),
                update_id("resolve_review", order_id, [decision, payment.version]),
            ),
        )
        return await self.payment(order_id)

    async def resolve_case(
        self, order_id: str, case_id: int, resolution: Resolution, actor: str, reason: str
    ) -> None:
        """Close a case; its order need not be stored here. The same again changes nothing."""
        require_reason(reason)
        payment = await self._payments.payment(order_id)
        version = 0 if payment is None else payment.version
        await self._answered(
            order_id,
            await self._updates.send(
                PaymentWorkflow.resolve_case,
                order_id,
                ResolveCase(actor=actor, reason=reason, case_id=case_id, resolution=resolution),
                update_id("resolve_case", order_id, [case_id, resolution, version]),
            ),
        )

    async def retry_now(self, order_id: str, actor: str, reason: str) -> bool:
        """Try a stuck step again at once; False when none was stuck.

        It asks no database, since that may be what the step is waiting for.
        """
        require_reason(reason)
        if not is_order_id(order_id):
            raise OrderUnknownError(order_id)
        outcome = await self._answered(
            order_id,
            await self._updates.send(
                PaymentWorkflow.retry_now,
                order_id,
                RetryNow(actor=actor, reason=reason),
                fresh_update_id("retry_now"),
            ),
        )
        return outcome.applied

    async def payment(self, order_id: str) -> Payment:
        """How the payment stands; OrderUnknownError when no such order is stored."""
        payment = await self._payments.payment(order_id) if is_order_id(order_id) else None
        if payment is None:
            raise OrderUnknownError(order_id)
        return payment

    async def is_temporal_reachable(self) -> bool:
        return await self._updates.is_reachable()

    async def _stored(self, request: PaymentRequest) -> Payment | None:
        payment = await self._payments.payment(request.order_id)
        if payment is not None and payment.request != request:
            raise OrderConflictError(request.order_id)
        return payment

    async def _unpaid(self, order_id: str) -> Payment:
        payment = await self.payment(order_id)
        if payment.status in MONEY_WAS_HERE:
            raise AlreadyPaidError(payment)
        return payment

    async def _answered(self, order_id: str, outcome: Outcome | None) -> Outcome:
        if outcome is None:
            raise await self._silence(order_id)
        return outcome

    async def _silence(self, order_id: str) -> NoAnswerError | UnavailableError:
        """Either Temporal is away, or whoever should answer is slow."""
        if await self._updates.is_reachable():
            return NoAnswerError(order_id)
        return UnavailableError("Temporal")


def _started(payment: Payment, outcome: Outcome | None) -> Started:
    is_answered = outcome is not None and payment.status is not PaymentStatus.PREPARING
    is_failed = is_answered and payment.status is PaymentStatus.FAILED
    return Started(
        payment=payment,
        is_new=outcome is not None and outcome.by_this_call,
        is_answered=is_answered,
        failure=payment.latest_attempt.failure if is_failed else None,
    )


def _refusal(refused: UpdateRefusedError, payment: Payment) -> Exception:
    kind = _REFUSALS.get(refused.reason)
    return refused if kind is None else kind(payment)
