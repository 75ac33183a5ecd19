"""What a run does to give money back: ask for it, send it, see it confirmed."""

from collections.abc import Callable
from datetime import datetime
from typing import assert_never

from temporalio import workflow

from activities.gateway import GatewayActivities, Question, Wanted
from activities.records import RecordActivities
from payments.alerts import AlertCode
from payments.commands import (
    AnsweredRefund,
    ForgottenDetails,
    SentRefund,
    StuckRefund,
    WantedRefund,
)
from payments.progress import Progress, RefundProgress, Windows
from payments.refunding import RefundWish
from payments.refunds import RefundAnswer, RefundOutcome, RefundRef, RefundStatus
from workflows.alerts import Alerts
from workflows.causes import (
    AboutRefund,
    Answered,
    Cause,
    DetailsOutlived,
    RefundAnswered,
    RefundDue,
    RefundOverdue,
)
from workflows.messages import Outcome, RequestRefund
from workflows.options import ASK_GATEWAY, SETTLE_AT_GATEWAY
from workflows.state import State
from workflows.steps import Steps
from workflows.tasks import Tasks, Work, sleep_until

_SEND = "send"
_TRY_LATER = frozenset({RefundOutcome.NO_FUNDS, RefundOutcome.NOT_YET})


class Refunds:
    """Keeps what refunds need in step with the payment; what it finds becomes a cause."""

    def __init__(
        self, state: State, steps: Steps, alerts: Alerts, add: Callable[[Cause], None]
    ) -> None:
        self._state = state
        self._steps = steps
        self._alerts = alerts
        self._add = add
        self._tasks = Tasks()
        self._confirmed_before: set[str] = set()

    async def request(self, message: RequestRefund) -> Outcome:
        """Store the wish; the gateway hears of it afterwards."""
        before = self._state.stored()
        wish = RefundWish(
            refund_key=message.refund_key,
            amount=message.amount,
            reason=message.reason,
            actor=message.actor,
            by_transfer=message.by_transfer,
        )
        wanted = WantedRefund(order_id=self._state.order_id, wish=wish, at=workflow.now())
        progress = await self._steps.write(
            RecordActivities.request_refund, wanted, f"store the refund {message.refund_key}"
        )
        self._state.progress = progress
        return Outcome(applied=True, by_this_call=progress.version != before.version)

    async def act_on(self, cause: AboutRefund) -> None:
        match cause:
            case RefundDue():
                await self._record_sent(cause)
            case RefundAnswered():
                await self._record(cause)
            case RefundOverdue():
                await self._record_overdue(cause)
            case DetailsOutlived():
                await self._forget_details(cause)
            case _:
                assert_never(cause)

    async def _record_sent(self, due: RefundDue) -> None:
        """Store that the gateway may know the refund from now on; then it is sent."""
        sent = SentRefund(
            order_id=self._state.order_id, refund_key=due.refund_key, at=workflow.now()
        )
        self._state.progress = await self._steps.write(
            RecordActivities.record_refund_sent, sent, f"store that it is sent: {due.refund_key}"
        )

    async def _record(self, answered: RefundAnswered) -> None:
        """Store what the gateway made of a refund."""
        recorded = AnsweredRefund(
            order_id=self._state.order_id,
            refund_key=answered.refund_key,
            answer=answered.answer,
            at=workflow.now(),
        )
        outcome = answered.answer.outcome
        self._state.progress = await self._steps.write(
            RecordActivities.record_refund, recorded, f"store the refund's answer: {outcome}"
        )
        if outcome is RefundOutcome.REFUSED:
            self._alerts.send_once(AlertCode.REFUND_REFUSED)

    async def _record_overdue(self, overdue: RefundOverdue) -> None:
        """Open a case: nobody says what became of the refund."""
        stuck = StuckRefund(
            order_id=self._state.order_id, refund_key=overdue.refund_key, at=workflow.now()
        )
        self._state.progress = await self._steps.write(
            RecordActivities.record_refund_stuck, stuck, "open a case: the refund is stuck"
        )

    async def _forget_details(self, outlived: DetailsOutlived) -> None:
        """Delete the bank details of a manual refund that was transferred long ago."""
        forgotten = ForgottenDetails(
            order_id=self._state.order_id, refund_key=outlived.refund_key, at=workflow.now()
        )
        self._state.progress = await self._steps.write(
            RecordActivities.forget_bank_details, forgotten, "delete the bank details"
        )

    def keep_up(self, progress: Progress | None, windows: Windows) -> None:
        """Start what the refunds now need, stop what they no longer need."""
        needed: dict[str, Work] = {}
        for refund in progress.refunds if progress else ():
            needed |= self._needed(refund, windows)
        self._tasks.keep_up(needed)
        if not any(name.startswith(_SEND) for name in needed):
            self._alerts.silence(AlertCode.REFUND_FUNDS)

    def _needed(self, refund: RefundProgress, windows: Windows) -> dict[str, Work]:
        key = refund.refund_key
        needed: dict[str, Work] = {}
        if refund.is_to_be_sent and refund.sent_at is None:
            needed[f"due {key}"] = lambda: self._due(refund)
        elif refund.is_to_be_sent and not refund.is_stuck:
            needed[f"{_SEND} {key}"] = lambda: self._send(refund, windows)
        if refund.status is RefundStatus.ACCEPTED:
            needed[f"confirm {key}"] = lambda: self._confirm(refund, windows)
        if refund.is_at_the_gateway and not refund.is_stuck:
            needed[f"overdue {key}"] = lambda: self._overdue(refund, windows)
        forget_at = refund.forget_at
        if forget_at is not None:
            needed[f"forget {key}"] = lambda: self._outlive(key, forget_at)
        return needed

    async def _due(self, refund: RefundProgress) -> None:
        self._add(RefundDue(refund.refund_key))

    async def _send(self, refund: RefundProgress, windows: Windows) -> None:
        """Send it until it is taken or refused; every try has the same key."""
        answer = await self._sent(refund)
        while answer.outcome in _TRY_LATER:
            if answer.outcome is RefundOutcome.NO_FUNDS:
                self._alerts.sound(AlertCode.REFUND_FUNDS)
            await self._steps.pause(windows.refund_retry)
            answer = await self._sent(refund)
        if answer.outcome is RefundOutcome.ABSENT:
            self._add(RefundOverdue(refund.refund_key))
            return
        if answer.outcome is RefundOutcome.REFUSED:
            # Perhaps because somebody has given it back in the dashboard: first see what is left.
            await self._ask(refund, Wanted.ANYTHING)
        self._add(RefundAnswered(refund_key=refund.refund_key, answer=answer))

    async def _sent(self, refund: RefundProgress) -> RefundAnswer:
        ref = RefundRef(order_id=self._state.order_id, refund_key=refund.refund_key)
        what = f"refund at Midtrans: {refund.refund_key}"
        return await self._steps.insist(
            lambda: workflow.start_activity_method(
                GatewayActivities.send_refund, ref, **SETTLE_AT_GATEWAY, summary=what
            ),
            lambda: workflow.start_activity_method(
                GatewayActivities.send_refund, ref, **ASK_GATEWAY, summary=what
            ),
            AlertCode.GATEWAY_SILENT,
            AlertCode.GATEWAY_REFUSES,
        )

    async def _confirm(self, refund: RefundProgress, windows: Windows) -> None:
        """Ask until the bank has confirmed; that takes minutes, or days."""
        if refund.refund_key in self._confirmed_before:
            await workflow.sleep(windows.refund_retry, summary="ask again after a pause")
        self._confirmed_before.add(refund.refund_key)
        await self._ask(refund, Wanted.CONFIRMED)

    async def _ask(self, refund: RefundProgress, wanted: Wanted) -> None:
        attempt = self._state.stored().attempts[refund.attempt - 1]
        question = Question(
            attempt=attempt.ref(self._state.order_id, refund.transaction_id),
            wanted=wanted,
            transaction_id=refund.transaction_id,
            refund=refund.gateway_key,
        )
        what = f"ask Midtrans about refund {refund.refund_key}"
        report = await self._steps.insist(
            lambda: workflow.start_activity_method(
                GatewayActivities.ask_gateway, question, **ASK_GATEWAY, summary=what
            ),
            lambda: workflow.start_activity_method(
                GatewayActivities.ask_gateway, question, **ASK_GATEWAY, summary=what
            ),
            AlertCode.GATEWAY_SILENT,
            AlertCode.GATEWAY_REFUSES,
        )
        self._add(Answered(number=refund.attempt, report=report))

    async def _overdue(self, refund: RefundProgress, windows: Windows) -> None:
        since = refund.sent_at or refund.created_at
        await sleep_until(since + windows.refund_stuck, "the refund should be confirmed by then")
        self._add(RefundOverdue(refund.refund_key))

    async def _outlive(self, refund_key: str, forget_at: datetime) -> None:
        await sleep_until(forget_at, "the bank details are kept until then")
        self._add(DetailsOutlived(refund_key))
