"""Requests to the workflow of an order, repeated until they are answered or patience ends."""

import asyncio
import hashlib
import json
import logging
import re
import uuid
from collections.abc import Coroutine, Iterator
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.workflow import UpdateMethodMultiParam

from payments.errors import (
    CaseUnknownError,
    FieldProblem,
    InvalidRequestError,
    NotRefundableError,
    OrderConflictError,
    OrderUnknownError,
    PaymentError,
    RefundConflictError,
)
from payments.status import PaymentStatus
from starter.errors import (
    AlreadyPaidError,
    AttemptConflictError,
    NoAnswerError,
    NotRetryableError,
    UnavailableError,
    UpdateRefusedError,
)
from workflows.messages import AwaitInstructions, Outcome
from workflows.names import DETAILS, METHOD, ORDER_ID, STATUS, summary_of, workflow_id
from workflows.payment import PaymentWorkflow

log = logging.getLogger(__name__)

Message = TypeVar("Message")
T = TypeVar("T")

# What a run that is closing, a server that restarts or too many clicks at once answer.
_PASSING = frozenset(
    {
        RPCStatusCode.ABORTED,
        RPCStatusCode.FAILED_PRECONDITION,
        RPCStatusCode.NOT_FOUND,
        RPCStatusCode.RESOURCE_EXHAUSTED,
        RPCStatusCode.UNAVAILABLE,
    }
)
# Temporal's word for an accepted update whose run ended (somebody terminated it).
_RUN_ENDED = "AcceptedUpdateCompletedWorkflow"
# Codes of the workflow's own refusals (`workflows/`).
_REFUSED = frozenset(
    {AlreadyPaidError.code, AttemptConflictError.code, NotRetryableError.code}
    | {NotRefundableError.code, RefundConflictError.code}
    | {CaseUnknownError.code, "not_in_review"}
)
# A lazy client that cannot connect raises a plain RuntimeError; only its text tells it apart.
_CANNOT_CONNECT = "Failed client connect"
_FIELD = re.compile(r"[a-z0-9_.\[\]]+")
_FIRST_PAUSE_SECONDS = 0.1
_PAUSE_SECONDS_MAX = 2.0


class Updates:
    def __init__(self, temporal: Client, task_queue: str, patience: timedelta) -> None:
        self._temporal = temporal
        self._task_queue = task_queue
        self._patience = patience

    async def send(
        self,
        update: UpdateMethodMultiParam[[PaymentWorkflow, Message], Outcome],
        order_id: str,
        message: Message,
        update_id: str,
    ) -> Outcome | None:
        """What the update did; None when there is no answer in time, whatever the reason."""
        try:
            async with asyncio.timeout(self._patience.total_seconds()):
                for pause in _pauses():
                    try:
                        return await self._once(update, order_id, message, update_id)
                    except _PassingError as failure:
                        fields = {"order_id": order_id, "reason": str(failure)}
                        log.warning("update.repeated", extra=fields)
                    await asyncio.sleep(pause)
        except TimeoutError:
            log.warning("update.unanswered", extra={"order_id": order_id})
        return None

    async def answered(
        self,
        update: UpdateMethodMultiParam[[PaymentWorkflow, Message], Outcome],
        order_id: str,
        message: Message,
        update_id: str,
    ) -> Outcome:
        """What the update did; NoAnswerError or UnavailableError when there is no answer in time."""
        outcome = await self.send(update, order_id, message, update_id)
        if outcome is None:
            raise await self.silence(order_id)
        return outcome

    async def silence(self, order_id: str) -> NoAnswerError | UnavailableError:
        """Why there is no answer: Temporal is away, or whoever should answer is slow."""
        if await self.is_reachable():
            return NoAnswerError(order_id)
        return UnavailableError("Temporal")

    async def is_reachable(self) -> bool:
        """Whether Temporal answers at all."""
        try:
            async with asyncio.timeout(1):
                return await apart(self._temporal.service_client.check_health())
        except (RPCError, RuntimeError, TimeoutError):
            return False

    async def _once(
        self,
        update: UpdateMethodMultiParam[[PaymentWorkflow, Message], Outcome],
        order_id: str,
        message: Message,
        update_id: str,
    ) -> Outcome:
        operation = self._start_operation(order_id, message)
        # A start that fails leaves its error in the operation, and asyncio complains when
        # nobody takes it out.
        taking_out = asyncio.create_task(_settled(operation.workflow_handle()))
        try:
            return await apart(
                self._temporal.execute_update_with_start_workflow(
                    update, message, start_workflow_operation=operation, id=update_id
                )
            )
        except WorkflowUpdateFailedError as failure:
            raise _meaning(failure, order_id) from failure
        except WorkflowUpdateRPCTimeoutOrCancelledError as failure:
            raise _PassingError("timeout") from failure
        except RPCError as failure:
            if failure.status in _PASSING:
                raise _PassingError(failure.status.name) from failure
            raise UnavailableError("Temporal") from failure
        except RuntimeError as failure:
            if _CANNOT_CONNECT not in str(failure):
                raise
            raise _PassingError(_CANNOT_CONNECT) from failure
        finally:
            taking_out.cancel()

    def _start_operation(
        self, order_id: str, message: object
    ) -> WithStartWorkflowOperation[PaymentWorkflow, Any]:
        return WithStartWorkflowOperation(
            PaymentWorkflow.run,
            order_id,
            id=workflow_id(order_id),
            task_queue=self._task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            search_attributes=TypedSearchAttributes(_attributes(order_id, message)),
            static_summary=summary_of(order_id),
            static_details=DETAILS,
        )


