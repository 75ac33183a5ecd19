"""What becomes of the servers when their launcher ends, one way or another."""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest

from local_stack.accounts import unprivileged_account
from local_stack.alone import postgres_alone
from local_stack.lock import held
from local_stack.polling import comes_true
from local_stack.postgres_programs import open_to_others, wheel_programs
from local_stack.processes import CHILD, PROJECT
from local_stack.temporal import temporal_binary

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]

SOON = timedelta(seconds=10)
ENDLESS_WORK = "SELECT count(*) FROM (SELECT generate_series(1, 1000000000000)) AS numbers"


@dataclass(frozen=True)
class Launched:
    process: asyncio.subprocess.Process
    pids: frozenset[int]
    database: str


@asynccontextmanager
async def launcher(
    state_dir: Path, python: Sequence[str | Path] = (sys.executable,)
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *python,
        "-m",
        "tests.local_stack.launcher",
        state_dir,
        cwd=PROJECT,
        stdout=asyncio.subprocess.PIPE,
        # A shell starts what runs in its background with SIGINT ignored, and that is inherited.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def launched(process: asyncio.subprocess.Process) -> Launched:
    assert process.stdout is not None
    async with asyncio.timeout(60):
        said = json.loads(await process.stdout.readline())
    return Launched(process, frozenset(said["pids"]), said["database"])


def descendants(ancestor: int) -> set[int]:
    parents = {pid: parent for pid, (_, parent) in processes().items()}
    found = {ancestor}
    while new := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= new
    return found


def alive(pids: set[int]) -> set[int]:
    states = {pid: state for pid, (state, _) in processes().items()}
    # A zombie has ended; it waits only for whoever inherited it to read its exit code.
    return {pid for pid in pids if states.get(pid, "X") not in {"X", "Z"}}


def title_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0 ")


def processes() -> Mapping[int, tuple[str, int]]:
    """Return state and parent of every process."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = status.read_text().rpartition(")")[2].split()[:2]
            found[int(status.parent.name)] = (state, int(parent))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="needs the kernel's word on a dead parent")
async def test_nothing_survives_a_launcher_that_is_killed(state_dir: Path) -> None:
    async with launcher(state_dir) as process:
        stack = await launched(process)
        connection = await asyncpg.connect(
            stack.database.replace("postgresql+asyncpg", "postgresql"), ssl=False
        )
        backend = await connection.fetchval("SELECT pg_backend_pid()")
        work = asyncio.create_task(connection.execute(ENDLESS_WORK))
        assert await comes_true(lambda: title_of(backend).endswith("SELECT"), SOON)
        family = descendants(process.pid)
        assert stack.pids | {backend} < family
        assert alive(family) == family

        process.kill()
        await process.wait()

        assert await comes_true(lambda: not alive(family), SOON), alive(family)
        with pytest.raises((asyncpg.PostgresError, OSError)):
            await work


@pytest.mark.skipif(sys.platform != "linux", reason="needs the kernel's word on a dead parent")
@pytest.mark.parametrize("moment", ["initdb.log", "postgres.log"])
async def test_nothing_survives_a_launcher_killed_while_starting(
    state_dir: Path, moment: str
) -> None:
    async with launcher(state_dir) as process:
        assert await comes_true((state_dir / "logs" / moment).exists, SOON)

        process.kill()
        await process.wait()

        # Every process of the server holds this lock while it lives.
        async with held(state_dir / "postgres" / "lock", SOON):
            pass
    async with postgres_alone(state_dir) as postgres:
        await postgres.create_database("shop")


async def test_an_interrupted_launcher_stops_everything_in_order(state_dir: Path) -> None:
    async with launcher(state_dir) as process:
        await launched(process)
        family = descendants(process.pid)

        process.send_signal(signal.SIGINT)

        async with asyncio.timeout(30):
            assert await process.wait() == 0
        assert not alive(family)
        assert "database system is shut down" in (state_dir / "logs" / "postgres.log").read_text()


@pytest.fixture
def python_of_an_ordinary_user(monkeypatch: pytest.MonkeyPatch) -> Sequence[str | Path]:
    """Return how to run Python, with what is installed for us, as an ordinary user."""
    account = unprivileged_account()
    if account is None:
        pytest.skip("every other test has shown it")
    python = shutil.which(f"python3.{sys.version_info.minor}", path=os.defpath)
    installed = Path(pytest.__file__).parents[1]
    needed = (PROJECT, installed, temporal_binary(), wheel_programs().directory)
    if python is None or not all(map(open_to_others, needed)):
        pytest.skip("an ordinary user cannot reach what it takes")
    monkeypatch.setenv("PYTHONPATH", str(installed))
    return (
        *(sys.executable, "-IS", CHILD, str(os.getpid()), str(int(signal.SIGKILL))),
        *(f"{account.uid}:{account.gid}", python),
    )


@pytest.fixture
def directory_of_an_ordinary_user() -> Iterator[Path]:
    account = unprivileged_account()
    with TemporaryDirectory() as directory:
        if account is not None:
            os.chown(directory, account.uid, account.gid)
        yield Path(directory) / "a state directory"


async def test_an_ordinary_user_runs_it_too(
    directory_of_an_ordinary_user: Path, python_of_an_ordinary_user: Sequence[str | Path]
) -> None:
    async with launcher(directory_of_an_ordinary_user, python_of_an_ordinary_user) as process:
        await launched(process)

        process.send_signal(signal.SIGINT)

        async with asyncio.timeout(30):
            assert await process.wait() == 0
