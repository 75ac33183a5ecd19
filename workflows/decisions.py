"""What operators decide: about a payment in review, and about a case."""

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.gateway import GatewayActivities, Review
from activities.records import RecordActivities
from payments.alerts import AlertCode
from payments.commands import CaseDecision, ReviewDecided
from payments.status import AttemptStatus
from workflows.following import Follower
from workflows.messages import Outcome, ResolveCase, ResolveReview
from workflows.options import ASK_GATEWAY, SETTLE_AT_GATEWAY
from workflows.state import State
from workflows.steps import Steps


class Decisions:
    def __init__(self, state: State, steps: Steps, follower: Follower) -> None:
        self._state = state
        self._steps = steps
        self._follower = follower

    async def resolve_review(self, message: ResolveReview) -> Outcome:
        """Tell the gateway; what becomes of the payment is what the gateway then answers."""
        progress = self._state.stored()
        attempt = progress.open_attempt
        if attempt is None or attempt.status is not AttemptStatus.IN_REVIEW:
            raise ApplicationError(
                "the payment is not in review", type="not_in_review", non_retryable=True
            )
        decided = ReviewDecided(
            order_id=self._state.order_id,
            number=attempt.number,
            decision=message.decision,
            actor=message.actor,
            at=workflow.now(),
        )
        await self._steps.write(
            RecordActivities.record_review, decided, f"store the decision: {message.decision}"
        )
        review = Review(attempt=attempt.ref(self._state.order_id), decision=message.decision)
        what = f"tell Midtrans: {message.decision}"
        await self._steps.insist(
            lambda: workflow.start_activity_method(
                GatewayActivities.decide_review, review, **SETTLE_AT_GATEWAY, summary=what
            ),
            lambda: workflow.start_activity_method(
                GatewayActivities.decide_review, review, **ASK_GATEWAY, summary=what
            ),
            AlertCode.GATEWAY_SILENT,
            AlertCode.GATEWAY_REFUSES,
        )
        self._follower.ask_now(attempt)
        return Outcome(applied=True, by_this_call=True)

    async def resolve_case(self, message: ResolveCase) -> Outcome:
        decision = CaseDecision(
            order_id=self._state.order_id,
            case_id=message.case_id,
            resolution=message.resolution,
            actor=message.actor,
            reason=message.reason,
            at=workflow.now(),
            reference=message.reference,
            amount=message.amount,
        )
        self._state.progress = await self._steps.write(
            RecordActivities.resolve_case, decision, f"case {message.case_id}: {message.resolution}"
        )
        return Outcome(applied=True, by_this_call=True)
