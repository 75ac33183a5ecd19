"""Commands about keys: what is under which, replacing one, and making anew what is under old ones."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from adapters.display import instant_wib
from adapters.keyset_source import KeysetSource
from adapters.postgres.keyset_uses import KeysetUse, KeysetUses
from adapters.postgres.logs import OperatorLog
from adapters.postgres.reencryption import Reencryption, UnreadableRow
from adapters.postgres.sealing import Sealer
from adapters.temporal.key_scan import KeyScan
from payments.request import Locale
from settings import PREFIX, load_settings
from starter.bodies import in_utc
from starter.client import utc_now
from starter.commands import rotate
from starter.commands.rotate import Which, refuse_existing, with_services, write_new
from starter.commands.terminal import (
    AsJson,
    actor,
    err,
    expected_errors,
    fail,
    listing,
    out,
    print_json,
)
from starter.key_status import histories, keyset_document, under_keys
from starter.rotation import KeysetName, fresh_key, keyset_of
from starter.services import Services

PASSES = 5
_A_DAY = timedelta(days=1)


def register(app: typer.Typer) -> None:
    keys = typer.Typer(help="The keys that everything is encrypted under.", no_args_is_help=True)
    keys.command()(create)
    keys.command()(status)
    keys.command()(reencrypt)
    rotate.register(keys)
    app.add_typer(keys, name="keys")


def create(
    keyset: Which,
    output: Annotated[Path, typer.Option(help="Where to write it; - for the terminal.")],
) -> None:
    """Make a new keyset, under the KMS key of the settings if they name one."""
    with expected_errors():
        source = KeysetSource("{}", load_settings().keyset_kms_uri)
    refuse_existing(output)
    try:
        text = source.serialised(fresh_key(keyset))
    except ValueError as error:
        fail(f"{PREFIX}KEYSET_KMS_URI: {error}")
    write_new(output, text)


def status(
    runs: Annotated[
        int, typer.Option(min=0, help="How many of Temporal's runs to read; 0: not even ask.")
    ] = 1000,
    *,
    as_json: AsJson = False,
) -> None:
    """Show each keyset's keys, what is still under them, and which process has which."""
    with expected_errors():
        settings = load_settings()

    async def look(services: Services) -> tuple[list[dict[str, Any]], Sequence[KeysetUse]]:
        uses = await KeysetUses(services.engine).within(_A_DAY)
        return [await _document(services, name, runs) for name in KeysetName], uses

    keysets, uses = with_services(settings, look)
    if as_json:
        print_json({"keysets": keysets, "processes": [_process(use) for use in uses]})
        return
    for keyset in keysets:
        _print_keyset(keyset)
    _print_processes(uses)


def reencrypt(*, as_json: AsJson = False) -> None:
    """Make anew, while the service works, what the database has under older keys.

    Whoever stops it may start it again. Exits with 1 when something is left or cannot be read.
    """
    with expected_errors():
        settings = load_settings()

    async def work(services: Services) -> _Renewal:
        keysets = settings.keysets
        log = OperatorLog(services.engine, Sealer(keysets.database, keysets.lookup))
        under = {
            "database": str(keysets.database.primary_key_id),
            "lookup": str(keysets.lookup.primary_key_id),
        }
        await log.note(actor(settings), "keys.reencrypted", under, utc_now())
        return await _renewed(Reencryption(services.engine, keysets))

    done = with_services(settings, work)
    if as_json:
        print_json(asdict(done))
    else:
        out.print(f"{done.renewed} rows are renewed")
        if done.skipped:
            out.print(f"{done.skipped} rows were held by others all the time: start it again")
        for each in done.unreadable:
            out.print(f"cannot be read: {each.table} {' '.join(each.row)}", markup=False)
    if done.skipped or done.unreadable:
        raise typer.Exit(1)


@dataclass
class _Renewal:
    """`skipped` and `unreadable` are of the last pass."""

    renewed: int = 0
    skipped: int = 0
    unreadable: list[UnreadableRow] = field(default_factory=list)


async def _renewed(work: Reencryption) -> _Renewal:
    """One pass more than anything was left to do in, but not for ever."""
    done = _Renewal()
    for _ in range(PASSES):
        before, seen = done.renewed, 0
        done.skipped, done.unreadable = 0, []
        async for page in work.passed():
            seen += page.seen
            done.renewed += page.renewed
            done.skipped += page.skipped
            done.unreadable.extend(page.unreadable)
            err.print(f"{page.table}: {seen} rows seen, {done.renewed} renewed", style="dim")
        if done.renewed == before and not done.skipped:
            break
    return done


async def _document(services: Services, name: KeysetName, runs: int) -> dict[str, Any]:
    keyset = keyset_of(services.settings, name)
    if name is KeysetName.TEMPORAL:
        found = await histories(KeyScan(services.temporal), runs) if runs else None
        return keyset_document(keyset, None if found is None else found.under, found)
    url = services.settings.secret("database_url")
    return keyset_document(keyset, await under_keys(url, name), None)


def _process(use: KeysetUse) -> dict[str, Any]:
    instants = {"started_at": in_utc(use.started_at), "seen_at": in_utc(use.seen_at)}
    return {**asdict(use), **instants}


def _print_keyset(keyset: dict[str, Any]) -> None:
    kept = f"{keyset['keyset']} keyset, in {keyset['kept_in']}"
    out.print(f"{kept} under {keyset['kms_uri']}" if keyset["kms_uri"] else kept, markup=False)
    table = listing("key", "state", "under it", "of which open", "free")
    for key in keyset["keys"]:
        row = tuple(key.get(name) for name in ("key_id", "state", "under_it", "open", "free_at"))
        table.add_row(*("" if cell is None else escape(str(cell)) for cell in row))
    for key_id, count in keyset["unknown"].items():
        table.add_row(key_id, "[red]not here[/red]", str(count), "", "")
    out.print(table)
    if "runs_there" in keyset:
        out.print(f"{keyset['runs_looked_at']} of about {keyset['runs_there']} runs were read\n")
    else:
        out.print()


def _print_processes(uses: Sequence[KeysetUse]) -> None:
    table = listing("process", "host", "build", "keyset", "primary", "newest", "since", "last seen")
    for use in uses:
        clocks = (instant_wib(at, Locale.EN) for at in (use.started_at, use.seen_at))
        cells = (use.process, use.host, use.build or "", use.keyset)
        keys = (str(use.primary_key_id), str(use.key_ids[-1]))
        table.add_row(*map(escape, (*cells, *keys, *clocks)))
    out.print(table)
