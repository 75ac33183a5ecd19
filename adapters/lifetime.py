"""How a process of ours lives: until SIGTERM or SIGINT, and then no longer than it may."""

import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import NoReturn

import uvloop

log = logging.getLogger(__name__)

# Serves until the event is set, then ends in order.
Serve = Callable[[asyncio.Event], Awaitable[None]]


def live(
    name: str,
    serve: Serve,
    *,
    limit: timedelta,
    expected: type[Exception],
) -> NoReturn:
    """Serve until told to end, then for `limit` at most; an expected error is one line.

    Exit codes: 0 when it ended in order, 1 when it failed or had to be cut short.
    """
    # What was imported stays: without this, each full collection walks it, for a tenth of a second.
    gc.freeze()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_life(name, serve, limit, expected))
    except SystemExit as end:
        leave(1 if end.code else 0)
    leave(0)


def leave(code: int) -> NoReturn:
    """End at once: threads of Temporal's SDK sometimes crash an interpreter that is finalising."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


async def _life(name: str, serve: Serve, limit: timedelta, expected: type[Exception]) -> None:
    stop = asyncio.Event()
    _listen(asyncio.get_running_loop(), stop, limit)
    try:
        await serve(stop)
    except expected as error:
        sys.stderr.write(f"{name}: {error}\n")
        leave(1)
    except Exception:
        log.critical("process.failed", exc_info=True)
        leave(1)
    # From within the loop: to close it would wait for threads.
    leave(0)


def _listen(loop: asyncio.AbstractEventLoop, stop: asyncio.Event, limit: timedelta) -> None:
    """Hear signals, and keep time, without the loop: one that no longer turns must end as well."""

    def told(*_: object) -> None:
        # Again and again changes nothing: time runs from the first.
        if signal.getitimer(signal.ITIMER_REAL) == (0, 0):
            signal.setitimer(signal.ITIMER_REAL, limit.total_seconds())
            loop.call_soon_threadsafe(stop.set)

    signal.signal(signal.SIGALRM, _cut_short)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)


def _cut_short(*_: object) -> None:
    try:
        log.error("process.overdue")
    finally:
        os._exit(1)
