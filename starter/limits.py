"""How often a client may call, and an address may be wrong."""

import time
from math import ceil

from adapters.rates import Clock, MovingWindows, Rate, holder_of
from starter.problems import ProblemCode, ProblemError


class RequestLimits:
    """A client is limited by its name, whichever of its keys it shows.

    A right key or link is never refused for what others at its address did: customers share
    addresses with strangers. 256 random bits, not the limit, are what stops guessing.
    """

    def __init__(self, calls: Rate, guesses: Rate, clock: Clock = time.monotonic) -> None:
        self._calls = MovingWindows(calls, clock)
        self._guesses = MovingWindows(guesses, clock)

    def count_call(self, client: str) -> None:
        """ProblemError when the client has called too often."""
        _require(self._calls.wait(client))

    def count_guess(self, address: str | None) -> None:
        """A key or a link was wrong; ProblemError when too many from the address were."""
        _require(self._guesses.wait(holder_of(address or "")))


def _require(wait: float) -> None:
    if wait > 0:
        seconds = ceil(wait)
        raise ProblemError(
            ProblemCode.RATE_LIMITED,
            f"too many requests: again in {seconds} s",
            {"Retry-After": str(seconds)},
        )
