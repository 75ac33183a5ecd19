"""The one place that decides what an error means to Temporal: try again, when, or give up."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from payments.errors import GatewayBusyError, PaymentError, PermanentError


@contextmanager
def failures_for_temporal() -> Iterator[None]:
    """Turn our errors into ApplicationErrors whose type is a fixed code.

    Errors that are not ours rise as they are: they are bugs or outages, and retried.
    """
    try:
        yield
    except GatewayBusyError as error:
        raise ApplicationError(
            str(error),
            type=error.code,
            next_retry_delay=error.retry_after,
            category=ApplicationErrorCategory.BENIGN,
        ) from error
    except PaymentError as error:
        raise ApplicationError(
            str(error),
            *error.details,
            type=error.code,
            non_retryable=isinstance(error, PermanentError),
        ) from error
