"""`python -m starter dev`: everything on this machine, in the foreground, until Ctrl-C."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rich.console import Console

from local_stack.processes import running
from local_stack.stack import Stack, empty, run_stack

APPLY_WAIT = timedelta(seconds=30)


@asynccontextmanager
async def local_service(
    state_dir: Path,
    console: Console,
    *,
    fresh: bool,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Stack]:
    """The running stack, one line per part as it comes up; what the environment says wins."""
    if fresh:
        empty(state_dir)

    def say(line: str) -> None:
        console.print(f"[green]✓[/green] {line}", highlight=False, soft_wrap=True)

    with console.status("starting …"):
        stack_context = run_stack(state_dir, {**settings, **os.environ}, say=say)
        stack = await stack_context.__aenter__()
    try:
        yield stack
    finally:
        with console.status("stopping …"):
            await stack_context.__aexit__(None, None, None)


async def stay_up(state_dir: Path, env_file: Path | None, *, fresh: bool) -> None:
    """Run the stack until it is told to stop; write its addresses once everything answers."""
    console = Console()
    async with local_service(state_dir, console, fresh=fresh) as stack:
        await _apply_schedules(stack)
        if env_file is not None:
            stack.write_environment(env_file)
        show_addresses(stack, console)
        console.print("Ctrl-C stops everything.")
        await asyncio.Event().wait()


async def _apply_schedules(stack: Stack) -> None:
    program = stack.program("schedules", "starter", "schedules", "apply")
    async with running(program, stack.logs) as applying:
        await applying.finish(APPLY_WAIT)


def show_addresses(stack: Stack, console: Console) -> None:
    environment = stack.environment
    for title, text in (
        ("Web UI", environment["PAYMENTS_WEB_UI_URL"]),
        ("checkout API", f"{environment['PAYMENTS_API_URL']}/openapi.json"),
        ("API key", environment["PAYMENTS_API_KEY"]),
        ("Midtrans simulator", environment["PAYMENTS_MIDTRANS_URL"]),
        ("mails", environment["PAYMENTS_MAIL_DIR"]),
        ("logs", str(stack.logs)),
    ):
        console.print(f"  {title:<19} {text}", highlight=False, soft_wrap=True)


def run_until_signalled(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end, or until SIGINT or SIGTERM, after which everything is stopped in order."""

    async def cancellable() -> None:
        task = asyncio.current_task()
        assert task is not None, "runs as a task"
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        await work

    with suppress(asyncio.CancelledError):
        asyncio.run(cancellable())
