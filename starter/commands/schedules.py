"""Commands about what runs by itself: apply the schedules, show them."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import typer
from rich.markup import escape

from adapters.display import instant_wib
from adapters.temporal.schedules import ScheduleView, apply_schedule, view_schedule
from payments.request import Locale
from settings import Settings, load_settings
from starter.commands.engine import at_temporal, connected
from starter.commands.terminal import (
    AsJson,
    expected_errors,
    listing,
    out,
    print_json,
)
from starter.schedules import planned_schedules


def register(app: typer.Typer) -> None:
    schedules = typer.Typer(help="What runs by itself.", no_args_is_help=True)
    schedules.command("apply")(apply)
    schedules.command("show")(show)
    app.add_typer(schedules, name="schedules")


def apply(*, as_json: AsJson = False) -> None:
    """Create the schedules, or bring them to what the settings say."""
    with expected_errors():
        settings = load_settings()
    applied = at_temporal(_apply(settings))
    if as_json:
        print_json(applied)
        return
    for schedule_id, what in applied.items():
        out.print(f"{schedule_id}: {what}", markup=False)


def show(*, as_json: AsJson = False) -> None:
    """Show when each schedule ran last, and when it runs next."""
    with expected_errors():
        settings = load_settings()
    views = at_temporal(_views(settings))
    if as_json:
        print_json([_document(name, view) for name, view in views.items()])
        return
    table = listing("schedule", "what", "state", "last run", "next run")
    for name, view in views.items():
        table.add_row(name, *(escape(cell) for cell in _cells(view)))
    out.print(table)


async def _apply(settings: Settings) -> dict[str, str]:
    client = await connected(settings)
    plans = planned_schedules(settings)
    return {plan.schedule_id: (await apply_schedule(client, plan)).value for plan in plans}


async def _views(settings: Settings) -> dict[str, ScheduleView | None]:
    client = await connected(settings)
    names = [plan.schedule_id for plan in planned_schedules(settings)]
    return {name: await view_schedule(client, name) for name in names}


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
