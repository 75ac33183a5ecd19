"""Who may call the checkout API: bearer keys, known by their hashes only."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from payments.invoice import WIB

_CLIENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
# Of a random hash's 64 digits, fewer different ones do not happen; a made-up one has few.
_DIFFERENT_DIGITS_MIN = 8
_GUESSABLE = ("", "key", "api-key", "secret", "password", "changeme", "change-me", "test", "admin")
_FORM = "client:sha256-of-key:scopes or client:sha256-of-key:scopes:last-day"


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
class _Entry:
    """`ends_at` is None for a key that counts until it is taken out."""

    stored: bytes
    caller: ApiCaller
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class ApiKeys:
    """Several keys may name one client, so that one can replace another."""

    _entries: tuple[_Entry, ...] = field(repr=False)

    @classmethod
    def parse(cls, entries: Iterable[str]) -> "ApiKeys":
        """Read `client:sha256-of-key:scopes[:last-day]`.

        ValueError names the entry's place, never its text.
        """
        parsed = tuple(_entry(number, entry) for number, entry in enumerate(entries, 1))
        places: dict[bytes, int] = {}
        for number, entry in enumerate(parsed, 1):
            first = places.setdefault(entry.stored, number)
            if first != number:
                raise ValueError(f"entries {first} and {number} are of the same key")
        return cls(parsed)

    def caller(self, key: str, now: datetime) -> ApiCaller | None:
        """Whose key it is; it takes as long for every key, known or not."""
        presented = key_hash(key).encode()
        found = None
        for entry in self._entries:
            if hmac.compare_digest(entry.stored, presented):
                found = entry
        is_over = found is None or (found.ends_at is not None and found.ends_at <= now)
        return None if found is None or is_over else found.caller

    @property
    def client_names(self) -> tuple[str, ...]:
        return tuple(entry.caller.name for entry in self._entries)


def new_key() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def key_hash(key: str) -> str:
    """What the settings keep of a key. Keys are random, so one round of SHA-256 is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def _entry(number: int, entry: str) -> _Entry:
    parts = entry.split(":")
    if len(parts) not in (3, 4) or not _CLIENT.fullmatch(parts[0]):
        raise ValueError(f"entry {number} is not of the form {_FORM}")
    name, stored, scopes, *last_day = parts
    place = f"entry {number} ({name})"
    return _Entry(
        _stored(place, name, stored.lower()),
        ApiCaller(name, _scopes(place, scopes)),
        _end(place, last_day[0]) if last_day else None,
    )


def _stored(place: str, name: str, digits: str) -> bytes:
    if not _SHA256.fullmatch(digits):
        raise ValueError(f"{place}: the hash must be 64 hexadecimal digits")
    is_made_up = len(set(digits)) < _DIFFERENT_DIGITS_MIN
    if is_made_up or digits in {key_hash(word) for word in (*_GUESSABLE, name)}:
        raise ValueError(f"{place}: no hash of a random key (see: python -m starter api-key)")
    return digits.encode()


def _scopes(place: str, text: str) -> frozenset[Scope]:
    try:
        return frozenset(Scope(word) for word in text.split("+"))
    except ValueError:
        allowed = ", ".join(Scope)
        raise ValueError(f"{place}: scopes are {allowed}, joined by +") from None


def _end(place: str, text: str) -> datetime:
    """The end of the last day in Jakarta."""
    try:
        return datetime.combine(date.fromisoformat(text) + timedelta(days=1), time(), WIB)
    except (ValueError, OverflowError):
        raise ValueError(f"{place}: the last day must be written as 2027-01-31") from None
