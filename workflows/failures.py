"""Errors with which an update is refused; the type is a fixed code."""

from temporalio.exceptions import ActivityError, ApplicationError

from payments.errors import InvalidRequestError


def invalid(problem: str) -> ApplicationError:
    """Bad input: the text names the field and the rule."""
    return ApplicationError(problem, type=InvalidRequestError.code, non_retryable=True)


def permanent(failure: ActivityError) -> ApplicationError:
    """The permanent error that an activity ended with, as the update's own."""
    cause = failure.cause
    if isinstance(cause, ApplicationError):
        return ApplicationError(cause.message, *cause.details, type=cause.type, non_retryable=True)
    return ApplicationError(str(failure), type="internal_error", non_retryable=True)
