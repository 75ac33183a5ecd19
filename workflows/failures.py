"""Errors with which an update is refused; the type is a fixed code."""

from temporalio.exceptions import ActivityError, ApplicationError

from payments.errors import InvalidRequestError


def invalid(problem: str) -> ApplicationError:
    """Bad input: the text names the field and the rule."""
    return ApplicationError(problem, type=InvalidRequestError.code, non_retryable=True)


def require_actor_and_reason(actor: str, reason: str) -> None:
    """Whoever acts on an order says who they are, and why."""
    for name, text in (("actor", actor), ("reason", reason)):
        if not text.strip():
            raise invalid(f"{name}: must not be empty")


def permanent(failure: ActivityError) -> ApplicationError:
    """The permanent error that an activity ended with, as the update's own."""
    cause = failure.cause
    if isinstance(cause, ApplicationError):
        return ApplicationError(cause.message, *cause.details, type=cause.type, non_retryable=True)
    return ApplicationError(str(failure), type="internal_error", non_retryable=True)
