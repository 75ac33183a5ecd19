import asyncio
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from local_stack.polling import comes_true
from local_stack.processes import CHILD, ChildError, Program, running

SOON = timedelta(seconds=10)


def script(text: str) -> Program:
    return Program("script", [sys.executable, "-c", text])


async def never() -> bool:
    return False


async def at_once() -> bool:
    return True


async def test_what_a_child_says_is_in_a_log_of_its_own(state_dir: Path) -> None:
    program = script("import sys; print('out'); print('err', file=sys.stderr)")

    async with running(program, state_dir) as child:
        await child.finish(SOON)

    assert sorted((state_dir / "script.log").read_text().split()) == ["err", "out"]


async def test_last_words_are_those_of_this_run(state_dir: Path) -> None:
    async with running(script("print('first run')"), state_dir) as child:
        await child.finish(SOON)

    async with running(script("exit('second run')"), state_dir) as child:
        with pytest.raises(ChildError) as failure:
            await child.finish(SOON)

    assert "second run" in str(failure.value)
    assert "first run" not in str(failure.value)
    assert "first run" in child.log.read_text()


async def test_waiting_ends_with_the_last_words_of_a_child_that_failed(state_dir: Path) -> None:
    async with running(script("exit('no such table')"), state_dir) as child:
        with pytest.raises(ChildError, match=r"script ended with exit code 1(.|\n)*no such table"):
            await child.wait_until(never, SOON)


async def test_a_child_that_ended_is_not_ready_whoever_answers(state_dir: Path) -> None:
    async with running(script("exit('port taken')"), state_dir) as child:
        assert await comes_true(lambda: child.exit_code is not None, SOON)

        with pytest.raises(ChildError, match="port taken"):
            await child.wait_until(at_once, SOON)


async def test_waiting_has_an_end(state_dir: Path) -> None:
    async with running(script("import time; time.sleep(600)"), state_dir) as child:
        with pytest.raises(ChildError, match=r"script is not ready after 0\.1 s"):
            await child.wait_until(never, timedelta(seconds=0.1))


async def test_a_child_may_end_in_order(state_dir: Path) -> None:
    text = (
        "import signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})\n"
        "print('waiting', flush=True)\n"
        "signal.sigwait({signal.SIGTERM})\n"
        "print('tidied up')"
    )

    async with running(script(text), state_dir) as child:
        assert await comes_true(lambda: "waiting" in child.said(), SOON)

    assert child.exit_code == 0
    assert "tidied up" in child.said()


async def test_a_child_that_will_not_end_is_killed(state_dir: Path) -> None:
    text = (
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('deaf', flush=True)\n"
        "time.sleep(600)"
    )
    program = replace(script(text), patience=timedelta(seconds=0.2))

    async with running(program, state_dir) as child:
        assert await comes_true(lambda: "deaf" in child.said(), SOON)

    assert child.exit_code == -signal.SIGKILL


async def test_a_program_starts_with_the_usual_reaction_to_a_closed_pipe(state_dir: Path) -> None:
    program = Program("script", ["/bin/sh", "-c", "kill -PIPE $$; echo survived"])

    async with running(program, state_dir) as child:
        assert await comes_true(lambda: child.exit_code is not None, SOON)

    assert child.exit_code == -signal.SIGPIPE


async def test_only_the_main_thread_starts_children(state_dir: Path) -> None:
    def start_in_this_thread() -> None:
        asyncio.run(start())

    async def start() -> None:
        async with running(script(""), state_dir):
            pass

    with pytest.raises(RuntimeError, match="must be started by the main thread"):
        await asyncio.to_thread(start_in_this_thread)


def test_nothing_starts_for_a_launcher_that_is_already_gone() -> None:
    gone = "1234567"

    result = subprocess.run(  # noqa: S603
        [sys.executable, "-IS", CHILD, gone, "9", "", sys.executable, "-c", "print('started')"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == "the launcher is gone\n"
