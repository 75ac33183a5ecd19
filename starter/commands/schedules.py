"""Commands about what runs by itself: apply the schedules, show them."""

from collections.abc import Coroutine, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

import typer
from rich.markup import escape
from temporalio.client import Client
from temporalio.service import RPCError

from adapters.display import instant_wib
from adapters.keysets import load_aead
from adapters.temporal.client import connect
from adapters.temporal.schedules import ScheduleView, apply_schedule, view_schedule
from payments.request import Locale
from settings import Settings, load_settings
from starter.commands.terminal import (
    AsJson,
    expected_errors,
    fail,
    listing,
    one_line,
    out,
    print_json,
    run,
)
from starter.schedules import planned_schedules
from starter.services import built

T = TypeVar("T")


def register(app: typer.Typer) -> None:
    schedules = typer.Typer(help="What runs by itself.", no_args_is_help=True)
    schedules.command("apply")(apply)
    schedules.command("show")(show)
    app.add_typer(schedules, name="schedules")


def apply(*, as_json: AsJson = False) -> None:
    """Create the schedules, or bring them to what the settings say."""
    with expected_errors():
        settings = load_settings()
    applied = _at_temporal(_apply(settings))
    if as_json:
        print_json(applied)
        return
    for schedule_id, what in applied.items():
        out.print(f"{schedule_id}: {what}", markup=False)


def show(*, as_json: AsJson = False) -> None:
    """Show when each schedule ran last, and when it runs next."""
    with expected_errors():
        settings = load_settings()
    views = _at_temporal(_views(settings))
    if as_json:
        print_json([_document(name, view) for name, view in views.items()])
        return
    table = listing("schedule", "what", "state", "last run", "next run")
    for name, view in views.items():
        table.add_row(name, *(escape(cell) for cell in _cells(view)))
    out.print(table)


async def _apply(settings: Settings) -> dict[str, str]:
    client = await _connected(settings)
    plans = planned_schedules(settings)
    return {plan.schedule_id: (await apply_schedule(client, plan)).value for plan in plans}


async def _views(settings: Settings) -> dict[str, ScheduleView | None]:
    client = await _connected(settings)
    names = [plan.schedule_id for plan in planned_schedules(settings)]
    return {name: await view_schedule(client, name) for name in names}


async def _connected(settings: Settings) -> Client:
    return await connect(built(settings, "keyset_temporal", load_aead))


def _at_temporal(work: Coroutine[Any, Any, T]) -> T:
    try:
        return run(work)
    except RPCError as error:
        fail(f"Temporal refuses: {error.status.name}: {error}")
    except RuntimeError as error:
        fail(f"Temporal cannot be reached: {one_line(error)} (see: python -m starter doctor)")


def _document(name: str, view: ScheduleView | None) -> dict[str, object]:
    if view is None:
        return {"schedule_id": name, "is_applied": False}
    return {
        **asdict(view),
        "is_applied": True,
        "next_runs": [each.isoformat() for each in view.next_runs],
        "last_runs": [
            {"started_at": at.isoformat(), "workflow_id": workflow_id}
            for at, workflow_id in view.last_runs
        ],
    }


def _cells(view: ScheduleView | None) -> tuple[str, ...]:
    if view is None:
        return ("", "not applied: python -m starter schedules apply", "", "")
    last_at = [at for at, _ in view.last_runs]
    return (
        view.note,
        "paused" if view.is_paused else "on",
        _clock(last_at[-1:]),
        "" if view.is_paused else _clock(view.next_runs[:1]),
    )


def _clock(instants: Sequence[datetime]) -> str:
    return instant_wib(instants[0], Locale.EN) if instants else "none"
