"""Who may call the checkout API: bearer keys, known by their hashes only."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

_CLIENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Scope(StrEnum):
    """What a key may do; to start payments includes to cancel them and to try again."""

    START = "start"
    READ = "read"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class ApiCaller:
    """A client of the API, named by its key."""

    name: str
    scopes: frozenset[Scope]

    @property
    def actor(self) -> str:
        """How the audit log names this client."""
        return f"api:{self.name}"


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """Several keys may name one client, so that one can replace another."""

    _entries: tuple[tuple[bytes, ApiCaller], ...] = field(repr=False)

    @classmethod
    def parse(cls, entries: Iterable[str]) -> "ApiKeys":
        """Read `client:sha256-of-key:scopes`; ValueError names the entry's place, never its text."""
        return cls(tuple(_entry(number, entry) for number, entry in enumerate(entries, 1)))

    def caller(self, key: str) -> ApiCaller | None:
        """Whose key it is; it takes as long for every key, known or not."""
        presented = key_hash(key).encode()
        found = None
        for stored, caller in self._entries:
            if hmac.compare_digest(stored, presented):
                found = caller
        return found

    @property
    def client_names(self) -> tuple[str, ...]:
        return tuple(caller.name for _, caller in self._entries)


def key_hash(key: str) -> str:
    """What the settings keep of a key. Keys are random, so one round of SHA-256 is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def _entry(number: int, entry: str) -> tuple[bytes, ApiCaller]:
    parts = entry.split(":")
    if len(parts) != 3 or not _CLIENT.fullmatch(parts[0]):  # noqa: PLR2004 - the form's parts
        raise ValueError(f"entry {number} is not of the form client:sha256-of-key:scopes")
    name, stored, scopes = parts
    if not _SHA256.fullmatch(stored.lower()):
        raise ValueError(f"entry {number} ({name}): the hash must be 64 hexadecimal digits")
    return stored.lower().encode(), ApiCaller(name, _scopes(number, name, scopes))


def _scopes(number: int, name: str, text: str) -> frozenset[Scope]:
    try:
        return frozenset(Scope(word) for word in text.split("+"))
    except ValueError:
        allowed = ", ".join(Scope)
        raise ValueError(f"entry {number} ({name}): scopes are {allowed}, joined by +") from None
