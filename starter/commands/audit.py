"""Commands about the audit log: verify, show, export, seal."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from adapters.postgres.audit_log import AuditLog
from adapters.postgres.audit_verdict import NOTHING_EXPORTED, AuditVerdict, BrokenRow, Scope
from adapters.postgres.chain_walk import Link
from payments.errors import OrderUnknownError
from payments.invoice import WIB
from settings import load_settings
from starter.audit import AuditExport, Form, Wanted, act_document, entry_document, read_export
from starter.audit_words import PROBLEMS, what, who
from starter.client import utc_now
from starter.commands.payments import OrderId
from starter.commands.session import with_services
from starter.commands.terminal import (
    AsJson,
    actor,
    bar,
    err,
    expected_errors,
    listing,
    out,
    print_json,
    written_to,
)
from starter.finance import day_of
from starter.services import Services

OneOrder = Annotated[str | None, typer.Option("--order", help="Of this order only.")]


def register(app: typer.Typer) -> None:
    audit = typer.Typer(help="Who did what, and the proof that nobody changed it.")
    for command in (verify, show, operators, export, seal):
        audit.command()(command)
    app.add_typer(audit, name="audit", no_args_is_help=True)


def verify(
    order_id: OneOrder = None,
    against: Annotated[
        Path | None, typer.Option(help="An export: nothing in it may have changed or vanished.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Prove every entry of the audit logs, or name the first row that is wrong, and exit with 1."""
    with expected_errors():
        settings = load_settings()

    async def prove(services: Services) -> AuditVerdict:
        log = services.audit
        await _require_known(log, order_id)
        exported = read_export(against, log, order_id) if against else NOTHING_EXPORTED
        with bar("walking the audit log", is_shown=not as_json) as progress:
            task = progress.add_task("walking the audit log", total=await log.about_how_many())

            def moved(entries: int) -> None:
                progress.update(task, completed=entries)

            return await log.verify(Scope(chain=order_id, moved=moved), exported)

    verdict = with_services(settings, prove)
    if as_json:
        print_json(_verdict_document(verdict))
    else:
        _print_verdict(verdict)
    if not verdict.is_sound:
        raise typer.Exit(1)


def show(order_id: OrderId, *, as_json: AsJson = False) -> None:
    """Show what happened to an order, who did it, and whether the log of it is sound."""
    with expected_errors():
        settings = load_settings()

    async def read(services: Services) -> tuple[list[Link], AuditVerdict]:
        await _require_known(services.audit, order_id)
        entries = [each async for each in services.audit.entries(order_id)]
        return entries, await services.audit.verify(Scope(chain=order_id))

    entries, verdict = with_services(settings, read)
    if as_json:
        told = [_told(each) | entry_document(each) for each in entries]
        print_json({"entries": told, "verdict": _verdict_document(verdict)})
    else:
        _print_timeline(order_id, entries)
        _print_verdict(verdict)
    if verdict.broken is not None:
        raise typer.Exit(1)


def operators(*, as_json: AsJson = False) -> None:
    """Show what operators did that is about no single order: exports, keys, seals."""
    with expected_errors():
        settings = load_settings()

    async def read(services: Services) -> list[Link]:
        return await services.audit.acts()

    acts = [act_document(each) for each in with_services(settings, read)]
    if as_json:
        print_json(acts)
        return
    table = listing("WIB", "who", "what", "details")
    for act in acts:
        at = f"{datetime.fromisoformat(act['at']).astimezone(WIB):%Y-%m-%d %H:%M:%S}"
        cells = (at, who(act["actor"], ""), act["event"], _details(act["details"]))
        table.add_row(*map(escape, cells))
    out.print(table)


def export(
    first: Annotated[
        str | None, typer.Option("--from", help="First day in Jakarta: YYYY-MM-DD.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", help="Last day in Jakarta, included: YYYY-MM-DD.")
    ] = None,
    order_id: OneOrder = None,
    form: Annotated[Form, typer.Option("--format", help="JSON lines, or CSV.")] = Form.JSONL,
    output: Annotated[
        Path | None, typer.Option(help="Where to write; standard output when absent.")
    ] = None,
) -> None:
    """Write the audit log, and a signed last line; that is audited. Keep it on another machine."""
    with expected_errors():
        settings = load_settings()
        reader = actor(settings)
        wanted = Wanted(
            first=day_of("from", first) if first else None,
            last=day_of("to", last) if last else None,
            order_id=order_id,
            form=form,
        )
        wanted.require_order()

    async def write(services: Services) -> AuditExport:
        log = services.audit
        await _require_known(log, order_id)
        with bar("reading the audit log", is_shown=True) as progress, written_to(output) as file:
            task = progress.add_task("reading the audit log", total=await log.about_how_many())

            def moved(entries: int) -> None:
                progress.update(task, completed=entries)

            exported = AuditExport(log, services.operator_log, utc_now, moved)
            await exported.write(reader, wanted, file.write)
        return exported

    exported = with_services(settings, write)
    err.print(_counted(exported.entries, exported.orders), markup=False)


