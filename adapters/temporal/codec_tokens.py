"""Tokens of the Web UI's own login, which it passes on to the codec server: JWTs of one issuer."""

from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Protocol
from urllib.parse import urlsplit

import jwt
from anyio import CapacityLimiter, to_thread
from jwt import PyJWK, PyJWKClient, PyJWKSet
from jwt.exceptions import (
    InvalidTokenError,
    PyJWKClientConnectionError,
    PyJWKClientError,
    PyJWKSetError,
    PyJWTError,
)

# Signatures only: with a shared secret, whoever can check a token could also write one.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
REQUIRED_CLAIMS = ("exp", "iss", "aud", "sub")
CLOCK_SKEW_SECONDS = 30
KEYS_KEPT_SECONDS = 300
# Unknown key ids cost the issuer one question a minute, whoever makes them up.
KEYS_REREAD_SECONDS = 60
TIMEOUT_SECONDS = 5
# From one question without an answer to the next.
KEYS_SILENT_SECONDS = 3 * TIMEOUT_SECONDS
_AT_ONCE = 4
_SUBJECT_CHARACTERS_MAX = 100


class KeysUnreadableError(Exception):
    """The issuer's keys cannot be read now, so nobody's token can be checked."""


class IssuerKeys(Protocol):
    def get_signing_key(self, kid: str) -> PyJWK: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who signs tokens, and whose count: of `subjects` only, or of all people it signs for.

    An issuer that serves others too, such as Temporal Cloud's, signs for them as well.
    """

    issuer: str
    audience: str
    keys: IssuerKeys
    subjects: frozenset[str] = frozenset()


class CodecTokens:
    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer
        self._jwt = jwt.PyJWT({"enforce_minimum_key_length": True})
        self._reading = CapacityLimiter(_AT_ONCE)

    async def subject(self, token: str) -> str | None:
        """Who the token is about, once all of it is proven; None when any of it is not."""
        return await to_thread.run_sync(self._subject, token, limiter=self._reading)

    def _subject(self, token: str) -> str | None:
        try:
            claims = self._claims(token)
        except PyJWTError:
            return None
        names = _names(claims)
        is_meant = not self._issuer.subjects or not self._issuer.subjects.isdisjoint(names)
        return names[0] if is_meant and _is_short(names[0]) else None

    def _claims(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        # What could never be valid is not worth a question to the issuer.
        if header.get("alg") not in ALGORITHMS or not isinstance(header.get("kid"), str):
            raise InvalidTokenError("neither signed nor naming its key")
        return self._jwt.decode(
            token,
            self._key(header["kid"]),
            algorithms=ALGORITHMS,
            issuer=self._issuer.issuer,
            audience=self._issuer.audience,
            leeway=CLOCK_SKEW_SECONDS,
            options={"require": list(REQUIRED_CLAIMS)},
        )

    def _key(self, key_id: str) -> PyJWK:
        try:
            return self._issuer.keys.get_signing_key(key_id)
        except (PyJWKClientConnectionError, PyJWKSetError, ValueError, OSError) as error:
            raise KeysUnreadableError(type(error).__name__) from error


def issuer_keys(source: str) -> IssuerKeys:
    """The keys at an https address or in a file; ValueError when it is neither."""
    if "://" not in source:
        keys = _KeyFile(Path(source))
        keys.read()
        return keys
    if urlsplit(source).scheme != "https":
        raise ValueError("the address must begin with https://")
    return _KeyAddress(
        source,
        lifespan=KEYS_KEPT_SECONDS,
        cooldown_duration=KEYS_REREAD_SECONDS,
        timeout=TIMEOUT_SECONDS,
    )


class _KeyAddress(PyJWKClient):
    """Leaves an issuer alone for a while that does not answer.

    All tokens wait for a question, and whoever makes up key ids has one for each.
    """

    _silent_until = 0.0

    def fetch_data(self) -> Any:
        if monotonic() < self._silent_until:
            raise PyJWKClientConnectionError("it did not answer a moment ago")
        self._silent_until = monotonic() + KEYS_SILENT_SECONDS
        found = super().fetch_data()
        self._silent_until = 0.0
        return found


class _KeyFile:
    """Read anew for each token: it is small, and may be replaced at any time."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get_signing_key(self, kid: str) -> PyJWK:
        found = PyJWKClient.match_kid(self.read().keys, kid)
        if found is None:
            raise PyJWKClientError("no such key")
        return found

    def read(self) -> PyJWKSet:
        try:
            return PyJWKSet.from_json(self._path.read_text())
        except (PyJWKSetError, OSError, ValueError, AttributeError) as error:
            raise ValueError("cannot read a JWK set with keys from the file") from error


def _names(claims: dict[str, Any]) -> list[str]:
    """The mail address if the issuer has proven it, and its own id: both say who it is."""
    proven = [claims.get("email")] if claims.get("email_verified") is True else []
    return [name for name in (*proven, claims["sub"]) if isinstance(name, str)]


def _is_short(name: str) -> bool:
    return name.isprintable() and 0 < len(name) <= _SUBJECT_CHARACTERS_MAX
