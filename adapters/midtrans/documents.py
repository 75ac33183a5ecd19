"""Midtrans' JSON documents: read leniently, without losing how a number was written."""

import json
from collections.abc import Mapping

Document = Mapping[str, object]


class Numeral(str):
    """A JSON number, as it was written: 10000.00 is not 10000 to a signature (fact sheet §7.1)."""

    __slots__ = ()


def read_object(content: bytes) -> dict[str, object]:
    """Parse a JSON object; ValueError when it is anything else."""
    try:
        document = json.loads(
            content.decode(), parse_int=Numeral, parse_float=Numeral, parse_constant=_no_constant
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - one error for bad documents
    return document


def text(document: Document, name: str) -> str | None:
    """The member as text; None when it is absent, empty or no scalar that Midtrans writes."""
    value = document.get(name)
    return value if isinstance(value, str) and value else None


def member(document: Document, name: str) -> Document:
    """The member that is itself an object; an empty one when it is not there."""
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def members(document: Document, name: str) -> list[Document]:
    """The objects of the list that is called `name`."""
    value = document.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _no_constant(constant: str) -> object:
    raise ValueError(f"{constant} is no JSON")
