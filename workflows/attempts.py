"""What a run does to attempts: open one, and close it."""

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.gateway import GatewayActivities
from activities.records import RecordActivities
from payments.alerts import AlertCode
from payments.charging import NewAttempt
from payments.commands import (
    AnotherAttempt,
    Closing,
    OpenedCharge,
    Placement,
    RefusedCharge,
)
from payments.errors import GatewayBusyError, GatewayRefusedError, GatewayUnreachableError
from payments.gateway import ChargeFailure, ClosingCause
from payments.methods import Integration, PaymentMethod
from payments.payment import MONEY_WAS_HERE
from payments.progress import AttemptProgress
from payments.status import AttemptStatus, PaymentStatus
from workflows.alerts import Alerts
from workflows.messages import AwaitInstructions, Cancel, Outcome, TryAnotherMethod
from workflows.options import OPEN_CHARGE
from workflows.state import Heard, State
from workflows.steps import Steps

# Refusals that a key, an activation or a deactivated account explains (fact sheet §8.3).
_OUR_FAULT = frozenset({"401", "402", "403", "410"})
_NEVER_SENT = frozenset({GatewayUnreachableError.code, GatewayBusyError.code})


class Attempts:
    def __init__(self, state: State, steps: Steps, alerts: Alerts) -> None:
        self._state = state
        self._steps = steps
        self._alerts = alerts
        self.opened_here: set[int] = set()

    async def start(self, message: AwaitInstructions) -> Outcome:
        """Store the order and open its first attempt; a repeat finds both done."""
        was_stored = self._state.progress is not None
        request = message.request
        placement = Placement(
            request=request,
            attempt=self._new_attempt(1, request.method, request.integration),
            actor=message.actor,
        )
        progress = await self._steps.write(
            RecordActivities.place_order, placement, "store the order"
        )
        self._state.progress = progress
        await self.open_what_is_stored()
        return Outcome(applied=True, by_this_call=not was_stored)

    async def open_next(self, message: TryAnotherMethod) -> None:
        """Store and open the attempt after the one that is over."""
        another = AnotherAttempt(
            order_id=self._state.order_id,
            attempt=self._new_attempt(
                message.after_attempt + 1, message.method, message.integration
            ),
            actor=message.actor,
        )
        progress = await self._steps.write(
            RecordActivities.add_attempt, another, f"store attempt {another.attempt.number}"
        )
        self._state.progress = progress
        await self.open_what_is_stored()

    async def open_what_is_stored(self) -> None:
        """Open the latest attempt unless that was done: its worker may have died in between."""
        latest = self._state.stored().latest_attempt
        if latest.status is AttemptStatus.PREPARING and latest.closing is None:
            await self._open_charge(latest)

    async def cancel(self, message: Cancel) -> Outcome:
        """Begin to end the payment; whether the money was faster is known once it is closed."""
        progress = self._state.stored()
        if progress.status in MONEY_WAS_HERE | {PaymentStatus.CANCELLED}:
            return Outcome(applied=False, by_this_call=False)
        await self.close(
            progress.latest_attempt.number, ClosingCause.CANCEL, message.actor, message.reason
        )
        return Outcome(applied=False, by_this_call=True)

    async def close_what_is_not_needed(self) -> None:
        """The order is paid by another attempt: nobody must be able to pay this one too."""
        progress = self._state.progress
        attempt = progress.open_attempt if progress else None
        if progress is None or attempt is None or attempt.closing is not None:
            return
        if progress.status in MONEY_WAS_HERE:
            await self.close(attempt.number, ClosingCause.OTHER_METHOD, "service")

    async def close(
        self,
        number: int,
        cause: ClosingCause,
        actor: str,
        reason: str | None = None,
        failure: ChargeFailure | None = None,
    ) -> None:
        """Store that the attempt is being closed; the follower then closes it at the gateway."""
        closing = Closing(
            order_id=self._state.order_id,
            number=number,
            cause=cause,
            actor=actor,
            reason=reason,
            failure=failure,
            at=workflow.now(),
        )
        self._state.progress = await self._steps.write(
            RecordActivities.begin_closing, closing, f"store that it is being closed: {cause}"
        )

    async def _open_charge(self, attempt: AttemptProgress) -> None:
        self.opened_here.add(attempt.number)
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
        if opened.report is not None:
            says = opened.report.status
            self._state.answer = Heard(number=attempt.number, says=says, at=workflow.now())
        recorded = OpenedCharge(
            order_id=self._state.order_id,
            number=attempt.number,
            opened=opened,
            at=workflow.now(),
        )
        self._state.progress = await self._steps.write(
            RecordActivities.record_opened, recorded, "store the payment instructions"
        )

    async def _charge_failed(self, attempt: AttemptProgress, failure: ActivityError) -> None:
        """Refused is final. Anything else may have taken effect: close it and see."""
        error = failure.cause
        code = error.type if isinstance(error, ApplicationError) else None
        if isinstance(error, ApplicationError) and code == GatewayRefusedError.code:
            await self._refused(attempt, str(error.details[0]))
            return
        never_sent = code in _NEVER_SENT
        why = ChargeFailure.UNREACHABLE if never_sent else ChargeFailure.UNKNOWN
        await self.close(attempt.number, ClosingCause.CHARGE_FAILED, "gateway", failure=why)

    async def _refused(self, attempt: AttemptProgress, gateway_code: str) -> None:
        refused = RefusedCharge(
            order_id=self._state.order_id,
            number=attempt.number,
            gateway_code=gateway_code,
            at=workflow.now(),
        )
        self._state.progress = await self._steps.write(
            RecordActivities.record_refused, refused, f"store the refusal: {gateway_code}"
        )
        if gateway_code in _OUR_FAULT:
            self._alerts.send_once(AlertCode.GATEWAY_REFUSES)

    def _new_attempt(
        self, number: int, method: PaymentMethod, integration: Integration
    ) -> NewAttempt:
        now = workflow.now()
        return NewAttempt(
            number=number,
            method=method,
            integration=integration,
            nonce=workflow.uuid4().hex,
            idempotency_key=str(workflow.uuid4()),
            at=now,
            expires_at=now + self._state.windows.payment,
        )
