"""What a log or a trace tells of an error: where it rose and what kind it is.

Its text only when that is known to quote no value: a validation error, say, shows what it could not
read, which may be a customer's name.
"""

import traceback
from collections.abc import Iterator

from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from payments.errors import InvalidRequestError, PaymentError

_ERRORS_MAX = 20


def told(error: BaseException) -> str:
    """The error and what led to it, the cause first, as Python would show them."""
    return "\n".join(_shown(each) for each in reversed(list(chain(error))))


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and all that led to it."""
    waiting, count = [error], 0
    while waiting and count < _ERRORS_MAX:
        each = waiting.pop()
        if each is None:
            continue
        count += 1
        yield each
        waiting.append(each.__cause__ or (None if each.__suppress_context__ else each.__context__))
        if isinstance(each, BaseExceptionGroup):
            waiting.extend(each.exceptions)


def is_discreet(error: BaseException) -> bool:
    """Whether its text quotes nothing but ids, codes, rules and addresses of servers."""
    # PaymentError itself carries whatever text somebody else's failure had, and what is wrong with
    # a request may be told by its amounts.
    is_ours = isinstance(error, PaymentError) and type(error) is not PaymentError
    is_about_values = isinstance(error, InvalidRequestError)
    return (is_ours and not is_about_values) or isinstance(error, (OSError, RPCError))


def kind_of(error: BaseException) -> str:
    """A name for the error that is safe to show; with its code, where it has one."""
    kind = type(error)
    name = (
        kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    )
    code = error.type if isinstance(error, ApplicationError) else getattr(error, "sqlstate", None)
    return f"{name}[{code}]" if code else name


def _shown(error: BaseException) -> str:
    rose = "".join(traceback.format_tb(error.__traceback__))
    return f"{rose}{kind_of(error)}{f': {error}' if is_discreet(error) else ''}"
