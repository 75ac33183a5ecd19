"""What a run does about attempts: open one, close it, and believe what the gateway answers."""

from temporalio import workflow
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
from payments.errors import GatewayRefusedError
from payments.gateway import ClosingCause
from payments.notice import parse_notice
from payments.payment import MONEY_WAS_HERE, AttemptProgress
from payments.request import split_gateway_order_id
from payments.status import AttemptStatus, PaymentStatus
from workflows.causes import Answered
from workflows.following import Follower
from workflows.messages import AwaitInstructions, Cancel, GatewayReport, Outcome
from workflows.options import OPEN_CHARGE
from workflows.state import State
from workflows.writes import write


class Attempts:
    def __init__(self, state: State, follower: Follower) -> None:
        self._state = state
        self._follower = follower

    async def start(self, message: AwaitInstructions) -> Outcome:
        """Store the order and open its first attempt; a repeat finds both done."""
        was_stored = self._state.progress is not None
        placement = Placement(
            request=message.request, attempt=self._new_attempt(message), actor=message.actor
        )
        progress = await write(RecordActivities.place_order, placement, "store the order")
        self._state.progress = progress
        latest = progress.latest_attempt
        if latest.status is AttemptStatus.PREPARING and latest.closing is None:
            await self._open_charge(latest)
        return Outcome(applied=True, by_this_call=not was_stored)

    async def cancel(self, message: Cancel) -> Outcome:
        """Begin to end the payment; whether the money was faster is known once it is closed."""
        progress = self._state.progress
        if progress is None:
            raise ApplicationError("no such order", type="order_unknown", non_retryable=True)
        if progress.status in MONEY_WAS_HERE | {PaymentStatus.CANCELLED}:
            return Outcome(applied=False, by_this_call=False)
        await self.close(
            progress.latest_attempt.number, ClosingCause.CANCEL, message.actor, message.reason
        )
        return Outcome(applied=False, by_this_call=True)

    async def close(
        self, number: int, cause: ClosingCause, actor: str, reason: str | None = None
    ) -> None:
        """Store that the attempt is being closed; the follower then closes it at the gateway."""
        closing = Closing(
            order_id=self._state.order_id,
            number=number,
            cause=cause,
            actor=actor,
            reason=reason,
            at=workflow.now(),
        )
        self._state.progress = await write(
            RecordActivities.begin_closing, closing, f"store that it is being closed: {cause}"
        )

    async def believe(self, answered: Answered) -> None:
        """Let the database judge what the gateway answered."""
        if answered.report is None and not answered.is_closed:
            return
        answer = Answer(
            order_id=self._state.order_id,
            number=answered.number,
            report=answered.report,
            is_closed=answered.is_closed,
            at=workflow.now(),
        )
        says = answered.report.status if answered.report else "no transaction"
        self._state.progress = await write(
            RecordActivities.record_answer, answer, f"judge Midtrans' answer: {says}"
        )

    async def take_notice(self, document: GatewayReport) -> None:
        """Keep a notification as it came; what it says is a hint to ask, never a proof."""
        try:
            notice = parse_notice(document)
        except (TypeError, AttributeError, ValueError) as error:
            workflow.logger.error("notice.malformed", extra={"problem": str(error)})
            return
        split = split_gateway_order_id(notice.gateway_order_id)
        if split is None or split[0] != self._state.order_id:
            workflow.logger.error("notice.misrouted")
            return
        await write(
            RecordActivities.record_notice,
            ReceivedNotice(order_id=self._state.order_id, notice=notice),
            f"keep the notification: {notice.status}",
        )
        progress = self._state.progress
        attempt = progress.attempt(split[1]) if progress else None
        if progress is None or attempt is None:
            return
        if attempt.knows(notice.transaction_id, notice.status):
            return
        if attempt is progress.open_attempt:
            self._follower.ask_now(attempt)
        else:
            self._follower.ask_aside(attempt)

    async def _open_charge(self, attempt: AttemptProgress) -> None:
        try:
            opened = await workflow.execute_activity_method(
                GatewayActivities.open_charge,
                attempt.ref(self._state.order_id),
                **OPEN_CHARGE,
                summary=f"open attempt {attempt.number} at Midtrans: {attempt.method}",
            )
        except ActivityError as failure:
            await self._charge_failed(attempt, failure)
            return
        recorded = OpenedCharge(
            order_id=self._state.order_id,
            number=attempt.number,
            opened=opened,
            at=workflow.now(),
        )
        self._state.progress = await write(
            RecordActivities.record_opened, recorded, "store the payment instructions"
        )

    async def _charge_failed(self, attempt: AttemptProgress, failure: ActivityError) -> None:
        """Refused is final. Anything else may have taken effect: close it and see."""
        cause = failure.cause
        if isinstance(cause, ApplicationError) and cause.type == GatewayRefusedError.code:
            refused = RefusedCharge(
                order_id=self._state.order_id,
                number=attempt.number,
                gateway_code=str(cause.details[0]),
                at=workflow.now(),
            )
            self._state.progress = await write(
                RecordActivities.record_refused, refused, "store that Midtrans refused"
            )
        else:
            await self.close(attempt.number, ClosingCause.CHARGE_FAILED, "gateway")

    def _new_attempt(self, message: AwaitInstructions) -> NewAttempt:
        now = workflow.now()
        return NewAttempt(
            number=1,
            method=message.request.method,
            integration=message.request.integration,
            nonce=workflow.uuid4().hex,
            idempotency_key=str(workflow.uuid4()),
            at=now,
            expires_at=now + self._state.windows.payment,
        )
