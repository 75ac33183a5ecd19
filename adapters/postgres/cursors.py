"""Opaque cursors: a place in an ordered list, in a form that callers only hand back."""

import base64
import binascii
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from payments.errors import FieldProblem, InvalidRequestError

Place = TypeVar("Place")


def cursor_of(kind: TypeAdapter[Place], place: Place) -> str:
    return base64.urlsafe_b64encode(kind.dump_json(place)).decode().rstrip("=")


def place_of(kind: TypeAdapter[Place], field: str, cursor: str) -> Place:
    """Where the cursor points; InvalidRequestError naming `field` when it is none of ours."""
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        return kind.validate_json(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValidationError) as error:
        problem = FieldProblem(field, "must be a cursor that was given out here")
        raise InvalidRequestError((problem,)) from error
