"""What every command shares: how it runs, how it prints, and how it fails."""

import asyncio
import getpass
import json
import os
import stat
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, BinaryIO, NoReturn, TypeVar

import tink
import typer
from pydantic import BaseModel
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from payments.errors import PaymentError
from settings import Settings, SettingsError
from starter.documents import MalformedJsonError
from starter.outages import OUTAGES

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

_OWNER_ONLY = 0o600

out = Console(soft_wrap=True, highlight=False)
err = Console(soft_wrap=True, highlight=False, stderr=True)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; an expected error becomes one line and a non-zero exit."""
    with expected_errors():
        return asyncio.run(work)


@contextmanager
def expected_errors() -> Iterator[None]:
    try:
        yield
    except (SettingsError, PaymentError) as error:
        fail(str(error))
    except tink.TinkError:
        fail(
            "something stored cannot be read with these keysets (see: python -m starter keys status)"
        )
    except MalformedJsonError as error:
        fail(f"not JSON: {error}")
    except OUTAGES as error:
        fail(f"the database cannot be reached: {one_line(error)} (see: python -m starter doctor)")


def fail(text: str) -> NoReturn:
    err.print(f"error: {text}", style="red", markup=False)
    raise typer.Exit(1)


def show(body: BaseModel, table: Table, *, as_json: bool) -> None:
    if as_json:
        print_json(body.model_dump(mode="json"))
    else:
        out.print(table)


@contextmanager
def written_to(path: Path | None) -> Iterator[BinaryIO]:
    """The file, or standard output; what is taken out of the database is for its owner's eyes.

    A file that cannot be written is one line and a non-zero exit.
    """
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    try:
        descriptor = _opened_for_the_owner(path)
    except OSError as error:
        fail(f"cannot write {path}: {error.strerror}")
    with os.fdopen(descriptor, "wb") as file:
        yield file


def _opened_for_the_owner(path: Path) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    # One that was there before may have been open to others; a device is none of ours.
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.fchmod(descriptor, _OWNER_ONLY)
    return descriptor


def bar(what: str, *, is_shown: bool) -> Progress:
    """On a terminal; elsewhere one line says what is being done."""
    if is_shown and not err.is_terminal:
        err.print(what, markup=False)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn())
    is_disabled = not (is_shown and err.is_terminal)
    return Progress(*columns, console=err, transient=True, disable=is_disabled)


def print_json(document: object) -> None:
    # Not through Rich, which would colour and wrap what a script has to read.
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2))


def one_line(error: BaseException) -> str:
    """An error's first line, or its kind where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def listing(name: str, *columns: str) -> Table:
    """A table whose first column is never cut: it is what people copy."""
    table = Table(box=None)
    table.add_column(name, no_wrap=True)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def facts(title: str) -> Table:
    """A table of names and values."""
    table = Table(title=title, title_justify="left", show_header=False, box=None)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    return table


def actor(settings: Settings) -> str:
    """How the audit log names whoever runs the command: as the machine has it, on its word."""
    try:
        return f"cli:{settings.operator or getpass.getuser()}"
    except (KeyError, OSError):
        return f"cli:{os.getuid()}"
