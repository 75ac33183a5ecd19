"""Following an attempt: the customer's deadline, asking the gateway, and closing there."""

from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow

from activities.gateway import GatewayActivities, Question, Wanted
from payments.alerts import AlertCode
from payments.gateway import AttemptRef, ChargeFailure, StatusReport
from payments.progress import AttemptProgress, Progress, Windows
from payments.status import AttemptStatus
from workflows.alarm import Alarm
from workflows.causes import Answered, Cause, DeadlinePassed, TimePassed
from workflows.options import ASK_GATEWAY, SETTLE_AT_GATEWAY, Remote
from workflows.steps import Steps
from workflows.tasks import Tasks, Work

# In review the customer has done their part, so their clock stands still (DESIGN §3).
_CLOCK_RUNS = frozenset({AttemptStatus.PREPARING, AttemptStatus.UNKNOWN, AttemptStatus.PENDING})


class Follower:
    """Keeps timers and questions in step with the payment; what they find becomes a cause."""

    def __init__(self, order_id: str, steps: Steps, add: Callable[[Cause], None]) -> None:
        self._order_id = order_id
        self._steps = steps
        self._add = add
        self._tasks = Tasks()
        self._aside = Tasks()
        self._alarm = Alarm()
        self._asked_before = ""

    @property
    def is_asking_aside(self) -> bool:
        return self._aside.are_running

    def keep_up(self, progress: Progress | None, windows: Windows) -> None:
        """Start what the payment now needs, stop what it no longer needs."""
        self._tasks.keep_up(self._needed(progress, windows) if progress else {})

    def ask_now(self, attempt: AttemptProgress, transaction_id: str | None = None) -> None:
        """Somebody hinted at news of the open attempt: ask at once instead of when due.

        `transaction_id` is the one that the hint is about.
        """
        self._asked_before = ""
        self._tasks.stop(_close_name(attempt))
        if attempt.closing is None:
            self._tasks.restart(
                _ask_name(attempt), lambda: self._ask(attempt, timedelta(0), transaction_id)
            )

    def ask_aside(self, attempt: AttemptRef, transaction_id: str | None = None) -> None:
        """Ask once about an attempt that has ended, or that is not known here.

        `transaction_id`: about that one, and no other of the attempt.
        """
        question = Question(attempt=attempt, wanted=Wanted.ANYTHING, transaction_id=transaction_id)
        # Anew: the answer on its way may have been given before the hint.
        self._aside.restart(f"{attempt.number} {transaction_id}", lambda: self._ask_aside(question))

    def _needed(self, progress: Progress, windows: Windows) -> dict[str, Work]:
        needed: dict[str, Work] = {}
        if _may_take_days(progress):
            needed["day"] = lambda: self._day(windows)
        if progress.retry_until is not None and progress.retry_until > workflow.now():
            until = progress.retry_until
            needed[f"retry window {until}"] = lambda: self._retry_window(until)
        attempt = progress.open_attempt
        if attempt is None:
            return needed
        if attempt.closing is None and attempt.status in _CLOCK_RUNS:
            needed[f"deadline {attempt.number}"] = lambda: self._deadline(attempt)
        if progress.waits_for_a_human:
            return needed
        if attempt.closing is None:
            needed[_ask_name(attempt)] = lambda: self._ask(attempt, windows.first_ask)
        else:
            needed[_close_name(attempt)] = lambda: self._close(attempt, windows)
        return needed

    async def _deadline(self, attempt: AttemptProgress) -> None:
        await self._alarm.sleep_until(attempt.expires_at, "the customer's time to pay")
        self._add(DeadlinePassed(attempt.number))

    async def _retry_window(self, until: datetime) -> None:
        await self._alarm.sleep_until(until, "another method may be tried")
        self._add(TimePassed())

    async def _day(self, windows: Windows) -> None:
        """Wake the run, so that it can move to a newer version of the worker (DESIGN §4)."""
        await self._alarm.sleep(windows.day, "a day of waiting")
        self._add(TimePassed(is_another_day=True))

    async def _ask(
        self, attempt: AttemptProgress, pause: timedelta, transaction_id: str | None = None
    ) -> None:
        if pause:
            await self._alarm.sleep(pause, "ask Midtrans if no notification comes")
        ref = attempt.ref(self._order_id, transaction_id)
        question = Question(attempt=ref, wanted=Wanted.NEWS, known=attempt.transactions)
        report = await self._ask_about(question, ASK_GATEWAY)
        self._add(Answered(number=attempt.number, report=report))

    async def _ask_aside(self, question: Question) -> None:
        report = await self._ask_about(question, ASK_GATEWAY)
        self._add(Answered(number=question.attempt.number, report=report))

    async def _close(self, attempt: AttemptProgress, windows: Windows) -> None:
        """Closed means: the gateway closed it, and it is final or stays absent (DESIGN §3)."""
        if self._asked_before == _close_name(attempt):
            await self._alarm.sleep(windows.first_ask, "close again after a pause")
        self._asked_before = _close_name(attempt)
        ref, what = attempt.ref(self._order_id), f"close attempt {attempt.number} at Midtrans"
        await self._steps.insist(
            lambda: workflow.start_activity_method(
                GatewayActivities.close_attempt, ref, **SETTLE_AT_GATEWAY, summary=what
            ),
            lambda: workflow.start_activity_method(
                GatewayActivities.close_attempt, ref, **ASK_GATEWAY, summary=what
            ),
            AlertCode.GATEWAY_SILENT,
            AlertCode.GATEWAY_REFUSES,
        )
        question = Question(attempt=ref, wanted=Wanted.FINAL)
        report = await self._ask_about(question, SETTLE_AT_GATEWAY)
        # What was never sent cannot appear late.
        if report is None and attempt.failure is not ChargeFailure.UNREACHABLE:
            await self._alarm.sleep(windows.absence, "a late transaction may still appear")
            report = await self._ask_about(question, SETTLE_AT_GATEWAY)
        self._add(Answered(number=attempt.number, report=report, is_closed=True))

    async def _ask_about(self, question: Question, at_first: Remote) -> StatusReport | None:
        what = f"ask Midtrans about attempt {question.attempt.number}"
        return await self._steps.insist(
            lambda: workflow.start_activity_method(
                GatewayActivities.ask_gateway, question, **at_first, summary=what
            ),
            lambda: workflow.start_activity_method(
                GatewayActivities.ask_gateway, question, **ASK_GATEWAY, summary=what
            ),
            AlertCode.GATEWAY_SILENT,
            AlertCode.GATEWAY_REFUSES,
        )


def _may_take_days(progress: Progress) -> bool:
    """Whether the run waits for somebody who has no deadline."""
    attempt = progress.open_attempt
    if attempt is not None:
        return attempt.closing is not None or attempt.status is AttemptStatus.IN_REVIEW
    return bool(progress.open_cases or progress.refunds or progress.retry_until)


def _ask_name(attempt: AttemptProgress) -> str:
    return f"ask {attempt.number}"


def _close_name(attempt: AttemptProgress) -> str:
    return f"close {attempt.number}"
