"""The client with which checkout starts and steers payments; the API and the CLI use it too."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Protocol
from urllib.parse import urlsplit

from temporalio.client import Client

from payments.errors import (
    FieldProblem,
    InvalidRequestError,
    OrderConflictError,
    OrderUnknownError,
)
from payments.payment import MONEY_WAS_HERE, Payment
from payments.request import PaymentRequest, check_request, is_order_id
from payments.status import AttemptStatus, PaymentStatus
from starter.errors import AlreadyPaidError, NoAnswerError, UnavailableError
from starter.updates import Updates, update_id
from workflows.messages import AwaitInstructions, Cancel, Outcome
from workflows.names import PAYMENTS_QUEUE
from workflows.payment import PaymentWorkflow

PATIENCE = timedelta(seconds=20)
REASON_LENGTH_MAX = 500


class PaymentReader(Protocol):
    async def payment(self, order_id: str) -> Payment | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """`is_new`: this request began the payment. `is_answered`: the gateway's answer is in it.

    `is_refused`: this request's charge was refused, so there is nothing to pay.
    """

    payment: Payment
    is_new: bool
    is_answered: bool
    is_refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """`outcome` is None when the gateway has not closed the attempt in time: it will."""

    payment: Payment
    outcome: Outcome | None


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
    ) -> None:
        self._updates = Updates(temporal, task_queue, patience)
        self._payments = payments
        self._return_hosts = frozenset(return_hosts)

    async def start(self, request: PaymentRequest, actor: str) -> Started:
        """Start paying an order; the same request again answers how it stands."""
        self._check(request)
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
        is_answered = outcome is not None and payment.status is not PaymentStatus.PREPARING
        return Started(
            payment=payment,
            is_new=outcome is not None and outcome.by_this_call,
            is_answered=is_answered,
            is_refused=is_answered and payment.attempts[0].status is AttemptStatus.FAILED,
        )

    async def cancel(self, order_id: str, actor: str, reason: str) -> Cancelled:
        """End the payment; AlreadyPaidError when the money was faster."""
        _check_reason(reason)
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

    async def payment(self, order_id: str) -> Payment:
        """How the payment stands; OrderUnknownError when no such order is stored."""
        payment = await self._payments.payment(order_id) if is_order_id(order_id) else None
        if payment is None:
            raise OrderUnknownError(order_id)
        return payment

    async def is_temporal_reachable(self) -> bool:
        return await self._updates.is_reachable()

    def _check(self, request: PaymentRequest) -> None:
        """Refuse bad input before anything is written, every broken rule at once."""
        problems: tuple[FieldProblem, ...] = ()
        try:
            check_request(request)
        except InvalidRequestError as error:
            problems = error.problems
        url = request.return_url
        if url is not None and not _leads_to(url, self._return_hosts):
            hosts = " or ".join(sorted(self._return_hosts)) or "no host"
            problems += (FieldProblem("return_url", f"must be an https URL on {hosts}"),)
        if problems:
            raise InvalidRequestError(problems)

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

    async def _silence(self, order_id: str) -> NoAnswerError | UnavailableError:
        """Nothing is stored: either Temporal is away, or whoever should store it is slow."""
        if await self._updates.is_reachable():
            return NoAnswerError(order_id)
        return UnavailableError("Temporal")


def _leads_to(url: str, hosts: frozenset[str]) -> bool:
    """Whether a browser would go to one of the hosts, by the strictest reading of the URL."""
    # Browsers read a backslash as a slash and drop control characters; urlsplit does not.
    if "\\" in url or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        has_own_port = parts.port is not None
    except ValueError:
        return False
    is_plain = parts.username is None and parts.password is None and not has_own_port
    return parts.scheme == "https" and is_plain and parts.hostname in hosts


def _check_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > REASON_LENGTH_MAX or not reason.isprintable():
        rule = f"1 to {REASON_LENGTH_MAX} printable characters"
        raise InvalidRequestError((FieldProblem("reason", rule),))
