"""Commands about what reconciliation found: list the differences, resolve one."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from adapters.display import instant_wib
from adapters.postgres.discrepancy_rows import ResolvedDiscrepancy, StoredDiscrepancy
from adapters.postgres.run_rows import differences_csv
from adapters.run_report import DIFFERENCES
from payments.request import Locale
from settings import load_settings
from starter.bodies import in_utc
from starter.client import utc_now
from starter.commands.session import with_services
from starter.commands.terminal import (
    AsJson,
    actor,
    expected_errors,
    listing,
    out,
    print_json,
    written_to,
)
from starter.conditions import require_reason
from starter.finance import once, take_out
from starter.services import Services

_PAGE = 200


def list_differences(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Resolved ones too.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write them here as CSV instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what differs between us and the gateway, the oldest first; a file of it is audited."""
    with expected_errors():
        settings = load_settings()

    async def read(services: Services) -> list[StoredDiscrepancy]:
        found = [each async for each in _all(services, open_only=not everything)]
        if csv is not None:
            with written_to(csv) as file:
                await _take_out(services, found, file.write)
        return found

    found = with_services(settings, read)
    if csv is not None:
        return
    if as_json:
        print_json([_document(each) for each in found])
    elif found:
        _print(found)
    else:
        out.print("nothing differs")


def resolve_difference(
    discrepancy_id: Annotated[int, typer.Argument(help="Its id, from reconcile differences.")],
    note: Annotated[str, typer.Option(help="What became of it; kept with it.")],
) -> None:
    """Close a difference that no run repairs; that is audited."""
    with expected_errors():
        settings = load_settings()
        require_reason(note)
        who = actor(settings)

    async def resolve(services: Services) -> StoredDiscrepancy:
        at = utc_now()
        return await services.reconciliation.resolve_discrepancy(discrepancy_id, who, note, at)

    resolved = with_services(settings, resolve)
    out.print(f"difference {discrepancy_id}: {_state(resolved)}", markup=False)


async def _all(services: Services, *, open_only: bool) -> AsyncIterator[StoredDiscrepancy]:
    after = 0
    while page := await services.reconciliation.discrepancies(
        open_only=open_only, after=after, limit=_PAGE
    ):
        for each in page:
            yield each
        after = page[-1].discrepancy_id


async def _take_out(
    services: Services, found: list[StoredDiscrepancy], write: Callable[[bytes], object]
) -> None:
    """It has amounts of single payments, so it is audited as finance's exports are."""
    now = utc_now()
    since = min((each.first_seen_at for each in found), default=now)

    async def note(rows: int, digest: bytes) -> None:
        who = actor(services.settings)
        await services.finance.note_export(who, since, now, rows, digest, now)

    await take_out(once(differences_csv(found)), note, write)


def _print(found: list[StoredDiscrepancy]) -> None:
    table = listing(
        "id", "what", "gateway order", "transaction", "ours", "theirs", "since", "state"
    )
    for each in found:
        cells = (
            str(each.discrepancy_id),
            DIFFERENCES[each.found.kind],
            each.found.gateway_order_id,
            each.found.transaction_id,
            each.found.ours,
            each.found.theirs,
            instant_wib(each.first_seen_at, Locale.EN),
            _state(each),
        )
        table.add_row(*map(escape, cells))
    out.print(table)


def _state(each: StoredDiscrepancy) -> str:
    """Open, or how it ended."""
    resolved = each.resolved
    if resolved is None:
        return "open"
    when = instant_wib(resolved.at, Locale.EN)
    note = f": {resolved.note}" if resolved.note else ""
    return f"{resolved.resolution} by {resolved.actor}, {when}{note}"


def _document(each: StoredDiscrepancy) -> dict[str, object]:
    found = each.found
    return {
        "discrepancy_id": each.discrepancy_id,
        "kind": found.kind,
        "order_id": found.order_id,
        "gateway_order_id": found.gateway_order_id,
        "transaction_id": found.transaction_id,
        "ours": found.ours,
        "theirs": found.theirs,
        "first_seen_at": in_utc(each.first_seen_at),
        "last_seen_at": in_utc(each.last_seen_at),
        "first_run_id": each.first_run_id,
        "last_run_id": each.last_run_id,
        "resolved": _resolved_document(each.resolved),
    }


def _resolved_document(resolved: ResolvedDiscrepancy | None) -> dict[str, object] | None:
    if resolved is None:
        return None
    return {
        "resolution": resolved.resolution,
        "at": in_utc(resolved.at),
        "actor": resolved.actor,
        "note": resolved.note,
    }