def seal() -> None:
    """Seal what an earlier version has written, once after an upgrade; that is audited."""
    with expected_errors():
        settings = load_settings()

    async def seal_all(services: Services) -> int:
        log = services.audit
        with bar("sealing the audit log", is_shown=True) as progress:
            task = progress.add_task("sealing the audit log", total=None)

            def moved(orders: int) -> None:
                progress.update(task, description=f"{orders} orders")

            sealed = await log.seal(moved)
        if sealed:
            await services.operator_log.note(
                actor(settings), "audit.sealed", {"chains": str(sealed)}, utc_now()
            )
        return sealed

    out.print(f"sealed: {counted(with_services(settings, seal_all), 'chain')}")


async def _require_known(log: AuditLog, order_id: str | None) -> None:
    if order_id is not None and not await log.knows(order_id):
        raise OrderUnknownError(order_id)


def _print_timeline(order_id: str, entries: list[Link]) -> None:
    table = listing("WIB", "after", "who", "what", "details")
    table.title, table.title_justify = f"order {order_id}", "left"
    before: datetime | None = None
    for each in entries:
        at: datetime = each.entry["at"]
        told = _told(each)
        cells = (
            f"{at.astimezone(WIB):%Y-%m-%d %H:%M:%S}",
            "" if before is None else span(at - before),
            told["who"],
            told["what"],
            _details(each.entry["details"]),
        )
        table.add_row(*map(escape, cells))
        before = at
    out.print(table)


def _told(link: Link) -> dict[str, str]:
    entry = link.entry
    return {"who": who(entry["actor"], entry["cause"]), "what": what(entry["event"])}


def _details(details: Mapping[str, str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in details.items())


def span(passed: timedelta) -> str:
    """`12 s`, `4 min 12 s`, `2 h 5 min`, `3 d 4 h`: the two largest units."""
    seconds = round(passed.total_seconds())
    if seconds < 0:
        return f"-{span(-passed)}"
    parts = list[str]()
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, length)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def _print_verdict(verdict: AuditVerdict) -> None:
    logs = f", and {verdict.log_entries} of operators and exports" if verdict.log_entries else ""
    walked = f"{_counted(verdict.entries, verdict.orders)}{logs}"
    if verdict.broken is not None:
        out.print(f"[red]✗[/red] sound: {walked}; then", escape(_named(verdict.broken)))
    elif verdict.first_unsealed is not None:
        unsealed = counted(verdict.unsealed, "chain")
        out.print(f"[red]✗[/red] {walked}: not sealed to its end: {unsealed}, such as where")
        out.print(f"  {_named(verdict.first_unsealed)} (docs/audit.md, Seals)", markup=False)
    else:
        out.print(f"[green]✓[/green] sound and sealed: {walked}")


def _counted(entries: int, orders: int) -> str:
    return f"{counted(entries, 'entry', 'entries')} of {counted(orders, 'order')}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 order`, `2 orders`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"


def _named(row: BrokenRow) -> str:
    of_what = f"order {row.order_id}" if row.order_id else f"the log {row.log}"
    return f"entry {row.seq} of {of_what} {PROBLEMS[row.problem]}"


def _verdict_document(verdict: AuditVerdict) -> dict[str, object]:
    return {
        "is_sound": verdict.is_sound,
        "orders": verdict.orders,
        "entries": verdict.entries,
        "log_entries": verdict.log_entries,
        "broken": _row_document(verdict.broken),
        "unsealed": verdict.unsealed,
        "first_unsealed": _row_document(verdict.first_unsealed),
    }


def _row_document(row: BrokenRow | None) -> dict[str, object] | None:
    if row is None:
        return None
    place = {"log": row.log, "order_id": row.order_id or None, "seq": row.seq}
    return {**place, "problem": row.problem, "what": PROBLEMS[row.problem]}
