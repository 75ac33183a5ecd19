"""How fast the gateway may be asked: its limit is for the account, not for the request."""

import asyncio


class Pace:
    """At most so many turns per second, evenly apart, however many ask for one."""

    def __init__(self, per_second: float) -> None:
        self._gap = 1 / per_second
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for one's turn."""
        now = asyncio.get_running_loop().time()
        at = max(now, self._next)
        self._next = at + self._gap
        await asyncio.sleep(at - now)
