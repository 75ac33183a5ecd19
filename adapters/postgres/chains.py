"""Chains of hashes, and the seals over their ends.

Each hash covers an entry and the hash before it, so a changed, missing or added entry breaks the
chain. That alone stops nobody who may write any SQL: he rewrites the chain from there to its end.
So the end is sealed as well, encrypted for its row, which takes the database's keys.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import tink
from sqlalchemy import Column

from adapters.postgres.sealing import Cell, Sealer

_SEQ_BYTES = 8


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """The last entry of a chain; `seal` is None where nobody has sealed it yet."""

    seq: int = 0
    hash: bytes = bytes(32)
    seal: bytes | None = None


class Seals:
    """Seals for the ends that one column keeps; `name` is the chain's, and its row's."""

    def __init__(self, sealer: Sealer, column: Column[bytes]) -> None:
        self._sealer = sealer
        self._column = column

    def sealed(self, name: str, end: ChainEnd) -> ChainEnd:
        clear = end.seq.to_bytes(_SEQ_BYTES, "big") + end.hash
        return replace(end, seal=self._sealer.seal(Cell.of(self._column, name), clear))

    def renewed(self, name: str, before: ChainEnd, after: ChainEnd) -> ChainEnd:
        """The new end with a seal of its own, if the end before it was the sealed one.

        Otherwise the old seal stays, so that no honest entry hides what was written without keys.
        """
        if self.is_sealed(name, before):
            return self.sealed(name, after)
        return replace(after, seal=before.seal)

    def is_sealed(self, name: str, end: ChainEnd) -> bool:
        """Whether the seal is over just this end."""
        return end.seal is not None and self.opened(name, end.seal) == replace(end, seal=None)

    def opened(self, name: str, seal: bytes) -> ChainEnd | None:
        """The end that was sealed; None when the seal is none of ours, or of another chain."""
        try:
            clear = self._sealer.open(Cell.of(self._column, name), seal)
        except tink.TinkError:
            return None
        return ChainEnd(int.from_bytes(clear[:_SEQ_BYTES], "big"), clear[_SEQ_BYTES:])


def chained(previous: bytes, entry: Mapping[str, Any]) -> bytes:
    """The hash of an entry: over the hash before it and the entry as canonical JSON."""
    document = {name: plain(value) for name, value in entry.items()}
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + canonical.encode()).digest()


def plain(value: object) -> object:
    """A column's value as canonical JSON can hold it."""
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="microseconds")
        case bytes():
            return value.hex()
        case _:
            return value
