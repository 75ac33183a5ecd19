"""Tink keysets: what is done with their keys, and which keys they have.

A source is a path to a JSON keyset, or the JSON itself (from an environment variable); with the URI
of a KMS key, the keyset in it is encrypted under that key.
"""

from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import tink
from tink import aead, mac

from adapters.keyset_keys import keys_of, with_primary
from adapters.keyset_source import KeysetSource

aead.register()
mac.register()

# Every ciphertext and every tag begins with this byte and the id of its key.
_START = b"\x01"
_KEY_ID_BYTES = 4
PREFIX_BYTES = len(_START) + _KEY_ID_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKeys:
    """Which keys a keyset has that can be used, the newest last; never the keys themselves."""

    primary_key_id: int
    key_ids: tuple[int, ...]
    fingerprints: frozenset[bytes] = field(repr=False)

    @property
    def prefix(self) -> bytes:
        """How everything begins that is made under the primary key."""
        return _START + self.primary_key_id.to_bytes(_KEY_ID_BYTES, "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class AeadKeyset(HeldKeys):
    """Encrypts under the primary key, decrypts under any key of the keyset."""

    aead: aead.Aead


@dataclass(frozen=True, slots=True, kw_only=True)
class MacKeyset(HeldKeys):
    """Makes tags under the primary key, verifies them under any key of the keyset."""

    mac: mac.Mac
    each: tuple[mac.Mac, ...]

    def tags(self, data: bytes) -> tuple[bytes, ...]:
        """The tag under every key: what is looked up may be stored under any of them."""
        return tuple(single.compute_mac(data) for single in self.each)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keysets:
    """The three of a deployment; ValueError when two of them share a key."""

    temporal: AeadKeyset
    database: AeadKeyset
    lookup: MacKeyset

    def __post_init__(self) -> None:
        for (one, its), (other, theirs) in combinations(self.by_name().items(), 2):
            if its.fingerprints & theirs.fingerprints:
                raise ValueError(f"the keysets {one} and {other} share a key: each needs its own")

    def by_name(self) -> dict[str, HeldKeys]:
        return {"temporal": self.temporal, "database": self.database, "lookup": self.lookup}


def key_id_of(made: bytes) -> int | None:
    """The key that something was made under; None when it begins as nothing of ours does."""
    if len(made) < PREFIX_BYTES or not made.startswith(_START):
        return None
    return int.from_bytes(made[len(_START) : PREFIX_BYTES], "big")


def load_aead(source: str, kms_uri: str | None = None) -> AeadKeyset:
    """Read an AEAD keyset; ValueError says what is wrong with it, never what is in it."""
    handle = KeysetSource(source, kms_uri).read()
    return AeadKeyset(aead=_primitive(handle, aead.Aead), **_held(handle))


def load_mac(source: str, kms_uri: str | None = None) -> MacKeyset:
    """Read a MAC keyset, for columns that are looked up by value."""
    handle = KeysetSource(source, kms_uri).read()
    held = _held(handle)
    # The primary key first: most of what is looked up is under it.
    order = sorted(held["key_ids"], key=lambda key_id: key_id != held["primary_key_id"])
    each = tuple(_primitive(with_primary(handle, key_id), mac.Mac) for key_id in order)
    return MacKeyset(mac=_primitive(handle, mac.Mac), each=each, **held)


def new_aead_keyset() -> str:
    """A fresh AES-256-GCM keyset as JSON."""
    return KeysetSource("{}").serialised(new_aead_handle())


def new_mac_keyset() -> str:
    """A fresh HMAC-SHA256 keyset as JSON."""
    return KeysetSource("{}").serialised(new_mac_handle())


def new_aead_handle() -> tink.KeysetHandle:
    return tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM)


def new_mac_handle() -> tink.KeysetHandle:
    return tink.new_keyset_handle(mac.mac_key_templates.HMAC_SHA256_256BITTAG)


def _held(handle: tink.KeysetHandle) -> dict[str, Any]:
    keys = keys_of(handle)
    primary = next((key for key in keys if key.is_primary and key.is_enabled), None)
    if primary is None:
        raise ValueError("the keyset has no primary key that is enabled")
    return {
        "primary_key_id": primary.key_id,
        "key_ids": tuple(key.key_id for key in keys if key.is_enabled),
        # Of disabled ones too: what a key was used for once, it stays.
        "fingerprints": frozenset(key.fingerprint for key in keys),
    }


def _primitive(handle: tink.KeysetHandle, kind: type[Any]) -> Any:
    try:
        return handle.primitive(kind)
    except tink.TinkError:
        # The library's message may quote the keyset.
        raise ValueError(f"the keyset's keys are not for {kind.__name__.upper()}") from None
