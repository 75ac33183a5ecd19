"""How often something may happen: counted in this process's memory, which it does not fill.

The library `limits` counts the same, but in memory it forgets no name, starts a thread at nearly
every count, and goes by the wall clock.
"""

import re
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address

_RATE = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,3})?(second|minute|hour)s?")
_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
# Beyond it those are forgotten who were counted longest ago.
REMEMBERED_MAX = 10_000
_IPV6_CUSTOMER = 64

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Rate:
    count: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Read `50/second` or `3000/10seconds`; ValueError when it is no rate."""
        match = _RATE.fullmatch(text)
        if match is None:
            raise ValueError("must be a rate such as 50/second, 30/minute or 3000/10seconds")
        return cls(int(match[1]), int(match[2] or 1) * _SECONDS[match[3]])


class MovingWindows:
    """One window per name, which moves on with every count."""

    def __init__(self, rate: Rate, clock: Clock = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, who: str) -> float:
        """Count once more: 0 when it fits, else, not counted, the seconds until it will."""
        now = self._clock()
        times = self._times.setdefault(who, deque())
        self._times.move_to_end(who)
        while times and times[0] <= now - self._rate.seconds:
            times.popleft()
        if len(times) >= self._rate.count:
            return times[0] + self._rate.seconds - now
        times.append(now)
        if len(self._times) > REMEMBERED_MAX:
            self._times.popitem(last=False)
        return 0

    def forget(self, who: str) -> None:
        self._times.pop(who, None)


def holder_of(address: str) -> str:
    """What one customer of a provider has: an IPv4 address, or the first half of an IPv6 one."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found), _IPV6_CUSTOMER), strict=False))
