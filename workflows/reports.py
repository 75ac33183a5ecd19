"""What a run does with what it hears: a notification is a hint, an answer is believed."""

from temporalio import workflow

from activities.records import RecordActivities
from payments.alerts import AlertCode
from payments.commands import Answer, ReceivedNotice, UnmatchedAnswer
from payments.gateway import AttemptRef, StatusReport
from payments.methods import Integration
from payments.notice import Notice, parse_notice
from payments.request import split_gateway_order_id
from payments.status import AttemptStatus, PaymentStatus
from workflows.alerts import Alerts
from workflows.causes import Answered
from workflows.following import Follower
from workflows.messages import GatewayReport
from workflows.state import Heard, State
from workflows.steps import Steps


class Reports:
    def __init__(self, state: State, steps: Steps, follower: Follower, alerts: Alerts) -> None:
        self._state = state
        self._steps = steps
        self._follower = follower
        self._alerts = alerts

    async def take_notice(self, document: GatewayReport) -> None:
        """Keep a notification as it came, and ask the gateway whether it is true."""
        try:
            notice = parse_notice(document)
        except (TypeError, AttributeError, ValueError) as error:
            workflow.logger.error("notice.malformed", extra={"problem": type(error).__name__})
            return
        split = split_gateway_order_id(notice.gateway_order_id)
        if split is None or split[0] != self._state.order_id:
            workflow.logger.error("notice.misrouted")
            return
        self._state.notice = Heard(number=split[1], says=notice.status, at=notice.received_at)
        await self._steps.write(
            RecordActivities.record_notice,
            ReceivedNotice(order_id=self._state.order_id, notice=notice),
            f"keep the notification: {notice.status}",
        )
        progress = self._state.progress
        attempt = progress.attempt(split[1]) if progress else None
        if progress is None or attempt is None:
            self._follower.ask_aside(self._unknown(split[1], notice.transaction_id))
        elif attempt.knows(notice.transaction_id, notice.status) and not _says_more(notice):
            pass  # it only repeats what we hold
        elif attempt is progress.open_attempt and not progress.waits_for_a_human:
            self._follower.ask_now(attempt, notice.transaction_id)
        else:
            ref = attempt.ref(self._state.order_id, notice.transaction_id)
            is_held = attempt.holds(notice.transaction_id)
            self._follower.ask_aside(ref, notice.transaction_id if is_held else None)

    async def believe(self, answered: Answered) -> None:
        """Let the database judge what the gateway answered."""
        report, progress = answered.report, self._state.progress
        says = report.status if report else "no transaction"
        self._state.answer = Heard(number=answered.number, says=says, at=workflow.now())
        if report is None and not answered.is_closed:
            return
        if progress is None or progress.attempt(answered.number) is None:
            if report is not None:
                await self._keep_unmatched(answered.number, report)
            return
        answer = Answer(
            order_id=self._state.order_id,
            number=answered.number,
            report=report,
            is_closed=answered.is_closed,
            at=workflow.now(),
        )
        after = await self._steps.write(
            RecordActivities.record_answer, answer, f"judge Midtrans' answer: {says}"
        )
        self._state.progress = after
        was_reversed = progress.status is PaymentStatus.REVERSED
        if after.status is PaymentStatus.REVERSED and not was_reversed:
            self._alerts.send_once(AlertCode.SETTLEMENT_REVERSED)

    async def _keep_unmatched(self, number: int, report: StatusReport) -> None:
        """An order id of our form that we never stored: money there waits for a human."""
        unmatched = UnmatchedAnswer(
            order_id=self._state.order_id, number=number, report=report, at=workflow.now()
        )
        is_money = await self._steps.write(
            RecordActivities.record_unmatched, unmatched, "keep what matches no order"
        )
        if is_money:
            self._alerts.send_once(AlertCode.UNMATCHED_MONEY)

    def _unknown(self, number: int, transaction_id: str) -> AttemptRef:
        return AttemptRef(
            order_id=self._state.order_id,
            number=number,
            integration=Integration.CORE,
            transaction_id=transaction_id,
        )


def _says_more(notice: Notice) -> bool:
    """Whether one status stands for several events: each refund, and each confirmation of one."""
    return notice.status in _SEVERAL


_SEVERAL = frozenset(
    {AttemptStatus.PARTIALLY_REFUNDED, AttemptStatus.REFUNDED, AttemptStatus.CHARGED_BACK}
)
