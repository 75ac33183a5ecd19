"""Work that runs beside the story."""

import asyncio
from collections.abc import Callable, Coroutine

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

Work = Callable[[], Coroutine[None, None, None]]


def start_beside(work: Work) -> asyncio.Task[None]:
    """Start work that may be cancelled; what else ends it early is logged, and it is over."""
    return asyncio.create_task(_see_through(work))


async def _see_through(work: Work) -> None:
    try:
        await work()
    except ActivityError as failure:
        if not is_cancelled_exception(failure):
            workflow.logger.warning("task.failed", extra={"failure": str(failure)})
