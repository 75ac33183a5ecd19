"""Commands that compare what we hold with what the gateway holds: reconcile and what it found."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.progress import Progress

from adapters.invoice_pdf.report_drawer import ReportPdfDrawer
from adapters.midtrans.settlement_file import read_settlements
from adapters.midtrans.settlement_mapping import SettlementMapping, read_mapping
from adapters.run_report import agrees
from payments.reconciliation import RunReport
from settings import Settings, load_settings
from starter.client import utc_now
from starter.commands.differences import list_differences, resolve_difference
from starter.commands.runs import list_runs, write_report
from starter.commands.session import with_services
from starter.commands.summary import print_summary, summary_document
from starter.commands.terminal import AsJson, bar, expected_errors, fail, print_json
from starter.recent import RecentRun
from starter.reconciling import FileReconciliation, FileSummary, file_run_id
from starter.services import Services


def register(app: typer.Typer) -> None:
    commands = typer.Typer(help="Compare what we hold with what the gateway holds.")
    commands.callback(invoke_without_command=True)(reconcile)
    commands.command("differences")(list_differences)
    commands.command("resolve")(resolve_difference)
    commands.command("runs")(list_runs)
    commands.command("report")(write_report)
    app.add_typer(commands, name="reconcile")


def reconcile(
    context: typer.Context,
    file: Annotated[
        Path | None, typer.Option(help="A settlement file of the gateway's dashboard, as CSV.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="JSON: what its columns are called, which fees are agreed.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Compare a settlement file with what we hold; without one, ask the gateway about the last
    days now. Exits with 1 when differences are open, or something was not answered or read."""
    if context.invoked_subcommand is not None:
        return
    with expected_errors():
        settings = load_settings()
    summary = (
        _of_file(settings, file, mapping, is_shown=not as_json)
        if file
        else _of_recent(settings, is_shown=not as_json)
    )
    if as_json:
        print_json(summary_document(summary))
    else:
        print_summary(summary)
    if summary.unread or not agrees(summary.report):
        raise typer.Exit(1)


def _of_file(
    settings: Settings, path: Path, mapping: Path | None, *, is_shown: bool
) -> FileSummary:
    with expected_errors():
        named = read_mapping(_content(mapping)) if mapping else SettlementMapping()

    async def compare(services: Services) -> FileSummary:
        run = FileReconciliation(services.reconciliation, services.orders, named.fees, utc_now)
        with _opened(path) as file, bar(f"comparing {path.name}", is_shown=is_shown) as progress:
            lines = read_settlements(file, named)
            moved = _moved(progress, file)
            summary = await run.run(file_run_id(utc_now()), lines, moved)
        await _keep_pdf(services, summary.report)
        return summary

    return with_services(settings, compare)


def _of_recent(settings: Settings, *, is_shown: bool) -> FileSummary:
    async def ask(services: Services) -> FileSummary:
        alert_after = settings.discrepancy_alert_after
        run = RecentRun(services.temporal, services.reconciliation, alert_after)
        with bar("asking the gateway", is_shown=is_shown) as progress:
            task = progress.add_task("asking the gateway", total=None)

            def moved(text: str) -> None:
                progress.update(task, description=text)

            report = await run.run(settings.reconcile_days, utc_now(), moved)
        return FileSummary(report=report)

    return with_services(settings, ask)


async def _keep_pdf(services: Services, report: RunReport) -> None:
    """As the workflow does it for a run of its own."""
    pdf = await ReportPdfDrawer(services.settings.merchant).draw_report(report)
    await services.reconciliation.store_pdf(report.run_id, pdf)


def _moved(progress: Progress, file: BinaryIO) -> Callable[[int], None]:
    size = os.fstat(file.fileno()).st_size
    task = progress.add_task("reading the file", total=size)

    def moved(line: int) -> None:
        progress.update(task, completed=file.tell(), description=f"line {line}")

    return moved


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        fail(f"cannot read {path}: {error.strerror}")


def _content(path: Path) -> bytes:
    with _opened(path) as file:
        return file.read()
