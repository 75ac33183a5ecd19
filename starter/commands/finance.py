"""Commands for finance: export."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from payments.errors import FieldProblem, InvalidRequestError
from settings import load_settings
from starter.client import utc_now
from starter.commands.session import with_services
from starter.commands.terminal import actor, err, expected_errors, written_to
from starter.finance import FinanceExport, span_of
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
        reader, days = actor(settings), (_day("from", first), _day("to", last))
        span_of(*days)

    async def write(services: Services) -> int:
        exported = FinanceExport(services.finance, utc_now)
        with _opened(output) as file:
            return await exported.write(reader, *days, file.write)

    rows = with_services(settings, write)
    err.print(f"{rows} transactions of {first} to {last}", markup=False)


def _day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidRequestError((FieldProblem(name, "a day such as 2026-11-23"),)) from None


@contextmanager
def _opened(output: Path | None) -> Iterator[BinaryIO]:
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    with written_to(output) as file:
        yield file
