"""Commands about reconciliation runs: list them, write what one came to into a file."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from adapters.display import instant_wib
from adapters.postgres.runs import StoredRun
from adapters.run_report import RUN_KINDS, outcome
from payments.errors import PermanentError
from payments.reconciling import RunKind
from payments.request import Locale
from settings import load_settings
from starter.bodies import in_utc
from starter.client import utc_now
from starter.commands.session import with_services
from starter.commands.summary import report_document
from starter.commands.terminal import (
    AsJson,
    actor,
    expected_errors,
    fail,
    listing,
    out,
    print_json,
    written_to,
)
from starter.finance import once, take_out
from starter.services import Services


def list_runs(
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    *,
    as_json: AsJson = False,
) -> None:
    """List the reconciliation runs, the newest first."""
    with expected_errors():
        settings = load_settings()

    async def read(services: Services) -> tuple[StoredRun, ...]:
        return await services.reconciliation.runs(limit)

    found = with_services(settings, read)
    if as_json:
        print_json([_document(run) for run in found])
        return
    table = listing("run", "kind", "started", "checked", "outcome")
    for run in found:
        started = instant_wib(run.started_at, Locale.EN)
        checked = str(run.report.tally.checked) if run.report else ""
        told = outcome(run.report) if run.report else "not finished"
        table.add_row(*map(escape, (run.run_id, RUN_KINDS[run.kind], started, checked, told)))
    out.print(table)


def write_report(
    run_id: Annotated[str, typer.Argument(help="The run's id, from reconcile runs.")],
    pdf: Annotated[Path | None, typer.Option(help="Where to write the report.")] = None,
    csv: Annotated[
        Path | None,
        typer.Option(help="Where to write each attempt looked at; of a file, what differed."),
    ] = None,
) -> None:
    """Write a run's report as PDF, or what it is about as CSV; that is audited."""
    path = pdf or csv
    if path is None or (pdf and csv):
        fail("give either --pdf or --csv")
    with expected_errors():
        settings = load_settings()

    async def write(services: Services) -> None:
        run = await services.reconciliation.run(run_id)
        if run is None:
            raise PermanentError(f"no run {run_id} is stored (see: reconcile runs)")
        table = None if pdf else _csv(services, run)
        pieces = table or once(await _pdf(services, run_id))
        with written_to(path) as file:
            await _take_out(services, run, pieces, file.write, has_rows=table is not None)

    with_services(settings, write)


async def _take_out(
    services: Services,
    run: StoredRun,
    pieces: AsyncIterator[bytes],
    write: Callable[[bytes], object],
    *,
    has_rows: bool,
) -> None:
    """It has amounts of single payments, so it is audited as finance's exports are."""
    end = run.finished_at or utc_now()

    async def note(rows: int, digest: bytes) -> None:
        who = actor(services.settings)
        counted, at = rows if has_rows else 0, utc_now()
        await services.finance.note_export(who, run.started_at, end, counted, digest, at)

    await take_out(pieces, note, write)


async def _pdf(services: Services, run_id: str) -> bytes:
    content = await services.reconciliation.pdf(run_id)
    if content is None:
        raise PermanentError(f"run {run_id} has no PDF")
    return content


async def _csv(services: Services, run: StoredRun) -> AsyncIterator[bytes]:
    if run.kind is RunKind.FILE:
        yield await services.reconciliation.differences_csv(run.run_id)
        return
    async for piece in services.reconciliation.rows_csv(run.run_id):
        yield piece


def _document(run: StoredRun) -> dict[str, object]:
    started = {"run_id": run.run_id, "kind": run.kind, "started_at": in_utc(run.started_at)}
    return {**started, "report": report_document(run.report) if run.report else None}
