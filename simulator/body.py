"""A JSON object from outside, read as leniently as Midtrans reads it."""

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

_TRUTHS = {"true": True, "false": False}


class MalformedBodyError(Exception):
    """The bytes are not a JSON object."""


class Body:
    __slots__ = ("fields",)

    def __init__(self, fields: Mapping[str, object]) -> None:
        self.fields = fields

    @classmethod
    def parse(cls, raw: bytes) -> "Body":
        try:
            document = json.loads(raw) if raw.strip() else {}
        except (ValueError, RecursionError) as error:
            raise MalformedBodyError from error
        if document is None:
            return cls({})
        if not isinstance(document, dict):
            raise MalformedBodyError
        return cls(document)

    def text(self, name: str) -> str | None:
        """Read a string; numbers count, since clients send order ids as integers."""
        value = self.fields.get(name)
        if isinstance(value, bool) or value is None or value == "":
            return None
        return str(value) if isinstance(value, str | int | float) else None

    def whole(self, name: str) -> int | None:
        number = self.number(name)
        return int(number) if number is not None and number == int(number) else None

    def number(self, name: str) -> Decimal | None:
        """Read a number; numeric strings count."""
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            return None
        return number if number.is_finite() else None

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.fields.get(name)
        if isinstance(value, bool):
            return value
        return _TRUTHS.get(value.lower(), default) if isinstance(value, str) else default

    def section(self, name: str) -> "Body":
        value = self.fields.get(name)
        return Body(value if isinstance(value, dict) else {})

    def sections(self, name: str) -> list["Body"]:
        value = self.fields.get(name)
        return (
            [Body(each) for each in value if isinstance(each, dict)]
            if isinstance(value, list)
            else []
        )

    def texts(self, name: str) -> list[str]:
        value = self.fields.get(name)
        return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []

    def has(self, name: str) -> bool:
        return self.fields.get(name) is not None
