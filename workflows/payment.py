"""The payment of one order, from checkout to its end (DESIGN §3)."""

import asyncio
from collections import deque
from dataclasses import replace
from typing import assert_never

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.records import RecordActivities
from payments.gateway import ClosingCause
from payments.progress import Progress
from payments.status import PaymentStatus
from workflows import updates
from workflows.alerts import Alerts
from workflows.attempts import Attempts
from workflows.causes import (
    Answered,
    Cause,
    DeadlinePassed,
    DetailsOutlived,
    DocumentsSent,
    Message,
    RefundAnswered,
    RefundDue,
    RefundOverdue,
    Reported,
    TimePassed,
    Wish,
)
from workflows.decisions import Decisions
from workflows.documents import Documents
from workflows.failures import (
    permanent,
    require_actor,
    require_actor_and_reason,
    require_refund_key,
    require_request_of,
)
from workflows.following import Follower
from workflows.messages import (
    AwaitInstructions,
    Cancel,
    GatewayReport,
    Outcome,
    RequestRefund,
    ResolveCase,
    ResolveReview,
    RetryNow,
    StatusView,
    TryAnotherMethod,
)
from workflows.names import PAYMENT_WORKFLOW
from workflows.refunds import Refunds
from workflows.reports import Reports
from workflows.showing import Display
from workflows.state import State
from workflows.steps import Steps
from workflows.switching import Switching
from workflows.updates import update
from workflows.versions import move_on, should_move_on


