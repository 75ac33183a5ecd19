"""The payment of one order, from checkout to its end (DESIGN §3)."""

import asyncio
from collections import deque
from dataclasses import replace
from typing import assert_never

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.records import RecordActivities
from payments.errors import InvalidRequestError
from payments.gateway import ClosingCause
from payments.request import check_request
from payments.status import PaymentStatus
from workflows.attempts import Attempts
from workflows.causes import (
    Answered,
    Cause,
    DeadlinePassed,
    DocumentsSent,
    Reported,
    RetryWindowOver,
    Wish,
)
from workflows.documents import Documents
from workflows.following import Follower
from workflows.messages import AwaitInstructions, Cancel, GatewayReport, Outcome, StatusView
from workflows.names import PAYMENT_WORKFLOW
from workflows.showing import Display
from workflows.state import State
from workflows.writes import write


@workflow.defn(name=PAYMENT_WORKFLOW)
class PaymentWorkflow:
    """The single writer of one order: starts from its rows, acts on causes, closes when idle.

    The start argument never causes an effect; only an accepted update or a signal does.
    """

    @workflow.init
    def __init__(self, order_id: str) -> None:
        self._inbox: deque[Cause] = deque()
        self._state = State(order_id)
        self._follower = Follower(order_id, self._inbox.append)
        self._documents = Documents(order_id, self._inbox.append)
        self._attempts = Attempts(self._state, self._follower)
        self._display = Display()

    @workflow.run
    async def run(self, order_id: str) -> PaymentStatus | None:
        """Carry the order's payment to its end; the status it has when nothing is awaited."""
        story = asyncio.create_task(self._story(order_id))
        while True:
            try:
                # Shielded, because Temporal's own Cancel must not tear an effect in two.
                return await asyncio.shield(story)
            except asyncio.CancelledError:
                if story.done():
                    raise
                self._inbox.append(Wish(Cancel(actor="temporal", reason="cancelled in Temporal")))

    @workflow.signal
    def gateway_reported(self, document: GatewayReport) -> None:
        """A notification came from the gateway."""
        self._inbox.append(Reported(document))

    @workflow.update
    async def await_instructions(self, message: AwaitInstructions) -> Outcome:
        """Start paying the order; the same request again only answers how it stands."""
        return await self._carry_out(message)

    @await_instructions.validator
    def _validate_request(self, message: AwaitInstructions) -> None:
        try:
            check_request(message.request)
        except InvalidRequestError as error:
            raise _invalid(str(error)) from error
        if message.request.order_id != self._state.order_id:
            raise _invalid("order_id: is not the order of this run")

    @workflow.update
    async def cancel(self, message: Cancel) -> Outcome:
        """End the payment unless the money was faster; `applied` says which it was."""
        outcome = await self._carry_out(message)
        await workflow.wait_condition(lambda: not self._state.is_closing)
        return replace(outcome, applied=self._state.has_status(PaymentStatus.CANCELLED))

    @cancel.validator
    def _validate_cancel(self, message: Cancel) -> None:
        for name, text in (("actor", message.actor), ("reason", message.reason)):
            if not text.strip():
                raise _invalid(f"{name}: must not be empty")

    @workflow.query
    def status(self) -> StatusView:
        """Where the payment stands, for operators; checkout reads the database."""
        progress = self._state.progress
        attempt = progress.latest_attempt if progress else None
        return StatusView(
            order_id=self._state.order_id,
            status=progress.status if progress else None,
            attempt=attempt.number if attempt else 0,
            expires_at=attempt.expires_at if attempt else None,
            attention=progress.attention if progress else None,
        )

    async def _story(self, order_id: str) -> PaymentStatus | None:
        state = self._state
        loaded = await write(RecordActivities.load_payment, order_id, "read the order")
        state.progress, state.windows = loaded.progress, loaded.windows
        while True:
            while self._inbox:
                await self._act_on(self._inbox.popleft())
            self._follower.keep_up(state.progress, state.windows)
            self._documents.keep_up(state.progress)
            self._display.show(state.progress)
            # No await from the last look at the inbox to the end, or a message would be lost.
            if self._may_end():
                return state.progress.status if state.progress else None
            if workflow.info().is_continue_as_new_suggested() and self._is_between_messages():
                workflow.continue_as_new(order_id)
            await workflow.wait_condition(lambda: bool(self._inbox) or self._may_end())

    async def _act_on(self, cause: Cause) -> None:
        match cause:
            case Wish():
                await self._fulfil(cause)
            case Reported():
                await self._attempts.take_notice(cause.document)
            case Answered():
                await self._attempts.believe(cause)
            case DeadlinePassed():
                await self._attempts.close(cause.number, ClosingCause.DEADLINE, "deadline")
            case DocumentsSent():
                self._documents_sent()
            case RetryWindowOver():
                pass  # `_may_end` looks at the clock; this only wakes the run.
            case _:
                assert_never(cause)

    async def _fulfil(self, wish: Wish) -> None:
        try:
            match wish.message:
                case AwaitInstructions():
                    wish.outcome = await self._attempts.start(wish.message)
                case Cancel():
                    wish.outcome = await self._attempts.cancel(wish.message)
        except ActivityError as failure:
            wish.error = _permanent(failure)
        except ApplicationError as error:
            wish.error = error

    async def _carry_out(self, message: AwaitInstructions | Cancel) -> Outcome:
        wish = Wish(message)
        self._inbox.append(wish)
        await workflow.wait_condition(lambda: wish.is_settled)
        return wish.answer()

    def _documents_sent(self) -> None:
        self._documents.done()
        if self._state.progress is not None:
            self._state.progress = replace(
                self._state.progress, invoice_due=False, receipt_due=False
            )

    def _is_between_messages(self) -> bool:
        return not self._inbox and workflow.all_handlers_finished()

    def _may_end(self) -> bool:
        return (
            self._is_between_messages()
            and not self._state.is_awaiting
            and not self._documents.are_on_their_way
            and not self._follower.is_asking_aside
        )


def _invalid(problem: str) -> ApplicationError:
    return ApplicationError(problem, type=InvalidRequestError.code, non_retryable=True)


def _permanent(failure: ActivityError) -> ApplicationError:
    """The permanent error that an activity ended with, as the update's own."""
    cause = failure.cause
    if isinstance(cause, ApplicationError):
        return ApplicationError(cause.message, *cause.details, type=cause.type, non_retryable=True)
    return ApplicationError(str(failure), type="internal_error", non_retryable=True)
