"""Commands that replace a keyset's key: add, promote, retire."""

import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from adapters.keyset_source import create_file, replace_file
from adapters.postgres.keyset_uses import KeysetUse, KeysetUses
from adapters.postgres.logs import OperatorLog
from adapters.postgres.sealing import Sealer
from adapters.temporal.key_scan import KeyScan
from settings import Settings, load_settings
from starter.client import utc_now
from starter.commands.engine import at_temporal
from starter.commands.session import NAME
from starter.commands.terminal import actor, err, expected_errors, fail
from starter.key_status import first_under, under_keys
from starter.rotation import (
    SEEN_WITHIN,
    Keyset,
    KeysetName,
    Step,
    added,
    keyset_of,
    oldest_unused,
    promoted,
    retired,
)
from starter.services import Services, open_services

T = TypeVar("T")
_TERMINAL = Path("-")

Which = Annotated[KeysetName, typer.Option("--keyset", help="Which keyset.")]
Output = Annotated[
    Path | None,
    typer.Option(
        help="Where to write the new keyset, instead of in its own place; - for the terminal."
    ),
]
SeenWithin = Annotated[
    int, typer.Option(min=1, help="Minutes since which a process counts as running.")
]
_MINUTES = SEEN_WITHIN // timedelta(minutes=1)


def register(keys: typer.Typer) -> None:
    rotate = typer.Typer(help="Replace a keyset's key: add, promote, retire.", no_args_is_help=True)
    rotate.command()(add)
    rotate.command()(promote)
    rotate.command()(retire)
    keys.add_typer(rotate, name="rotate")


def add(keyset: Which, output: Output = None) -> None:
    """Add a new key, which nobody uses yet; then restart every process with the new keyset."""

    async def take(_: Services, before: Keyset) -> Step:
        return added(before)

    step = _take(keyset, "keys.added", output, take)
    err.print(f"key {step.key_id} is added; restart every process, then: keys rotate promote")


def promote(keyset: Which, output: Output = None, seen_within: SeenWithin = _MINUTES) -> None:
    """Make the newest key the primary one, once every process has it; then restart them again."""

    async def take(services: Services, before: Keyset) -> Step:
        return promoted(before, await _running(services, seen_within))

    step = _take(keyset, "keys.promoted", output, take)
    err.print(f"key {step.key_id} is the primary one; restart every process, then:", end=" ")
    err.print("wait for retention" if keyset is KeysetName.TEMPORAL else "keys reencrypt")


def retire(
    keyset: Which,
    output: Output = None,
    key: Annotated[int | None, typer.Option(help="Which key; the oldest when absent.")] = None,
    seen_within: SeenWithin = _MINUTES,
    *,
    destroy: Annotated[bool, typer.Option(help="Remove it for ever.")] = False,
) -> None:
    """Disable an old key, once nothing is under it any more."""

    async def take(services: Services, before: Keyset) -> Step:
        old = oldest_unused(before) if key is None else before.key(key)

        async def still_under(key_id: int) -> str | None:
            if before.name is KeysetName.TEMPORAL:
                return await first_under(KeyScan(services.temporal), key_id)
            url = services.settings.secret("database_url")
            count = (await under_keys(url, before.name))[key_id]
            return f"{count} values in the database (see: keys reencrypt)" if count else None

        uses = await _running(services, seen_within)
        return await retired(before, old, uses, still_under, destroy=destroy)

    step = _take(keyset, "keys.destroyed" if destroy else "keys.retired", output, take)
    err.print(f"key {step.key_id} is {'gone' if destroy else 'disabled'}; restart every process")


def with_services(settings: Settings, work: Callable[[Services], Awaitable[T]]) -> T:
    async def opened() -> T:
        async with open_services(settings, NAME) as services:
            return await work(services)

    return at_temporal(opened())


def _take(
    name: KeysetName,
    event: str,
    output: Path | None,
    take: Callable[[Services, Keyset], Awaitable[Step]],
) -> Step:
    """Do one step: noted first, for what nobody noted must not have happened."""
    with expected_errors():
        settings = load_settings()
        before = keyset_of(settings, name)
    if output is None and before.source.path is None:
        fail("the keyset is in an environment variable: say with --output where the new one goes")
    refuse_existing(output)

    async def stepped(services: Services) -> Step:
        step = await take(services, before)
        keysets = settings.keysets
        log = OperatorLog(services.engine, Sealer(keysets.database, keysets.lookup))
        details = {"keyset": name.value, "key": str(step.key_id)}
        await log.note(actor(settings), event, details, utc_now())
        return step

    step = with_services(settings, stepped)
    _write(before, step.text, output)
    return step


def refuse_existing(output: Path | None) -> None:
    if output not in {None, _TERMINAL} and os.path.lexists(str(output)):
        fail(f"{output} is there already")


def write_new(output: Path, text: str) -> None:
    """Write a keyset where it is not yet."""
    if output == _TERMINAL:
        typer.echo(text)
        return
    try:
        create_file(output, text)
    except OSError as error:
        fail(f"cannot write {output}: {error.strerror}")


def _write(before: Keyset, text: str, output: Path | None) -> None:
    if output is not None:
        write_new(output, text)
        return
    path = before.source.path
    assert path is not None, "it was checked before"
    try:
        replace_file(path, before.text, text)
    except OSError as error:
        fail(f"cannot write {path}: {error.strerror} (see: --output)")
    except ValueError as error:
        fail(f"cannot write {path}: {error}")


async def _running(services: Services, minutes: int) -> tuple[KeysetUse, ...]:
    return await KeysetUses(services.engine).within(timedelta(minutes=minutes))
