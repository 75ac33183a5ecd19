"""Commands for finance: export."""

from pathlib import Path
from typing import Annotated

import typer

from settings import load_settings
from starter.client import utc_now
from starter.commands.session import with_services
from starter.commands.terminal import actor, err, expected_errors, written_to
from starter.finance import FinanceExport, day_of, span_of
from starter.services import Services


def register(app: typer.Typer) -> None:
    finance = typer.Typer(no_args_is_help=True)
    # A single command alone would take the group's place.
    finance.callback()(_about)
    finance.command()(export)
    app.add_typer(finance, name="finance")


def _about() -> None:
    """What finance needs."""


def export(
    first: Annotated[str, typer.Option("--from", help="First day in Jakarta: YYYY-MM-DD.")],
    last: Annotated[str, typer.Option("--to", help="Last day in Jakarta, included: YYYY-MM-DD.")],
    output: Annotated[
        Path | None, typer.Option(help="Where to write; standard output when absent.")
    ] = None,
) -> None:
    """Write every transaction whose money came in these days as CSV; that is audited."""
    with expected_errors():
        settings = load_settings()
        reader, days = actor(settings), (day_of("from", first), day_of("to", last))
        span_of(*days)

    async def write(services: Services) -> int:
        exported = FinanceExport(services.finance, utc_now)
        with written_to(output) as file:
            return await exported.write(reader, *days, file.write)

    rows = with_services(settings, write)
    err.print(f"{rows} transactions of {first} to {last}", markup=False)
