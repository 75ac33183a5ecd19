"""`dev` and `demo`: the whole service on this machine."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from httpx import HTTPError

from local_stack.addresses import ForeignAddressError
from local_stack.processes import ChildError
from starter.demo import DemoError, play
from starter.dev import run_until_signalled, stay_up
from starter.scenarios import SCENARIOS

ORDER = Path(__file__).parents[2] / "examples" / "order.json"
EXPECTED = (ChildError, DemoError, ForeignAddressError, OSError, ValueError, HTTPError)

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
    order: Annotated[Path, typer.Option(help="the order to be played with")] = ORDER,
    scenario: Annotated[str, typer.Option(help="what happens to it; see --list")] = "paid",
    state_dir: StateDir = Path(".state/demo"),
    *,
    leave: Annotated[bool, typer.Option("--exit", help="end when the order is done")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="name every scenario")] = False,
) -> None:
    """Play one order, step by step, from checkout to invoice; the state is emptied first."""
    if list_all:
        for name, each in SCENARIOS.items():
            typer.echo(f"{name:<18} {each.about}")
        return
    chosen = SCENARIOS.get(scenario)
    if chosen is None:
        sys.exit(f"demo: no scenario is called {scenario!r}; there are {', '.join(SCENARIOS)}")
    try:
        placed = json.loads(order.read_text())
        run_until_signalled(play(chosen, placed, state_dir, stay=not leave))
    except EXPECTED as error:
        sys.exit(f"demo: {error}")
