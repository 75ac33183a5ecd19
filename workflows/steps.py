"""Steps that must come to their end: tried up to a limit, then alerted about and tried slowly."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    FailureError,
    is_cancelled_exception,
)

from activities.records import RecordActivities
from payments.alerts import AlertCode
from workflows.alerts import Alerts
from workflows.options import DURABLE_WRITE, QUICK_WRITE, SLOW_WRITE

REFUSED_PAUSE = timedelta(minutes=5)

A = TypeVar("A")
R = TypeVar("R")
Start = Callable[[], workflow.ActivityHandle[R]]


class Steps:
    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts
        self._wishes_to_retry = 0
        self._waiting = 0

    def retry_now(self) -> bool:
        """Try again at once whatever is waiting to be tried again; False when nothing is."""
        self._wishes_to_retry += 1
        return self._waiting > 0

    async def write(
        self, activity: Callable[[RecordActivities, A], Awaitable[R]], argument: A, summary: str
    ) -> R:
        """One database write: quick when the database answers, durable when it does not.

        Only an error that is permanent rises.
        """
        try:
            return await workflow.execute_local_activity_method(
                activity, argument, **QUICK_WRITE, summary=summary
            )
        # A local activity raises its own error, a regular one wraps it in an ActivityError.
        except FailureError as failure:
            if is_permanent(failure):
                raise
        workflow.logger.warning("write.delayed", extra={"write": summary})
        return await self.persist(
            lambda: workflow.start_activity_method(
                activity, argument, **DURABLE_WRITE, summary=summary
            ),
            lambda: workflow.start_activity_method(
                activity, argument, **SLOW_WRITE, summary=summary
            ),
            AlertCode.DATABASE_STUCK,
        )

    async def persist(self, at_first: Start[R], slowly: Start[R], stuck: AlertCode) -> R:
        """Carry a step to its end; the administrator hears of it when the first policy gives up."""
        try:
            return await self._with_retries(at_first)
        except ActivityError as failure:
            if is_permanent(failure) or is_cancelled_exception(failure):
                raise
        self._alerts.sound(stuck)
        try:
            return await self._with_retries(slowly)
        finally:
            self._alerts.silence(stuck)

    async def insist(
        self, at_first: Start[R], slowly: Start[R], stuck: AlertCode, refused: AlertCode
    ) -> R:
        """Carry a step to its end even when it is refused: the reason is ours to repair."""
        try:
            while True:
                try:
                    return await self.persist(at_first, slowly, stuck)
                except ActivityError as failure:
                    if is_cancelled_exception(failure):
                        raise
                self._alerts.sound(refused)
                await self.pause(REFUSED_PAUSE)
        finally:
            self._alerts.silence(refused)

    async def pause(self, span: timedelta) -> None:
        """Wait before something is tried again; a wish to retry now ends it."""
        seen = self._wishes_to_retry
        self._waiting += 1
        try:
            await workflow.wait_condition(
                lambda: self._wishes_to_retry != seen,
                timeout=span,
                timeout_summary="before it is tried again",
            )
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1

    async def _with_retries(self, start: Start[R]) -> R:
        """Run the step; a wish to retry now starts it anew instead of waiting for its pause."""
        self._waiting += 1
        try:
            while True:
                seen, handle = self._wishes_to_retry, start()
                try:
                    await self._until_done_or_wished(handle, seen)
                finally:
                    if not handle.done():
                        _give_up(handle)
                if handle.done():
                    return await handle
        finally:
            self._waiting -= 1

    async def _until_done_or_wished(self, handle: workflow.ActivityHandle[Any], seen: int) -> None:
        await workflow.wait_condition(lambda: handle.done() or self._wishes_to_retry != seen)


def is_permanent(failure: FailureError) -> bool:
    error = failure.cause if isinstance(failure, ActivityError) else failure
    return isinstance(error, ApplicationError) and error.non_retryable


def _give_up(handle: workflow.ActivityHandle[Any]) -> None:
    """Nobody waits for it any more; how it ends is looked at, or asyncio would complain."""
    handle.add_done_callback(lambda done: done.cancelled() or done.exception())
    handle.cancel()
