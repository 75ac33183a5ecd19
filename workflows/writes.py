"""Database writes from a workflow: quick when the database answers, durable when it does not."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.records import RecordActivities
from workflows.options import DURABLE_WRITE, QUICK_WRITE

A = TypeVar("A")
R = TypeVar("R")


async def write(
    activity: Callable[[RecordActivities, A], Awaitable[R]], argument: A, summary: str
) -> R:
    """Carry out one write; only an error that is permanent rises."""
    try:
        return await workflow.execute_local_activity_method(
            activity, argument, **QUICK_WRITE, summary=summary
        )
    except ActivityError as failure:
        if isinstance(failure.cause, ApplicationError) and failure.cause.non_retryable:
            raise
        workflow.logger.warning("write.delayed", extra={"write": summary})
        return await workflow.execute_activity_method(
            activity, argument, **DURABLE_WRITE, summary=summary
        )
