"""What pydantic found wrong with a document, as field and rule."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from payments.errors import FieldProblem, InvalidRequestError

# More would help nobody, and make an answer of many times the request.
PROBLEMS_MAX = 100
WHOLE = "body"
_FIXED = {
    "missing": "is required",
    "extra_forbidden": "is not a member of this request",
    "int_type": "must be an integer",
    "int_from_float": "must be an integer",
    "int_parsing": "must be an integer",
    "int_parsing_size": "must be an integer of at most 16 digits",
    "string_type": "must be a string",
    "string_unicode": "must be valid Unicode",
    "string_pattern_mismatch": "must not contain control characters",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "tuple_type": "must be an array",
    "list_type": "must be an array",
}
_COMPUTED: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "enum": lambda context: f"must be one of {_listed(context['expected'])}",
    "string_too_long": lambda context: f"must have at most {context['max_length']} characters",
    "too_long": lambda context: f"must have at most {context['max_length']} members",
    "greater_than_equal": lambda context: f"must be at least {context['ge']}",
    "less_than_equal": lambda context: f"must be at most {context['le']}",
}
MALFORMED = "json_invalid"


def invalid_request(error: ValidationError) -> InvalidRequestError:
    return InvalidRequestError(field_problems(error.errors(include_url=False, include_input=False)))


def field_problems(details: Iterable[ErrorDetails], *, skip: int = 0) -> tuple[FieldProblem, ...]:
    """`skip` leaves out where a value stood, such as `query`."""
    return tuple(
        FieldProblem(field_name(detail["loc"][skip:]), _rule(detail))
        for detail in islice(details, PROBLEMS_MAX)
    )


def field_name(path: Sequence[int | str]) -> str:
    """The field as its sender wrote it: `items[0].price`."""
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return name.removeprefix(".") or WHOLE


def _rule(detail: ErrorDetails) -> str:
    kind = detail["type"]
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _COMPUTED:
        return _COMPUTED[kind](detail["ctx"])
    return detail["msg"].replace("Input should", "must").replace("Value error, ", "")


def _listed(expected: str) -> str:
    """pydantic's `'a', 'b' or 'c'` without the quotes."""
    return expected.replace("'", "")