@workflow.defn(name=PAYMENT_WORKFLOW)
class PaymentWorkflow:
    """The single writer of one order: starts from its rows, acts on causes, closes when idle.

    The start argument never causes an effect; only an accepted update or a signal does.
    """

    @workflow.init
    def __init__(self, order_id: str) -> None:
        self._inbox: deque[Cause] = deque()
        self._state = state = State(order_id, self._show)
        self._display = Display()
        self._alerts = Alerts(order_id, self._show)
        self._steps = Steps(self._alerts)
        self._follower = Follower(order_id, self._steps, self._inbox.append)
        self._documents = Documents(order_id, self._steps, self._inbox.append)
        self._attempts = Attempts(state, self._steps, self._alerts)
        self._switching = Switching(state, self._attempts)
        self._reports = Reports(state, self._steps, self._follower, self._alerts)
        self._decisions = Decisions(state, self._steps, self._follower)
        self._refunds = Refunds(state, self._steps, self._alerts, self._inbox.append)

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

    @update(updates.AWAIT_INSTRUCTIONS)
    async def await_instructions(self, message: AwaitInstructions) -> Outcome:
        """Start paying the order; the same request again only answers how it stands."""
        outcome = await self._carry_out(message)
        await workflow.wait_condition(lambda: not self._switching.is_under_way)
        return outcome

    @await_instructions.validator
    def _validate_request(self, message: AwaitInstructions) -> None:
        require_actor(message.actor)
        require_request_of(self._state.order_id, message.request)

    @update(updates.TRY_ANOTHER_METHOD)
    async def try_another_method(self, message: TryAnotherMethod) -> Outcome:
        """Close the last attempt at the gateway, then open the next one."""
        return await self._carry_out(message)

    @update(updates.CANCEL)
    async def cancel(self, message: Cancel) -> Outcome:
        """End the payment unless the money was faster; `applied` says which it was."""
        outcome = await self._carry_out(message)
        await workflow.wait_condition(lambda: not self._state.is_closing)
        return replace(outcome, applied=self._state.has_status(PaymentStatus.CANCELLED))

    @update(updates.REQUEST_REFUND)
    async def request_refund(self, message: RequestRefund) -> Outcome:
        """Give money back; the same key again is the same refund."""
        return await self._carry_out(message)

    @update(updates.RESOLVE_REVIEW)
    async def resolve_review(self, message: ResolveReview) -> Outcome:
        """Approve or deny a payment in review."""
        return await self._carry_out(message)

    @update(updates.RESOLVE_CASE)
    async def resolve_case(self, message: ResolveCase) -> Outcome:
        """Close a case that waits for a human."""
        return await self._carry_out(message)

    @update(updates.RETRY_NOW)
    async def retry_now(self, message: RetryNow) -> Outcome:
        """Stop waiting, try the stuck step again; `applied` says whether one was stuck."""
        workflow.logger.info("step.retried", extra={"actor": message.actor})
        was_stuck = self._steps.retry_now()
        return Outcome(applied=was_stuck, by_this_call=was_stuck)

    @try_another_method.validator
    def _validate_try_another_method(self, message: TryAnotherMethod) -> None:
        require_actor(message.actor)

    @request_refund.validator
    def _validate_request_refund(self, message: RequestRefund) -> None:
        require_actor_and_reason(message.actor, message.reason)
        require_refund_key(message.refund_key)

    @cancel.validator
    def _validate_cancel(self, message: Cancel) -> None:
        require_actor_and_reason(message.actor, message.reason)

    @resolve_review.validator
    def _validate_resolve_review(self, message: ResolveReview) -> None:
        require_actor_and_reason(message.actor, message.reason)

    @resolve_case.validator
    def _validate_resolve_case(self, message: ResolveCase) -> None:
        require_actor_and_reason(message.actor, message.reason)

    @retry_now.validator
    def _validate_retry_now(self, message: RetryNow) -> None:
        require_actor_and_reason(message.actor, message.reason)

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
            attention=(progress.attention if progress else None)
            or next(iter(self._alerts.sounding), None),
        )

    async def _story(self, order_id: str) -> PaymentStatus | None:
        state = self._state
        self._show()
        await self._read()
        while True:
            while self._inbox:
                await self._act_on(self._inbox.popleft())
            await self._switching.go_on()
            await self._attempts.close_what_is_not_needed()
            self._keep_up()
            # No await from the last look at the inbox to the end, or a message would be lost.
            if self._may_end():
                return state.progress.status if state.progress else None
            if should_move_on(to_newer=state.has_waited_long) and self._is_between_messages():
                move_on(order_id)
            await workflow.wait_condition(lambda: bool(self._inbox) or self._may_end())

    def _keep_up(self) -> None:
        """Let everything beside the story follow where the payment stands now."""
        state = self._state
        self._follower.keep_up(state.progress, state.windows)
        self._refunds.keep_up(state.progress, state.windows)
        self._documents.keep_up(state.progress)
        self._alerts.keep_up(state.progress.open_cases if state.progress else ())
        self._show()

    async def _act_on(self, cause: Cause) -> None:
        match cause:
            case Wish():
                await self._fulfil(cause)
            case Reported():
                await self._reports.take_notice(cause.document)
            case Answered():
                await self._reports.believe(cause)
            case DeadlinePassed():
                await self._attempts.close(cause.number, ClosingCause.DEADLINE, "deadline")
            case RefundDue() | RefundAnswered() | RefundOverdue() | DetailsOutlived():
                await self._refunds.act_on(cause)
            case DocumentsSent():
                await self._documents_sent(cause.progress)
            case TimePassed():
                self._state.has_waited_long |= cause.is_another_day
            case _:
                assert_never(cause)

    async def _fulfil(self, wish: Wish) -> None:
        try:
            wish.outcome = await self._outcome(wish)
        except ActivityError as failure:
            wish.error = permanent(failure)
        except ApplicationError as error:
            # A worker may have died between a write and its report: the rows may allow it.
            if await self._read():
                await self._fulfil(wish)
            else:
                wish.error = error

    async def _outcome(self, wish: Wish) -> Outcome | None:
        """What became of a wish; None while it waits for something."""
        match wish.message:
            case AwaitInstructions() as message:
                return await self._attempts.start(message)
            case TryAnotherMethod() as message:
                return await self._switching.try_another(message, wish)
            case Cancel() as message:
                return await self._attempts.cancel(message)
            case RequestRefund() as message:
                return await self._refunds.request(message)
            case ResolveReview() as message:
                return await self._decisions.resolve_review(message)
            case ResolveCase() as message:
                return await self._decisions.resolve_case(message)

    async def _carry_out(self, message: Message) -> Outcome:
        wish = Wish(message)
        self._inbox.append(wish)
        await workflow.wait_condition(lambda: wish.is_settled)
        return wish.answer()

    async def _documents_sent(self, done: Progress) -> None:
        self._documents.done()
        if not self._state.forget_what_was_due(done):
            await self._read()

    async def _read(self) -> bool:
        """Whether the rows say anything that was not known."""
        state, known = self._state, self._state.progress
        loaded = await self._steps.write(
            RecordActivities.load_payment, state.order_id, "read the order"
        )
        state.read(loaded.progress, loaded.windows)
        return state.progress != known

    def _show(self) -> None:
        # A run that leaves the worker's memory is taken apart outside of its own loop.
        if workflow.in_workflow():
            self._display.show(self._state, self._alerts.sounding)

    def _is_between_messages(self) -> bool:
        """Whether nothing would be lost that is kept nowhere else but here."""
        is_busy = self._alerts.are_on_their_way or self._follower.is_asking_aside
        return not self._inbox and not is_busy and workflow.all_handlers_finished()

    def _may_end(self) -> bool:
        return (
            self._is_between_messages()
            and not self._state.is_awaiting
            and not self._documents.are_on_their_way
        )
