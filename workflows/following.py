"""Following an attempt: the customer's deadline, asking the gateway, and closing there."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow

from activities.gateway import GatewayActivities, Question, Wanted
from payments.alerts import AlertCode
from payments.gateway import AttemptRef, ChargeFailure, StatusReport
from payments.progress import AttemptProgress, Progress, Windows
from payments.status import AttemptStatus
from workflows.causes import Answered, Cause, DeadlinePassed, RetryWindowOver
from workflows.options import ASK_GATEWAY, SETTLE_AT_GATEWAY, Remote
from workflows.steps import Steps
from workflows.tasks import Work, start_beside

# In review the customer has done their part, so their clock stands still (DESIGN §3).
_CLOCK_RUNS = frozenset({AttemptStatus.PREPARING, AttemptStatus.UNKNOWN, AttemptStatus.PENDING})


class Follower:
    """Keeps timers and questions in step with the payment; what they find becomes a cause."""

    def __init__(self, order_id: str, steps: Steps, add: Callable[[Cause], None]) -> None:
        self._order_id = order_id
        self._steps = steps
        self._add = add
        self._running: dict[str, asyncio.Task[None]] = {}
        self._asked_before = ""

    @property
    def is_asking_aside(self) -> bool:
        return any(name.startswith("aside") and not t.done() for name, t in self._running.items())

    def keep_up(self, progress: Progress | None, windows: Windows) -> None:
        """Start what the payment now needs, stop what it no longer needs."""
        needed = self._needed(progress, windows) if progress else {}
        for name in [name for name, task in self._running.items() if task.done()]:
            del self._running[name]
        for name in [name for name in self._running if name not in needed]:
            if not name.startswith("aside"):
                self._running.pop(name).cancel()
        for name, start in needed.items():
            if name not in self._running:
                self._start(name, start)

    def ask_now(self, attempt: AttemptProgress, transaction_id: str | None = None) -> None:
        """Somebody hinted at news of the open attempt: ask at once instead of when due.

        `transaction_id` is the one that the hint is about.
        """
        self._asked_before = ""
        for name in [name for name in self._running if name.startswith(("ask", "close"))]:
            self._running.pop(name).cancel()
        if attempt.closing is None:
            self._start(
                _ask_name(attempt), lambda: self._ask(attempt, timedelta(0), transaction_id)
            )

    def ask_aside(self, attempt: AttemptRef) -> None:
        """Ask once about an attempt that has ended, or that is not known here."""
        name = f"aside {attempt.number}"
        if name not in self._running:
            self._start(name, lambda: self._ask_aside(attempt))

    def _start(self, name: str, work: Work) -> None:
        self._running[name] = start_beside(work)

    def _needed(self, progress: Progress, windows: Windows) -> dict[str, Work]:
        needed: dict[str, Work] = {}
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
            needed[f"close {attempt.number}"] = lambda: self._close(attempt, windows)
        return needed

    async def _deadline(self, attempt: AttemptProgress) -> None:
        await _sleep_until(attempt.expires_at, "the customer's time to pay")
        self._add(DeadlinePassed(attempt.number))

    async def _retry_window(self, until: datetime) -> None:
        await _sleep_until(until, "another method may be tried")
        self._add(RetryWindowOver())

    async def _ask(
        self, attempt: AttemptProgress, pause: timedelta, transaction_id: str | None = None
    ) -> None:
        if pause:
            await workflow.sleep(pause, summary="ask Midtrans if no notification comes")
        ref = attempt.ref(self._order_id, transaction_id)
        question = Question(attempt=ref, wanted=Wanted.NEWS, known=attempt.transactions)
        report = await self._ask_about(question, ASK_GATEWAY)
        self._add(Answered(number=attempt.number, report=report))

    async def _ask_aside(self, attempt: AttemptRef) -> None:
        question = Question(attempt=attempt, wanted=Wanted.ANYTHING)
        report = await self._ask_about(question, ASK_GATEWAY)
        self._add(Answered(number=attempt.number, report=report))

    async def _close(self, attempt: AttemptProgress, windows: Windows) -> None:
        """Closed means: the gateway closed it, and it is final or stays absent (DESIGN §3)."""
        if self._asked_before == f"close {attempt.number}":
            await workflow.sleep(windows.first_ask, summary="close again after a pause")
        self._asked_before = f"close {attempt.number}"
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
            await workflow.sleep(windows.absence, summary="a late transaction may still appear")
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


def _ask_name(attempt: AttemptProgress) -> str:
    return f"ask {attempt.number}"


async def _sleep_until(instant: datetime, summary: str) -> None:
    left = instant - workflow.now()
    if left > timedelta(0):
        await workflow.sleep(left, summary=summary)
