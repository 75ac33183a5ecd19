"""The single keys of a keyset: Tink for Python reads and uses them, but has no manager for them."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import tink
from tink import secret_key_access
from tink.proto import tink_pb2


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key that can be used, or one that is kept but disabled; never the key itself."""

    key_id: int
    is_primary: bool
    is_enabled: bool
    fingerprint: bytes = field(repr=False)


def keys_of(handle: tink.KeysetHandle) -> tuple[Key, ...]:
    """The keys in the order in which they were added; ValueError when one cannot be told apart."""
    keyset = _proto_of(handle)
    if any(each.output_prefix_type != tink_pb2.TINK for each in keyset.key):
        # Nobody could say any more what is under which key.
        raise ValueError("every key of the keyset must have the output prefix type TINK")
    return tuple(
        Key(
            key_id=each.key_id,
            is_primary=each.key_id == keyset.primary_key_id,
            is_enabled=each.status == tink_pb2.ENABLED,
            fingerprint=hashlib.sha256(each.key_data.value).digest(),
        )
        for each in keyset.key
    )


def with_key_of(handle: tink.KeysetHandle, fresh: tink.KeysetHandle) -> tink.KeysetHandle:
    """With the one key of `fresh` as the last; what is encrypted still is under the primary key."""
    keyset = _proto_of(handle)
    (key,) = _proto_of(fresh).key
    if key.key_id in {each.key_id for each in keyset.key}:
        raise ValueError("the new key has the number of another; try again")
    keyset.key.append(key)
    return _handle_of(keyset)


def with_primary(handle: tink.KeysetHandle, key_id: int) -> tink.KeysetHandle:
    """What is encrypted from now on is under this key."""
    keyset = _proto_of(handle)
    keyset.primary_key_id = key_id
    return _handle_of(keyset)


def with_disabled(handle: tink.KeysetHandle, key_id: int) -> tink.KeysetHandle:
    """The key is kept, so that it could be enabled again, but opens nothing."""

    def disable(keyset: tink_pb2.Keyset) -> None:
        for each in keyset.key:
            if each.key_id == key_id:
                each.status = tink_pb2.DISABLED

    return _changed(handle, disable)


def without_key(handle: tink.KeysetHandle, key_id: int) -> tink.KeysetHandle:
    """The key is gone for ever, and what is under it with it."""

    def remove(keyset: tink_pb2.Keyset) -> None:
        for each in [each for each in keyset.key if each.key_id == key_id]:
            keyset.key.remove(each)

    return _changed(handle, remove)


def _changed(
    handle: tink.KeysetHandle, change: Callable[[tink_pb2.Keyset], None]
) -> tink.KeysetHandle:
    keyset = _proto_of(handle)
    change(keyset)
    return _handle_of(keyset)


def _proto_of(handle: tink.KeysetHandle) -> tink_pb2.Keyset:
    binary = tink.proto_keyset_format.serialize(handle, secret_key_access.TOKEN)
    return tink_pb2.Keyset.FromString(binary)


def _handle_of(keyset: tink_pb2.Keyset) -> tink.KeysetHandle:
    binary = keyset.SerializeToString()
    return tink.proto_keyset_format.parse(binary, secret_key_access.TOKEN)
