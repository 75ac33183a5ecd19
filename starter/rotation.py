"""Replacing the keys of a keyset, a step at a time, so that nobody ever meets what it cannot read.

add: the new key is there, and nobody uses it yet. promote: what is made from now on is under it,
refused while a process runs that lacks it. retire: the old key is disabled, refused while anything
is under it, or a process still uses it.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import tink

from adapters.keyset_keys import (
    Key,
    keys_of,
    with_disabled,
    with_key_of,
    with_primary,
    without_key,
)
from adapters.keyset_source import KeysetSource
from adapters.keysets import new_aead_handle, new_mac_handle
from adapters.postgres.keyset_uses import KeysetUse
from payments.errors import PermanentError
from settings import PREFIX, Settings, SettingsError

# A process tells every minute.
SEEN_WITHIN = timedelta(minutes=10)


class KeysetName(StrEnum):
    TEMPORAL = "temporal"
    DATABASE = "database"
    LOOKUP = "lookup"


class RotationRefusedError(PermanentError):
    code = "rotation_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyset:
    """A keyset of the settings, as it stands."""

    name: KeysetName
    source: KeysetSource
    text: str
    handle: tink.KeysetHandle

    @property
    def keys(self) -> tuple[Key, ...]:
        return keys_of(self.handle)

    @property
    def primary(self) -> Key:
        return next(key for key in self.keys if key.is_primary)

    @property
    def newest(self) -> Key:
        return [key for key in self.keys if key.is_enabled][-1]

    def key(self, key_id: int) -> Key:
        found = next((key for key in self.keys if key.key_id == key_id), None)
        if found is None:
            raise RotationRefusedError(f"the {self.name} keyset has no key {key_id}")
        return found


@dataclass(frozen=True, slots=True)
class Step:
    """What the keyset becomes, and which key that is about."""

    key_id: int
    text: str


def keyset_of(settings: Settings, name: KeysetName) -> Keyset:
    """SettingsError when it cannot be read."""
    setting = f"keyset_{name}"
    source = KeysetSource(settings.secret(setting), settings.keyset_kms_uri)
    try:
        text = source.text()
        return Keyset(name=name, source=source, text=text, handle=source.parse(text))
    except ValueError as error:
        raise SettingsError(f"{PREFIX}{setting.upper()}: {error}") from None


def fresh_key(name: KeysetName) -> tink.KeysetHandle:
    """A keyset with one new key, of the kind that this one has."""
    return new_mac_handle() if name is KeysetName.LOOKUP else new_aead_handle()


def added(keyset: Keyset) -> Step:
    if not keyset.newest.is_primary:
        raise RotationRefusedError(
            f"the {keyset.name} keyset has a newer key already: {keyset.newest.key_id};"
            " promote that one first"
        )
    fresh = fresh_key(keyset.name)
    handle = with_key_of(keyset.handle, fresh)
    return Step(keys_of(fresh)[0].key_id, keyset.source.serialised(handle))


def promoted(keyset: Keyset, uses: Iterable[KeysetUse]) -> Step:
    """`uses` is what the processes told that may still be running."""
    newest = keyset.newest
    if newest.is_primary:
        raise RotationRefusedError(f"the newest {keyset.name} key is the primary one already")
    _refuse(
        f"cannot read what is under key {newest.key_id} yet: restart them with the new keyset",
        (use for use in _of(keyset, uses) if newest.key_id not in use.key_ids),
    )
    handle = with_primary(keyset.handle, newest.key_id)
    return Step(newest.key_id, keyset.source.serialised(handle))


async def retired(
    keyset: Keyset,
    key: Key,
    uses: Iterable[KeysetUse],
    still_under: Callable[[int], Awaitable[str | None]],
    *,
    destroy: bool,
) -> Step:
    """`still_under` says what is under a key; None when that is nothing."""
    if key.is_primary:
        raise RotationRefusedError(f"key {key.key_id} is the primary one: promote another first")
    _refuse(
        f"still use key {key.key_id}: restart them with the new keyset",
        (use for use in _of(keyset, uses) if use.primary_key_id == key.key_id),
    )
    found = await still_under(key.key_id)
    if found is not None:
        raise RotationRefusedError(f"key {key.key_id} is still needed: {found}")
    change = without_key if destroy else with_disabled
    return Step(key.key_id, keyset.source.serialised(change(keyset.handle, key.key_id)))


def oldest_unused(keyset: Keyset) -> Key:
    """The key that is to go next."""
    old = [key for key in keyset.keys if key.is_enabled and not key.is_primary]
    if not old or old[0] == keyset.newest:
        raise RotationRefusedError(
            f"the {keyset.name} keyset has no key that is older than its primary one"
        )
    return old[0]


def _of(keyset: Keyset, uses: Iterable[KeysetUse]) -> Iterable[KeysetUse]:
    return (use for use in uses if use.keyset == keyset.name)


def _refuse(why: str, uses: Iterable[KeysetUse]) -> None:
    named = sorted(
        {f"{use.process} on {use.host}, since {use.started_at:%d %b %H:%M}" for use in uses}
    )
    if named:
        raise RotationRefusedError(f"some processes {why}: {'; '.join(named)}")
