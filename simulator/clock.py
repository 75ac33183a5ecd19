"""The simulator's time: Jakarta's, settable, and as fast as asked."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

WIB = timezone(timedelta(hours=7), "WIB")


class Timer:
    __slots__ = ("_action", "due")

    def __init__(self, due: float, action: Callable[[], None]) -> None:
        self.due = due
        self._action: Callable[[], None] | None = action

    def cancel(self) -> None:
        self._action = None

    def run(self) -> None:
        if self._action is not None:
            self._action()


class Clock:
    """Every wait of the simulator hangs on this clock, so moving it makes due things happen."""

    def __init__(self, start: datetime | None, scale: float) -> None:
        self._timers: list[tuple[float, int, Timer]] = []
        self._sequence = itertools.count()
        self._alarm: asyncio.TimerHandle | None = None
        self._stepping_at: float | None = None
        self._scale = scale
        self._origin = time.time() if start is None else start.timestamp()
        self._started = time.monotonic()

    @property
    def scale(self) -> float:
        return self._scale

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._seconds(), WIB)

    def call_at(self, due: datetime, action: Callable[[], None]) -> Timer:
        timer = Timer(due.timestamp(), action)
        heapq.heappush(self._timers, (timer.due, next(self._sequence), timer))
        if self._timers[0][2] is timer:
            self._set_alarm()
        return timer

    def call_after(self, seconds: float, action: Callable[[], None]) -> Timer:
        return self.call_at(self.now() + timedelta(seconds=seconds), action)

    def advance(self, seconds: float) -> None:
        self.move_to(self.now() + timedelta(seconds=seconds))

    def move_to(self, moment: datetime) -> None:
        """Jump, running what falls due on the way in order, each at its own moment."""
        target = moment.timestamp()
        self._run_due(target)
        self._set_origin(target)
        self._set_alarm()

    def run_at(self, scale: float) -> None:
        """Let one real second be this many simulated ones; zero stops the clock."""
        self._set_origin(self._seconds())
        self._scale = scale
        self._set_alarm()

    def stop(self) -> None:
        self._timers.clear()
        if self._alarm is not None:
            self._alarm.cancel()

    def _seconds(self) -> float:
        if self._stepping_at is not None:
            return self._stepping_at
        return self._origin + (time.monotonic() - self._started) * self._scale

    def _set_origin(self, seconds: float) -> None:
        self._origin, self._started = seconds, time.monotonic()

    def _run_due(self, until: float) -> None:
        try:
            while self._timers and self._timers[0][0] <= until:
                timer = heapq.heappop(self._timers)[2]
                self._stepping_at = timer.due
                timer.run()
        finally:
            self._stepping_at = None

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if not self._timers or self._scale == 0 or self._stepping_at is not None:
            return
        wait = max(0.0, (self._timers[0][0] - self._seconds()) / self._scale)
        self._alarm = asyncio.get_running_loop().call_later(wait, self._ring)

    def _ring(self) -> None:
        self._run_due(self._seconds())
        self._set_alarm()


def wib_text(moment: datetime) -> str:
    """Write a moment as Midtrans does: Jakarta time without an offset."""
    return moment.astimezone(WIB).replace(tzinfo=None).isoformat(" ", "seconds")


def parse_moment(text: str) -> datetime:
    """Read an ISO instant, or Midtrans' `yyyy-MM-dd HH:mm:ss Z`; without an offset it is WIB."""
    moment = datetime.fromisoformat(text.strip().replace(" +", "+").replace(" -", "-"))
    return moment if moment.tzinfo else moment.replace(tzinfo=WIB)
