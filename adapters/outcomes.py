"""What came of an operation, told to whoever counts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from time import monotonic

from payments.errors import PaymentError

OK = "ok"
# Of no code of ours: a bug, or the operation was given up.
OTHER = "other"

# The operation's name, its outcome, and how long it took.
Observe = Callable[[str, str, timedelta], None]


def unobserved(_operation: str, _outcome: str, _took: timedelta) -> None:
    """For whom nobody counts."""


@contextmanager
def observed(observe: Observe, operation: str) -> Iterator[None]:
    """Tell whether the body came to its end, or the code of the error that ended it."""
    began = monotonic()
    tell = partial(_tell, observe, operation, began)
    try:
        yield
    except PaymentError as error:
        tell(error.code)
        raise
    except BaseException:
        tell(OTHER)
        raise
    tell(OK)


def _tell(observe: Observe, operation: str, began: float, outcome: str) -> None:
    observe(operation, outcome, timedelta(seconds=monotonic() - began))
