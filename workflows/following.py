"""Following an attempt: the customer's deadline, asking the gateway, and closing there."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from activities.gateway import GatewayActivities, Question, Wanted
from payments.gateway import StatusReport
from payments.payment import AttemptProgress, Progress, Windows
from payments.status import AttemptStatus
from workflows.causes import Answered, Cause, DeadlinePassed, RetryWindowOver
from workflows.options import ASK_GATEWAY, CLOSE_ATTEMPT

# In review the customer has done their part, so their clock stands still (DESIGN §3).
_CLOCK_RUNS = frozenset({AttemptStatus.PREPARING, AttemptStatus.UNKNOWN, AttemptStatus.PENDING})


class Follower:
    """Keeps timers and questions in step with the payment; what they find becomes a cause."""

    def __init__(self, order_id: str, add: Callable[[Cause], None]) -> None:
        self._order_id = order_id
        self._add = add
        self._running: dict[str, asyncio.Task[None]] = {}
        self._asked_before = ""

    @property
    def is_asking_aside(self) -> bool:
        return any(name.startswith("aside") for name in self._running)

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
                self._start(name, start())

    def ask_now(self, attempt: AttemptProgress) -> None:
        """Somebody hinted at news of the open attempt: ask at once instead of when due."""
        self._asked_before = ""
        for name in [name for name in self._running if name.startswith(("ask", "close"))]:
            self._running.pop(name).cancel()
        if attempt.closing is None:
            self._start(_ask_name(attempt), self._ask(attempt, timedelta(0)))

    def ask_aside(self, attempt: AttemptProgress) -> None:
        """Ask once about an attempt that has ended."""
        name = f"aside {attempt.number}"
        if name not in self._running:
            self._start(name, self._ask_aside(attempt))

    def _start(self, name: str, work: Coroutine[None, None, None]) -> None:
        self._running[name] = asyncio.create_task(_see_through(work))

    def _needed(
        self, progress: Progress, windows: Windows
    ) -> dict[str, Callable[[], Coroutine[None, None, None]]]:
        needed: dict[str, Callable[[], Coroutine[None, None, None]]] = {}
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

    async def _ask(self, attempt: AttemptProgress, pause: timedelta) -> None:
        if pause:
            await workflow.sleep(pause, summary="ask Midtrans if no notification comes")
        report = await self._answer(attempt, Wanted.NEWS)
        self._add(Answered(number=attempt.number, report=report))

    async def _ask_aside(self, attempt: AttemptProgress) -> None:
        report = await self._answer(attempt, Wanted.ANYTHING)
        self._add(Answered(number=attempt.number, report=report))

    async def _close(self, attempt: AttemptProgress, windows: Windows) -> None:
        """Closed means: the gateway closed it, and it is final or stays absent (DESIGN §3)."""
        if self._asked_before == f"close {attempt.number}":
            await workflow.sleep(windows.first_ask, summary="close again after a pause")
        self._asked_before = f"close {attempt.number}"
        await workflow.execute_activity_method(
            GatewayActivities.close_attempt,
            attempt.ref(self._order_id),
            **CLOSE_ATTEMPT,
            summary=f"close attempt {attempt.number} at Midtrans",
        )
        report = await self._answer(attempt, Wanted.FINAL)
        if report is None:
            await workflow.sleep(windows.absence, summary="a late transaction may still appear")
            report = await self._answer(attempt, Wanted.FINAL)
        self._add(Answered(number=attempt.number, report=report, is_closed=True))

    async def _answer(self, attempt: AttemptProgress, wanted: Wanted) -> StatusReport | None:
        question = Question(
            attempt=attempt.ref(self._order_id), wanted=wanted, known=attempt.transactions
        )
        return await workflow.execute_activity_method(
            GatewayActivities.ask_gateway,
            question,
            **ASK_GATEWAY,
            summary=f"ask Midtrans about attempt {attempt.number}",
        )


async def _see_through(work: Coroutine[None, None, None]) -> None:
    """A refused question ends here; it is asked again after a pause."""
    try:
        await work
    except ActivityError as failure:
        if not is_cancelled_exception(failure):
            workflow.logger.warning("gateway.question_failed", extra={"failure": str(failure)})


def _ask_name(attempt: AttemptProgress) -> str:
    return f"ask {attempt.number}"


async def _sleep_until(instant: datetime, summary: str) -> None:
    left = instant - workflow.now()
    if left > timedelta(0):
        await workflow.sleep(left, summary=summary)
