"""Sleeps that share one durable timer: each timer costs two events, and few of them ever fire."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import workflow


@dataclass(frozen=True, slots=True, eq=False)
class _Sleeper:
    until: datetime
    summary: str


class Alarm:
    """One timer at a time, set for whoever wakes first.

    When that one no longer sleeps, the timer stays: once it fires, it is set for the next. It is
    taken back only when nobody sleeps any more.
    """

    def __init__(self) -> None:
        self._sleepers: list[_Sleeper] = []
        self._rings_at: datetime | None = None  # None: it is not set
        self._ringing: asyncio.Task[None] | None = None

    async def sleep(self, span: timedelta, summary: str) -> None:
        """`summary` is what operators see of the timer while this sleeper is the first to wake."""
        await self.sleep_until(workflow.now() + span, summary)

    async def sleep_until(self, instant: datetime, summary: str) -> None:
        sleeper = _Sleeper(instant, summary)
        self._sleepers.append(sleeper)
        try:
            self._keep_up()
            await workflow.wait_condition(lambda: workflow.now() >= instant)
        finally:
            self._sleepers.remove(sleeper)
            if not self._sleepers:
                self._take_back()

    def _keep_up(self) -> None:
        """Set the timer for the first to wake, unless it fires before that anyway."""
        waiting = [each for each in self._sleepers if each.until > workflow.now()]
        first = min(waiting, key=lambda each: each.until, default=None)
        if first is not None and (self._rings_at is None or first.until < self._rings_at):
            self._take_back()
            self._rings_at = first.until
            self._ringing = asyncio.create_task(self._ring(first))

    async def _ring(self, first: _Sleeper) -> None:
        await workflow.sleep(first.until - workflow.now(), summary=first.summary)
        self._rings_at = self._ringing = None
        self._keep_up()

    def _take_back(self) -> None:
        if self._ringing is not None:
            self._ringing.cancel()
        self._rings_at = self._ringing = None
