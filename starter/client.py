"""The client with which checkout starts and steers payments; the API and the CLI use it too."""

from collections.abc import Callable, Collection
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Protocol

from temporalio.client import Client

from payments.errors import (
    NotRefundableError,
    OrderConflictError,
    OrderUnknownError,
    RefundConflictError,
)
from payments.methods import Integration, PaymentMethod
from payments.payment import MONEY_WAS_HERE, Payment
from payments.refunding import RefundWish
from payments.request import PaymentRequest, is_order_id
from payments.status import PaymentStatus
from starter.answers import Cancelled, Refunded, Started, started
from starter.conditions import (
    is_made,
    require_reason,
    require_refundable,
    require_that_it_may_be_tried,
    require_valid,
)
from starter.errors import (
    AlreadyPaidError,
    AttemptConflictError,
    NotRetryableError,
    UnavailableError,
    UpdateRefusedError,
)
from starter.updates import Updates, update_id
from workflows.messages import (
    AwaitInstructions,
    Cancel,
    Outcome,
    RequestRefund,
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
            raise await self._updates.silence(order_id)
        return started(payment, outcome)

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
        return started(await self.payment(order_id), outcome)

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

    async def refund(self, order_id: str, wish: RefundWish) -> Refunded:
        """Give money back; the same refund key again is the same refund.

        InvalidRequestError, RefundConflictError, or NotRefundableError.
        """
        require_reason(wish.reason)
        payment = await self.payment(order_id)
        known = payment.refund(wish.refund_key)
        require_refundable(payment, wish, self._now())
        if known is not None:
            return Refunded(payment=payment, refund=known, is_new=False)
        try:
            outcome = await self._updates.send(
                PaymentWorkflow.request_refund,
                order_id,
                _request_of(wish),
                # With the version: Temporal keeps a refusal for as long as the run lives, and what
                # was refused once may be granted later. The key itself never refunds twice.
                f"{wish.refund_key}/{payment.version}",
            )
        except UpdateRefusedError as refused:
            raise _refund_refusal(refused, order_id, wish) from refused
        return await self._refunded(order_id, wish, outcome)

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

    async def _refunded(self, order_id: str, wish: RefundWish, outcome: Outcome | None) -> Refunded:
        payment = await self.payment(order_id)
        refund = payment.refund(wish.refund_key)
        if refund is None:
            raise await self._updates.silence(order_id)
        if wish.amount not in (None, refund.amount):
            raise RefundConflictError(wish.refund_key)
        is_new = outcome is not None and outcome.by_this_call
        return Refunded(payment=payment, refund=refund, is_new=is_new)


def _refusal(refused: UpdateRefusedError, payment: Payment) -> Exception:
    kind = _REFUSALS.get(refused.reason)
    return refused if kind is None else kind(payment)


def _request_of(wish: RefundWish) -> RequestRefund:
    return RequestRefund(
        actor=wish.actor,
        reason=wish.reason,
        refund_key=wish.refund_key,
        amount=wish.amount,
        by_transfer=wish.by_transfer,
    )


def _refund_refusal(refused: UpdateRefusedError, order_id: str, wish: RefundWish) -> Exception:
    """The workflow judged under the order's lock what we had judged a moment before."""
    match refused.reason:
        case RefundConflictError.code:
            return RefundConflictError(wish.refund_key)
        case NotRefundableError.code:
            return NotRefundableError(order_id, str(refused).rpartition(": ")[2])
        case _:
            return refused