def _attributes(order_id: str, message: object) -> list[SearchAttributePair[Any]]:
    """What operators find the run by until it shows by itself how the payment stands."""
    found_by: list[SearchAttributePair[Any]] = [SearchAttributePair(ORDER_ID, order_id)]
    if isinstance(message, AwaitInstructions):
        found_by.append(SearchAttributePair(STATUS, PaymentStatus.PREPARING.value))
        found_by.append(SearchAttributePair(METHOD, message.request.method.value))
    return found_by


def update_id(name: str, order_id: str, wish: object) -> str:
    """Equal wishes have equal ids, so equal clicks are one update, whoever sends them."""
    canonical = json.dumps([name, order_id, wish], sort_keys=True, separators=(",", ":"))
    return f"{name}/{hashlib.sha256(canonical.encode()).hexdigest()}"


def fresh_update_id(name: str) -> str:
    """An id for a wish that takes effect each time it is sent."""
    return f"{name}/{uuid.uuid4()}"


async def apart(call: Coroutine[Any, Any, T]) -> T:
    """Await a call of the SDK, which answers a cancellation with errors of its own, apart."""
    task = asyncio.create_task(call)
    task.add_done_callback(_forget)
    try:
        await asyncio.wait({task})
    finally:
        task.cancel()
    return task.result()


class _PassingError(Exception):
    """The same update may be sent again, and will be."""


def _meaning(failure: WorkflowUpdateFailedError, order_id: str) -> Exception:
    """The workflow's error as ours; what is not ours is a bug, and rises as it is."""
    cause = failure.cause
    code, text = "", str(cause)
    if isinstance(cause, ApplicationError):
        code, text = cause.type or "", cause.message
    if code in _REFUSED:
        return UpdateRefusedError(code, text)
    match code:
        case OrderConflictError.code:
            return OrderConflictError(order_id)
        case OrderUnknownError.code:
            return OrderUnknownError(order_id)
        case InvalidRequestError.code:
            return InvalidRequestError((_problem(text),))
        case str(kind) if kind == _RUN_ENDED:
            return _PassingError(_RUN_ENDED)
        case _:
            return PaymentError(f"the update failed: {text}")


def _problem(text: str) -> FieldProblem:
    """Read `field: rule` as InvalidRequestError writes it."""
    field, parted, rule = text.partition(": ")
    is_field = bool(parted) and _FIELD.fullmatch(field) is not None
    return FieldProblem(field, rule) if is_field else FieldProblem("request", text)


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE_SECONDS
    while True:
        yield pause
        pause = min(2 * pause, _PAUSE_SECONDS_MAX)


async def _settled(waiting: Coroutine[Any, Any, object]) -> None:
    await asyncio.gather(waiting, return_exceptions=True)


def _forget(task: asyncio.Task[T]) -> None:
    if not task.cancelled():
        task.exception()
