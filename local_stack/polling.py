import asyncio
from collections.abc import Callable
from datetime import timedelta

PAUSE = timedelta(milliseconds=20)


async def comes_true(condition: Callable[[], bool], within: timedelta) -> bool:
    """Look again and again, because what we wait for belongs to other processes."""
    try:
        async with asyncio.timeout(within.total_seconds()):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(PAUSE.total_seconds())
    except TimeoutError:
        return False
    return True
