"""Tink keysets: where the keys come from, and the two things done with them.

A source is a path to a JSON keyset, or the JSON itself (from an environment variable).
"""

import json
from dataclasses import dataclass
from pathlib import Path

import tink
from tink import aead, mac, secret_key_access

aead.register()
mac.register()


@dataclass(frozen=True, slots=True)
class AeadKeyset:
    """Encrypts under the primary key, decrypts under any key of the keyset."""

    aead: aead.Aead
    primary_key_id: int


def load_aead(source: str) -> AeadKeyset:
    """Read an AEAD keyset; ValueError says what is wrong with it, never what is in it."""
    handle = _handle(source)
    return AeadKeyset(handle.primitive(aead.Aead), handle.keyset_info().primary_key_id)


def load_mac(source: str) -> mac.Mac:
    """Read a MAC keyset, for columns that are looked up by value."""
    primitive: mac.Mac = _handle(source).primitive(mac.Mac)
    return primitive


def new_aead_keyset() -> str:
    """A fresh AES-256-GCM keyset as JSON."""
    return _serialised(tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM))


def new_mac_keyset() -> str:
    """A fresh HMAC-SHA256 keyset as JSON."""
    return _serialised(tink.new_keyset_handle(mac.mac_key_templates.HMAC_SHA256_256BITTAG))


def _handle(source: str) -> tink.KeysetHandle:
    text = source if source.lstrip().startswith("{") else _read(source)
    try:
        return tink.json_proto_keyset_format.parse(text, secret_key_access.TOKEN)
    except (tink.TinkError, json.JSONDecodeError):
        # The library's message may quote the key; it must not reach a log.
        raise ValueError("not a Tink keyset in JSON") from None


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError as error:
        raise ValueError(f"cannot read the keyset: {error.strerror}") from error


def _serialised(handle: tink.KeysetHandle) -> str:
    text: str = tink.json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN)
    return text
