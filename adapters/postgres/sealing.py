"""What the database may not read: values sealed for one cell, and keyed hashes to find them by."""

import json
import re
import secrets
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import tink
from pydantic import TypeAdapter
from sqlalchemy import Column

from adapters.keysets import AeadKeyset, MacKeyset

Part = str | int | bytes
Value = TypeVar("Value")

TOKEN_BYTES = 32  # 256 random bits: a link cannot be guessed

_NOT_A_DIGIT = re.compile(r"[^0-9]")
_LENGTH_BYTES = 4


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a sealed value lives: opened anywhere else, it does not decrypt.

    `row` is the row's natural key, which is known before the row exists.
    """

    table: str
    column: str
    row: tuple[Part, ...]

    @classmethod
    def of(cls, column: Column[Any], *row: Part) -> "Cell":
        return cls(column.table.name, column.name, row)

    @property
    def associated_data(self) -> bytes:
        return _framed(self.table, self.column, *self.row)


class Sealer:
    """Encrypts for one cell; hashes for look-up under a key of its own."""

    def __init__(self, keyset: AeadKeyset, lookup: MacKeyset) -> None:
        self._aead = keyset.aead
        self._lookup = lookup

    def seal(self, cell: Cell, clear: bytes) -> bytes:
        sealed: bytes = self._aead.encrypt(clear, cell.associated_data)
        return sealed

    def open(self, cell: Cell, sealed: bytes) -> bytes:
        """The clear bytes; tink.TinkError when they were sealed for another cell or key."""
        clear: bytes = self._aead.decrypt(sealed, cell.associated_data)
        return clear

    def digest(self, column: Column[Any], *parts: Part) -> bytes:
        """Equal for equal parts, and a guess cannot be checked against it without the key."""
        return self.digests(column, *parts)[0]

    def digests(self, column: Column[Any], *parts: Part) -> tuple[bytes, ...]:
        """The digest under each key, the primary first: a look-up must try them all."""
        return self._lookup.tags(_framed(column.table.name, column.name, *parts))

    def matches(self, digest: bytes, column: Column[Any], *parts: Part) -> bool:
        """Whether the digest is of these parts, under any key of the keyset."""
        try:
            self._lookup.mac.verify_mac(digest, _framed(column.table.name, column.name, *parts))
        except tink.TinkError:
            return False
        return True


class SealedColumn(Generic[Value]):
    """A column of sealed JSON documents of one kind; members added to the kind need a default."""

    def __init__(self, column: Column[bytes], kind: type[Value]) -> None:
        self._column = column
        self._kind = TypeAdapter(kind)

    def seal(self, sealer: Sealer, value: Value, *row: Part) -> bytes:
        return sealer.seal(Cell.of(self._column, *row), self._kind.dump_json(value))

    def open(self, sealer: Sealer, sealed: bytes, *row: Part) -> Value:
        return self._kind.validate_json(sealer.open(Cell.of(self._column, *row), sealed))

    def canonical(self, value: Value) -> str:
        """The one JSON text of a value; a member added later, left at its default, keeps it."""
        document = self._kind.dump_python(value, mode="json", exclude_defaults=True)
        return json.dumps(document, sort_keys=True, separators=(",", ":"))


def new_token() -> str:
    """What opens a one-time link; stored sealed, and found by its digest."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def normal_email(email: str) -> str:
    return email.strip().lower()


def normal_phone(phone: str) -> str:
    """Digits with country code: people write one number as 0812… and as +62 812…."""
    digits = _NOT_A_DIGIT.sub("", phone)
    return f"62{digits[1:]}" if digits.startswith("0") else digits


def _framed(*parts: Part) -> bytes:
    """Each part behind its length, so that no two lists of parts give the same bytes."""
    framed = (part if isinstance(part, bytes) else str(part).encode() for part in parts)
    return b"".join(len(part).to_bytes(_LENGTH_BYTES, "big") + part for part in framed)
