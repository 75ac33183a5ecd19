"""Where a keyset is kept: in a file or in an environment variable, in clear or under a KMS key."""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tink
from tink import secret_key_access

from adapters.keyset_kms import kms_aead

# Of a new file; one that is replaced keeps its own.
PRIVATE = 0o600
_NOT_BOUND = b""  # not every KMS can bind what it encrypts to anything


@dataclass(frozen=True, slots=True)
class KeysetSource:
    """`setting` is a path to a JSON keyset, or the JSON itself."""

    setting: str
    kms_uri: str | None = None

    @property
    def path(self) -> Path | None:
        return None if self.setting.lstrip().startswith("{") else Path(self.setting)

    def read(self) -> tink.KeysetHandle:
        """ValueError says what is wrong with the keyset, never what is in it."""
        return self.parse(self.text())

    def text(self) -> str:
        if self.path is None:
            return self.setting
        try:
            return self.path.read_text()
        except OSError as error:
            raise ValueError(f"cannot read the keyset: {error.strerror}") from error

    def parse(self, text: str) -> tink.KeysetHandle:
        is_encrypted = "encryptedKeyset" in _members(text)
        if is_encrypted and self.kms_uri is None:
            raise ValueError("the keyset is encrypted, and no KMS key is named")
        if not is_encrypted and self.kms_uri is not None:
            raise ValueError("the keyset is not encrypted, although a KMS key is named")
        if self.kms_uri is None:
            return _parsed_in_clear(text)
        with _kms_errors(self.kms_uri):
            key = kms_aead(self.kms_uri)
            return tink.json_proto_keyset_format.parse_encrypted(text, key, _NOT_BOUND)

    def serialised(self, handle: tink.KeysetHandle) -> str:
        """The keyset as it is kept here."""
        text: str
        if self.kms_uri is None:
            text = tink.json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN)
            return text
        with _kms_errors(self.kms_uri):
            key = kms_aead(self.kms_uri)
            text = tink.json_proto_keyset_format.serialize_encrypted(handle, key, _NOT_BOUND)
        return text


def create_file(path: Path, text: str) -> None:
    """Write a new file that nobody else can read; FileExistsError when there is one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(descriptor, "w") as file:
        _write(file, text)


def replace_file(path: Path, before: str, text: str) -> None:
    """Put a new text in the place of `before`, whole or not at all, for the same readers.

    ValueError when somebody else was faster.
    """
    target = path.resolve(strict=True)
    with _alone_in(target.parent):
        if target.read_text() != before:
            raise ValueError("the keyset was changed meanwhile; nothing was written")
        old = target.stat()
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "w") as file:
                os.fchown(file.fileno(), old.st_uid, old.st_gid)
                os.fchmod(file.fileno(), old.st_mode & 0o777)
                _write(file, text)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Nobody else replaces a keyset here meanwhile; the end makes what was done outlast a crash."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(file: Any, text: str) -> None:
    file.write(text)
    file.flush()
    os.fsync(file.fileno())


def _members(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        # The library's message may quote the key; it must not reach a log.
        raise ValueError("not a Tink keyset in JSON") from None


def _parsed_in_clear(text: str) -> tink.KeysetHandle:
    try:
        return tink.json_proto_keyset_format.parse(text, secret_key_access.TOKEN)
    except tink.TinkError:
        raise ValueError("not a Tink keyset in JSON") from None


@contextmanager
def _kms_errors(uri: str) -> Iterator[None]:
    try:
        yield
    except ValueError:
        raise
    except Exception as error:
        # Each cloud's library has errors of its own; none of them knows what is in the keyset.
        raise ValueError(f"the KMS key {uri} cannot be used: {error}") from error
