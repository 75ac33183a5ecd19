"""How a process ends: in order when it can, in time when it cannot, and never by crashing."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from local_stack.processes import PROJECT

SCRIPT = """
import asyncio, sys
from datetime import timedelta
from adapters.lifetime import live
from adapters.telemetry import configure_logging

class Expected(Exception):
    pass

async def in_order(stop):
    await stop.wait()
    print("stopped", flush=True)

async def endless(stop):
    await asyncio.Event().wait()

async def busy(stop):
    while True:
        pass

async def refused(stop):
    raise Expected("a setting is wrong")

async def failing(stop):
    raise KeyError("a mistake of ours")

async def serve(stop):
    print("serving", flush=True)
    await globals()[sys.argv[1]](stop)

configure_logging("info")
limit = timedelta(seconds=float(sys.argv[2]))
live("script", serve, limit=limit, expected=Expected)
"""

Started = Callable[..., Awaitable[Process]]


@asynccontextmanager
async def script(serve: str, limit: float) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SCRIPT, serve, str(limit)),
        cwd=PROJECT,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture
async def started() -> AsyncIterator[Started]:
    """Starts the script, and waits until it serves."""
    async with AsyncExitStack() as scripts:

        async def start(serve: str, limit: float = 60) -> Process:
            process = await scripts.enter_async_context(script(serve, limit))
            assert process.stdout is not None
            assert await process.stdout.readline() == b"serving\n"
            return process

        yield start


async def ended(process: Process) -> tuple[int | None, str, str]:
    async with asyncio.timeout(20):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_in_order(started: Started, number: signal.Signals) -> None:
    process = await started("in_order")

    process.send_signal(number)

    assert await ended(process) == (0, "stopped\n", "")


async def test_signals_that_come_again_change_nothing(started: Started) -> None:
    process = await started("in_order")

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
        process.send_signal(number)

    assert (await ended(process))[0] == 0


@pytest.mark.parametrize("serve", ["endless", "busy"])
async def test_what_does_not_end_is_cut_short(started: Started, serve: str) -> None:
    process = await started(serve, 0.1)

    process.send_signal(signal.SIGTERM)

    code, _, err = await ended(process)
    assert code == 1
    assert "process.overdue" in err


async def test_an_expected_error_is_one_line(started: Started) -> None:
    assert await ended(await started("refused")) == (1, "", "script: a setting is wrong\n")


async def test_a_mistake_of_ours_is_logged(started: Started) -> None:
    code, _, err = await ended(await started("failing"))

    assert code == 1
    assert "process.failed" in err
    assert "KeyError" in err
