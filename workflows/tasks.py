"""Work that runs beside the story."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

Work = Callable[[], Coroutine[None, None, None]]


class Tasks:
    """Work by name: of each name one at a time."""

    def __init__(self) -> None:
        self._running: dict[str, asyncio.Task[None]] = {}

    @property
    def are_running(self) -> bool:
        return any(not task.done() for task in self._running.values())

    def keep_up(self, needed: Mapping[str, Work]) -> None:
        """Start what is needed now, stop what no longer is; what is done and needed starts anew."""
        for name in [name for name, task in self._running.items() if task.done()]:
            del self._running[name]
        for name in [name for name in self._running if name not in needed]:
            self.stop(name)
        for name, work in needed.items():
            if name not in self._running:
                self.restart(name, work)

    def restart(self, name: str, work: Work) -> None:
        self.stop(name)
        self._running[name] = start_beside(work)

    def stop(self, name: str) -> None:
        task = self._running.pop(name, None)
        if task is not None:
            task.cancel()


def start_beside(work: Work) -> asyncio.Task[None]:
    """Start work that may be cancelled; what else ends it early is logged, and it is over."""
    return asyncio.create_task(_see_through(work))


async def sleep_until(instant: datetime, summary: str) -> None:
    left = instant - workflow.now()
    if left > timedelta(0):
        await workflow.sleep(left, summary=summary)


async def _see_through(work: Work) -> None:
    try:
        await work()
    except ActivityError as failure:
        if not is_cancelled_exception(failure):
            workflow.logger.warning("task.failed", extra={"failure": str(failure)})
