"""Two ways of bringing work: as much as is done at once, or at a given pace."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

One = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Load:
    """How often something is done, how much of it at once, and how often that is measured."""

    count: int
    together: int
    repeats: int


async def per_second(one: One, count: int, together: int) -> float:
    """How many are done per second, `together` at a time."""
    gate = asyncio.Semaphore(together)

    async def gated() -> None:
        async with gate:
            await one()

    began = time.perf_counter()
    await asyncio.gather(*(gated() for _ in range(count)))
    return count / (time.perf_counter() - began)


async def at_pace(one: One, rate: float, count: int) -> list[float]:
    """Begin `rate` per second, whatever becomes of those before; the seconds that each took.

    They count from when each should have begun: a load that is late itself does not hide it.
    """
    began = time.perf_counter()

    async def paced(number: int) -> float:
        due = began + number / rate
        await asyncio.sleep(due - time.perf_counter())
        await one()
        return time.perf_counter() - due

    return await asyncio.gather(*(paced(number) for number in range(count)))
