"""Where everybody waits at his point until the process is killed, with all of them at once."""

import asyncio
import os
import signal
from collections.abc import Awaitable
from contextlib import suppress
from datetime import timedelta
from typing import Never

from tests.crash.points import Book, Point

# Shorter than any activity may take, so that whoever waits at its point does so as one that runs.
KILL_AFTER = timedelta(seconds=6)
TOLD_WITHIN = timedelta(seconds=3)


class Gate:
    def __init__(self, book: Book) -> None:
        self._book = book
        self._points = book.left()
        self._stopped: set[str] = set()
        self._reached: set[str] = set()
        self._first_reached = asyncio.Event()
        self._all_reached = asyncio.Event()
        self._on_their_way: set[asyncio.Future[None]] = set()

    def is_due(self, workflow_id: str, here: Point) -> bool:
        """Whether this is where the workflow's process is to die; true but once."""
        is_here = self._points.get(workflow_id) == here and not self.is_stopped(workflow_id)
        if is_here:
            self._stopped.add(workflow_id)
        return is_here

    def is_stopped(self, workflow_id: str) -> bool:
        """Nothing more may happen for this workflow."""
        return workflow_id in self._stopped

    async def wait(self, workflow_id: str) -> Never:
        """The point is reached; nobody returns from here."""
        self._reach(workflow_id)
        await for_ever()

    def reach_after(self, workflow_id: str, seen: Awaitable[None]) -> None:
        """The point is reached once `seen` is done; the others wait for that, but not for ever."""

        async def see() -> None:
            await seen
            self._reach(workflow_id)

        task = asyncio.ensure_future(see())
        self._on_their_way.add(task)
        task.add_done_callback(self._on_their_way.discard)

    async def die(self) -> Never:
        """Wait until everybody has reached his point, or the first for long enough; then die."""
        await self._first_reached.wait()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._all_reached.wait(), KILL_AFTER.total_seconds())
        if self._on_their_way:
            await asyncio.wait(self._on_their_way, timeout=TOLD_WITHIN.total_seconds())
        os.kill(os.getpid(), signal.SIGKILL)
        await for_ever()

    def _reach(self, workflow_id: str) -> None:
        self._book.reach(workflow_id)
        self._reached.add(workflow_id)
        self._first_reached.set()
        if self._reached >= self._points.keys():
            self._all_reached.set()


async def for_ever() -> Never:
    while True:
        await asyncio.Event().wait()
