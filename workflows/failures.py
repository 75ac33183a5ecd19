"""Errors with which an update is refused; the type is a fixed code."""

from temporalio.exceptions import ActivityError, ApplicationError

from payments.actors import is_actor
from payments.errors import InvalidRequestError
from payments.refunds import is_refund_key
from payments.request import PaymentRequest, check_request


def invalid(problem: str) -> ApplicationError:
    """Bad input: the text names the field and the rule."""
    return ApplicationError(problem, type=InvalidRequestError.code, non_retryable=True)


def require_actor(actor: str) -> None:
    """Whoever acts on an order says who they are."""
    if not is_actor(actor):
        raise invalid("actor: your name, 1 to 40 of A-Z a-z 0-9 . _ -")


def require_actor_and_reason(actor: str, reason: str) -> None:
    """Whoever decides about an order says who they are, and why."""
    require_actor(actor)
    if not reason.strip():
        raise invalid("reason: must not be empty")


def require_request_of(order_id: str, request: PaymentRequest) -> None:
    try:
        check_request(request)
    except InvalidRequestError as error:
        raise invalid(str(error)) from error
    if request.order_id != order_id:
        raise invalid("order_id: is not the order of this run")


def require_refund_key(refund_key: str) -> None:
    if not is_refund_key(refund_key):
        raise invalid("refund_key: 1 to 40 of A-Z a-z 0-9 - _")


def permanent(failure: ActivityError) -> ApplicationError:
    """The permanent error that an activity ended with, as the update's own."""
    cause = failure.cause
    if isinstance(cause, ApplicationError):
        return ApplicationError(cause.message, *cause.details, type=cause.type, non_retryable=True)
    return ApplicationError(str(failure), type="internal_error", non_retryable=True)
