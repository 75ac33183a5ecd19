"""Who may sign in at the codec server: names, and passwords known by their argon2 hashes only."""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

PASSWORD_CHARACTERS_MIN = 12
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_HASH = "$argon2id$"


@dataclass(frozen=True, slots=True)
class CodecUsers:
    _hashes: dict[str, str] = field(repr=False)

    @classmethod
    def load(cls, source: str) -> "CodecUsers":
        """Read `name:argon2id-hash` entries; ValueError names the entry's place, never its text.

        The source is a file of such lines, or the lines themselves: a hash has commas and dollar
        signs, which lists and environment files would take for something else.
        """
        entries = (source if _HASH in source else _read(source)).split()
        if not entries:
            raise ValueError("it names nobody")
        return cls(dict(_entry(number, entry) for number, entry in enumerate(entries, 1)))

    def is_right(self, name: str, password: str) -> bool:
        """Whether it is the user's password; it takes as long for a name that nobody has."""
        hashed = self._hashes.get(name)
        try:
            PasswordHasher().verify(hashed or next(iter(self._hashes.values())), password)
        except VerificationError:
            return False
        return hashed is not None

    def fingerprint(self, name: str) -> str | None:
        """What changes with the user's password; None for nobody's name."""
        hashed = self._hashes.get(name)
        return None if hashed is None else hashlib.sha256(hashed.encode()).hexdigest()


def user_entry(name: str, password: str) -> str:
    """The entry of one user; ValueError when the name or the password will not do."""
    if not is_user_name(name):
        raise ValueError("a name is 1 to 40 letters, digits, dots, hyphens or underscores")
    if len(password) < PASSWORD_CHARACTERS_MIN:
        raise ValueError(f"a password has at least {PASSWORD_CHARACTERS_MIN} characters")
    return f"{name}:{PasswordHasher().hash(password)}"


def is_user_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None


def _entry(number: int, entry: str) -> tuple[str, str]:
    name, _, hashed = entry.partition(":")
    if not is_user_name(name):
        raise ValueError(f"entry {number} is not of the form name:argon2id-hash")
    try:
        is_argon2id = extract_parameters(hashed).type is Type.ID
    except InvalidHashError:
        is_argon2id = False
    if not is_argon2id:
        raise ValueError(f"entry {number} ({name}) has no argon2id hash")
    return name, hashed


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError as error:
        raise ValueError(f"cannot read the file: {error.strerror}") from error
