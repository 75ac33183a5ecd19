"""`dev` and `demo`: the whole service on this machine."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from local_stack.addresses import ForeignAddressError
from local_stack.processes import ChildError
from starter.demo import DemoError, play
from starter.dev import run_until_signalled, stay_up

ORDER = Path(__file__).parents[2] / "examples" / "order.json"
EXPECTED = (ChildError, DemoError, ForeignAddressError, OSError, ValueError)

StateDir = Annotated[Path, typer.Option(help="where data, keys and logs are kept")]


def register(app: typer.Typer) -> None:
    app.command("dev")(dev)
    app.command("demo")(demo)


def dev(
    state_dir: StateDir = Path(".state/dev"),
    env_file: Annotated[
        Path | None, typer.Option(help="write the addresses there as KEY=VALUE once all answer")
    ] = None,
    *,
    fresh: Annotated[bool, typer.Option("--fresh", help="forget what is kept")] = False,
) -> None:
    """Start everything on this machine and stay until Ctrl-C."""
    try:
        run_until_signalled(stay_up(state_dir, env_file, fresh=fresh))
    except EXPECTED as error:
        sys.exit(f"dev: {error}")


def demo(
    order: Annotated[Path, typer.Option(help="the order to be paid")] = ORDER,
    state_dir: StateDir = Path(".state/demo"),
    *,
    leave: Annotated[bool, typer.Option("--exit", help="end when the order is done")] = False,
) -> None:
    """Take one order from checkout to invoice, step by step; the state is emptied first."""
    try:
        run_until_signalled(play(json.loads(order.read_text()), state_dir, stay=not leave))
    except EXPECTED as error:
        sys.exit(f"demo: {error}")
