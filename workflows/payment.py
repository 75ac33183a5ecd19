"""The payment of one order, from checkout to its end (DESIGN §3)."""

import asyncio
from collections import deque
from dataclasses import replace
from typing import assert_never

from temporalio import workflow
from temporalio.common import VersioningBehavior
from temporalio.exceptions import ActivityError, ApplicationError

from activities.gateway import GatewayActivities
from activities.records import RecordActivities
from payments.changes import NewAttempt
from payments.commands import (
    Answer,
    Closing,
    OpenedCharge,
    Placement,
    ReceivedNotice,
    RefusedCharge,
)
from payments.errors import GatewayRefusedError, InvalidRequestError
from payments.gateway import ClosingCause
from payments.notice import parse_notice
from payments.payment import MONEY_WAS_HERE, AttemptProgress, Progress, Windows
from payments.request import check_request, split_gateway_order_id
from payments.status import AttemptStatus, PaymentStatus
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
from workflows.options import OPEN_CHARGE
from workflows.showing import Display
from workflows.writes import write


@workflow.defn(name=PAYMENT_WORKFLOW, versioning_behavior=VersioningBehavior.PINNED)
class PaymentWorkflow:
    """The single writer of one order: starts from its rows, acts on causes, closes when idle.

    The start argument never causes an effect; only an accepted update or a signal does.
    """

    @workflow.init
    def __init__(self, order_id: str) -> None:
        self._order_id = order_id
        self._inbox: deque[Cause] = deque()
        self._progress: Progress | None = None
        self._windows = Windows()
        self._follower = Follower(order_id, self._inbox.append)
        self._documents = Documents(order_id, self._inbox.append)
        self._display = Display()

    @workflow.run
    async def run(self, order_id: str) -> PaymentStatus | None:
        """Carry the order's payment to its end; the status it has when nothing is awaited."""
        story = asyncio.create_task(self._story())
        while True:
            try:
                # Shielded, because Temporal's own Cancel must not tear an effect in two.
                return await asyncio.shield(story)
            except asyncio.CancelledError:
                if story.done():
                    raise
                wish = Cancel(actor="temporal", reason="cancelled in Temporal")
                self._inbox.append(Wish(wish))

    @workflow.signal
    def gateway_reported(self, document: GatewayReport) -> None:
        """A notification came from the gateway."""
        self._inbox.append(Reported(document))

    @workflow.update
    async def await_instructions(self, message: AwaitInstructions) -> Outcome:
        """Start paying the order; the same request again only answers how it stands."""
        wish = Wish(message)
        self._inbox.append(wish)
        await workflow.wait_condition(lambda: wish.is_settled)
        return wish.answer()

    @await_instructions.validator
    def _validate_request(self, message: AwaitInstructions) -> None:
        try:
            check_request(message.request)
        except InvalidRequestError as error:
            raise ApplicationError(str(error), type=error.code, non_retryable=True) from error
        if message.request.order_id != self._order_id:
            raise ApplicationError("order_id: not this run's order", type=InvalidRequestError.code)

    @workflow.update
    async def cancel(self, message: Cancel) -> Outcome:
        """End the payment unless the money was faster."""
        wish = Wish(message)
        self._inbox.append(wish)
        await workflow.wait_condition(lambda: wish.is_settled)
        outcome = wish.answer()
        await workflow.wait_condition(lambda: not self._is_closing())
        return replace(outcome, applied=self._has_status(PaymentStatus.CANCELLED))

    @cancel.validator
    def _validate_cancel(self, message: Cancel) -> None:
        for name, text in (("actor", message.actor), ("reason", message.reason)):
            if not text.strip():
                raise ApplicationError(
                    f"{name}: must not be empty", type=InvalidRequestError.code, non_retryable=True
                )

    @workflow.query
    def status(self) -> StatusView:
        """Where the payment stands, for operators; checkout reads the database."""
        progress = self._progress
        attempt = progress.latest_attempt if progress else None
        return StatusView(
            order_id=self._order_id,
            status=progress.status if progress else None,
            attempt=attempt.number if attempt else 0,
            expires_at=attempt.expires_at if attempt else None,
            attention=progress.attention if progress else None,
        )

    async def _story(self) -> PaymentStatus | None:
        await self._load()
        while True:
            while self._inbox:
                await self._act_on(self._inbox.popleft())
            self._follower.keep_up(self._progress, self._windows)
            self._documents.keep_up(self._progress)
            self._display.show(self._progress)
            # No await from the last look at the inbox to the end, or a message would be lost.
            if self._may_end():
                return self._progress.status if self._progress else None
            if workflow.info().is_continue_as_new_suggested() and self._is_between_messages():
                workflow.continue_as_new(self._order_id)
            await workflow.wait_condition(lambda: bool(self._inbox) or self._may_end())

    async def _load(self) -> None:
        loaded = await write(RecordActivities.load_payment, self._order_id, "read the order")
        self._progress, self._windows = loaded.progress, loaded.windows

    async def _act_on(self, cause: Cause) -> None:
        match cause:
            case Wish():
                await self._fulfil(cause)
            case Reported():
                await self._take_notice(cause.document)
            case Answered():
                await self._believe(cause)
            case DeadlinePassed():
                await self._close(cause.number, ClosingCause.DEADLINE, "deadline")
            case DocumentsSent():
                self._documents_sent()
            case RetryWindowOver():
                pass  # `_may_end` looks at the clock; this only wakes the run.
            case _:
                assert_never(cause)

    async def _fulfil(self, wish: Wish[AwaitInstructions] | Wish[Cancel]) -> None:
        try:
            match wish.message:
                case AwaitInstructions():
                    wish.outcome = await self._start_payment(wish.message)
                case Cancel():
                    wish.outcome = await self._cancel(wish.message)
        except ActivityError as failure:
            wish.error = _permanent(failure)
        except ApplicationError as error:
            wish.error = error

    async def _start_payment(self, message: AwaitInstructions) -> Outcome:
        was_stored = self._progress is not None
        now = workflow.now()
        attempt = NewAttempt(
            number=1,
            method=message.request.method,
            integration=message.request.integration,
            nonce=workflow.uuid4().hex,
            idempotency_key=str(workflow.uuid4()),
            at=now,
            expires_at=now + self._windows.payment,
        )
        placement = Placement(request=message.request, attempt=attempt, actor=message.actor)
        self._progress = await write(RecordActivities.place_order, placement, "store the order")
        latest = self._progress.latest_attempt
        if latest.status is AttemptStatus.PREPARING and latest.closing is None:
            await self._open_charge(latest)
        return Outcome(applied=True, by_this_call=not was_stored)

    async def _open_charge(self, attempt: AttemptProgress) -> None:
        ref = attempt.ref(self._order_id)
        try:
            opened = await workflow.execute_activity_method(
                GatewayActivities.open_charge,
                ref,
                **OPEN_CHARGE,
                summary=f"open attempt {attempt.number} at Midtrans: {attempt.method}",
            )
        except ActivityError as failure:
            await self._charge_failed(attempt, failure)
            return
        self._progress = await write(
            RecordActivities.record_opened,
            OpenedCharge(
                order_id=self._order_id, number=attempt.number, opened=opened, at=workflow.now()
            ),
            "store the payment instructions",
        )

    async def _charge_failed(self, attempt: AttemptProgress, failure: ActivityError) -> None:
        """Refused is final. Anything else may have taken effect: close it and see."""
        cause = failure.cause
        if isinstance(cause, ApplicationError) and cause.type == GatewayRefusedError.code:
            refused = RefusedCharge(
                order_id=self._order_id,
                number=attempt.number,
                gateway_code=str(cause.details[0]),
                at=workflow.now(),
            )
            self._progress = await write(
                RecordActivities.record_refused, refused, "store that Midtrans refused"
            )
        else:
            await self._close(attempt.number, ClosingCause.CHARGE_FAILED, "gateway")

    async def _take_notice(self, document: GatewayReport) -> None:
        try:
            notice = parse_notice(document)
        except (TypeError, AttributeError, ValueError) as error:
            workflow.logger.error("notice.malformed", extra={"problem": str(error)})
            return
        split = split_gateway_order_id(notice.gateway_order_id)
        if split is None or split[0] != self._order_id:
            workflow.logger.error("notice.misrouted")
            return
        await write(
            RecordActivities.record_notice,
            ReceivedNotice(order_id=self._order_id, notice=notice),
            f"keep the notification: {notice.status}",
        )
        attempt = self._progress.attempt(split[1]) if self._progress else None
        if self._progress is None or attempt is None:
            return
        if attempt.knows(notice.transaction_id, notice.status):
            return
        if attempt is self._progress.open_attempt:
            self._follower.ask_now(attempt)
        else:
            self._follower.ask_aside(attempt)

    async def _believe(self, answered: Answered) -> None:
        if answered.report is None and not answered.is_closed:
            return
        answer = Answer(
            order_id=self._order_id,
            number=answered.number,
            report=answered.report,
            is_closed=answered.is_closed,
            at=workflow.now(),
        )
        says = answered.report.status if answered.report else "no transaction"
        self._progress = await write(
            RecordActivities.record_answer, answer, f"judge Midtrans' answer: {says}"
        )

    async def _cancel(self, message: Cancel) -> Outcome:
        progress = self._progress
        if progress is None:
            raise ApplicationError("no such order", type="order_unknown", non_retryable=True)
        if progress.status in MONEY_WAS_HERE | {PaymentStatus.CANCELLED}:
            return Outcome(applied=False, by_this_call=False)
        await self._close(
            progress.latest_attempt.number, ClosingCause.CANCEL, message.actor, message.reason
        )
        return Outcome(applied=False, by_this_call=True)

    async def _close(
        self, number: int, cause: ClosingCause, actor: str, reason: str | None = None
    ) -> None:
        closing = Closing(
            order_id=self._order_id,
            number=number,
            cause=cause,
            actor=actor,
            reason=reason,
            at=workflow.now(),
        )
        self._progress = await write(
            RecordActivities.begin_closing, closing, f"store that it is being closed: {cause}"
        )

    def _documents_sent(self) -> None:
        self._documents.done()
        if self._progress is not None:
            self._progress = replace(self._progress, invoice_due=False, receipt_due=False)

    def _is_between_messages(self) -> bool:
        return not self._inbox and workflow.all_handlers_finished()

    def _may_end(self) -> bool:
        return self._is_between_messages() and not self._is_awaiting()

    def _is_awaiting(self) -> bool:
        progress = self._progress
        if self._documents.are_on_their_way or self._follower.is_asking_aside:
            return True
        if progress is None:
            return False
        if progress.open_attempt is not None or progress.attention is not None:
            return True
        until = progress.retry_until
        return until is not None and workflow.now() < until

    def _is_closing(self) -> bool:
        attempt = self._progress.open_attempt if self._progress else None
        return attempt is not None and attempt.closing is not None

    def _has_status(self, status: PaymentStatus) -> bool:
        return self._progress is not None and self._progress.status is status


def _permanent(failure: ActivityError) -> ApplicationError:
    """The error an activity ended with, as the update's own."""
    cause = failure.cause
    if isinstance(cause, ApplicationError):
        return ApplicationError(cause.message, *cause.details, type=cause.type, non_retryable=True)
    return ApplicationError(str(failure), type="internal_error", non_retryable=True)
