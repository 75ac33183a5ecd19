import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from local_stack.accounts import Account
from local_stack.directories import private_directory
from local_stack.polling import PAUSE, comes_true

PROJECT = Path(__file__).parents[1]
CHILD = Path(__file__).with_name("child.py")
LINES_SHOWN = 30


class ChildError(RuntimeError):
    """A child ended or stayed silent; says which, and ends with its last words."""


@dataclass(frozen=True)
class Program:
    """What to start, and which signals end it."""

    name: str
    command: Sequence[str | Path]
    directory: Path = PROJECT
    environment: Mapping[str, str] | None = None  # None: that of the launcher
    account: Account | None = None  # None: that of the launcher
    descriptors: tuple[int, ...] = ()  # open files that it inherits
    stop_signal: signal.Signals = signal.SIGTERM
    # Ends it at once, with all that it started: sent when the launcher dies or loses patience.
    death_signal: signal.Signals = signal.SIGKILL
    patience: timedelta = timedelta(seconds=15)


def python_module(name: str, module: str, *arguments: str) -> Program:
    return Program(name, [sys.executable, "-m", module, *arguments])


@asynccontextmanager
async def running(program: Program, logs: Path) -> AsyncIterator["Child"]:
    """Run a program for as long as the context lasts."""
    child = Child(program, logs)
    try:
        yield child
    finally:
        await child.stop()


class Child:
    """A started program: own session, own log, and an end no later than the launcher's."""

    def __init__(self, program: Program, logs: Path) -> None:
        # The kernel counts the end of the thread that started a child as the launcher's death.
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError(f"{program.name} must be started by the main thread")
        self.name = program.name
        self.log = private_directory(logs) / f"{program.name}.log"
        self._program = program
        self.start()

    def start(self) -> None:
        """Start it, again once it has ended: on what it left behind, with the same log."""
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._earlier_log = os.fstat(log).st_size
            self._process = _start(self._program, log)
        finally:
            os.close(log)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number if a signal ended it."""
        return self._process.poll()

    def said(self) -> str:
        """Return what it has logged since it was started."""
        with self.log.open("rb") as log:
            log.seek(self._earlier_log)
            return log.read().decode(errors="replace")

    async def wait_until(self, ready: Callable[[], Awaitable[bool]], within: timedelta) -> None:
        """Wait until the child answers; fail early, with its last words, if it ends instead."""
        try:
            async with asyncio.timeout(within.total_seconds()):
                # Another server may answer in the place of a child that could not start.
                while not await ready() or self.exit_code is not None:
                    self._fail_if_ended()
                    await asyncio.sleep(PAUSE.total_seconds())
        except TimeoutError:
            raise self._error(f"is not ready after {within.total_seconds():g} s") from None

    async def finish(self, within: timedelta) -> None:
        """Wait for a child that does its work and ends."""
        if not await self._ends(within):
            raise self._error(f"has not finished after {within.total_seconds():g} s")
        if self.exit_code != 0:
            self._fail_if_ended()

    async def stop(self) -> None:
        """Ask the child to end, and end it when it takes too long."""
        for number in (self._program.stop_signal, self._program.death_signal):
            self._process.send_signal(number)
            if await self._ends(self._program.patience):
                return
        self.kill()
        await self._ends(self._program.patience)

    def kill(self) -> None:
        """End the child, and what it started in its session, without a chance to tidy up."""
        if self.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    async def _ends(self, within: timedelta) -> bool:
        return await comes_true(lambda: self.exit_code is not None, within)

    def _fail_if_ended(self) -> None:
        if self.exit_code is not None:
            raise self._error(f"ended with exit code {self.exit_code}")

    def _error(self, what: str) -> ChildError:
        last_words = "\n".join(self.said().splitlines()[-LINES_SHOWN:])
        return ChildError(f"{self.name} {what}; {self.log} ends with:\n{last_words}")


def _start(program: Program, log: int) -> subprocess.Popen[bytes]:
    account = program.account
    return subprocess.Popen(
        [
            sys.executable,
            "-IS",
            CHILD,
            str(os.getpid()),
            str(int(program.death_signal)),
            "" if account is None else f"{account.uid}:{account.gid}",
            *program.command,
        ],
        cwd=program.directory,
        env=None if program.environment is None else dict(program.environment),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        pass_fds=program.descriptors,
    )
