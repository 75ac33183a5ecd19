import os
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from local_stack.accounts import Account, unprivileged_account
from local_stack.alone import postgres_alone
from local_stack.directories import private_directory
from local_stack.ports import Ports
from local_stack.postgres import Postgres, run_postgres
from local_stack.postgres_programs import (
    COPY_PREFIX,
    open_to_others,
    runnable_programs,
    wheel_programs,
)

pytestmark = pytest.mark.postgres

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")


@asynccontextmanager
async def connected(
    postgres: Postgres, database: str = "postgres"
) -> AsyncIterator[asyncpg.Connection]:
    url = postgres.url(database).replace("postgresql+asyncpg", "postgresql")
    connection = await asyncpg.connect(url, ssl=False)
    try:
        yield connection
    finally:
        await connection.close()


def copies_in(directory: Path) -> list[Path]:
    return list(directory.glob(f"*{COPY_PREFIX}*"))


def status_of(postgres: Postgres) -> str:
    return Path(f"/proc/{postgres.child.pid}/status").read_text()


def permissions_around(state_dir: Path) -> dict[Path, tuple[int, int, int]]:
    """Return mode and owner of all that an eager launcher might open up."""
    wheel = wheel_programs().directory.parents[1]
    around = [*state_dir.parents, Path(tempfile.gettempdir()), *wheel.parents, *wheel.rglob("*")]
    found = {path: path.stat() for path in around}
    return {path: (s.st_mode, s.st_uid, s.st_gid) for path, s in found.items()}


@pytest.fixture(scope="module")
async def postgres(module_state_dir: Path) -> AsyncIterator[Postgres]:
    async with postgres_alone(module_state_dir) as server:
        yield server


@pytest.fixture
def open_directory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary directory that other accounts can enter, in use instead of the usual one."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


@pytest.fixture
def stranger() -> Iterator[int]:
    """A process that has nothing to do with us, under the account of the server."""
    account = unprivileged_account() or Account(os.getuid(), os.getgid())
    with subprocess.Popen(
        ["/bin/sleep", "600"],
        user=account.uid,
        group=account.gid,
    ) as process:
        yield process.pid
        process.kill()


async def test_text_is_utf8_in_plain_byte_order(postgres: Postgres) -> None:
    async with connected(postgres) as connection:
        row = await connection.fetchrow(
            "SELECT pg_encoding_to_char(encoding) AS encoding, datcollate, datctype,"
            " current_setting('timezone') AS zone FROM pg_database WHERE datname = 'template1'"
        )

    assert tuple(row) == ("UTF8", "C", "C", "UTC")


async def test_only_the_right_password_opens_it(postgres: Postgres) -> None:
    guess = replace(postgres, password="guess")

    with pytest.raises(asyncpg.InvalidPasswordError):
        async with connected(guess):
            pass

    assert postgres.password not in repr(postgres)


async def test_it_listens_on_loopback_only(postgres: Postgres) -> None:
    async with connected(postgres) as connection:
        addresses = await connection.fetchval("SHOW listen_addresses")
        sockets = await connection.fetchval("SHOW unix_socket_directories")

    assert (addresses, sockets) == ("127.0.0.1", "")


@pytest.mark.parametrize("name", ["shop", 'with "quotes" and spaces'])
async def test_a_database_is_made_once(postgres: Postgres, name: str) -> None:
    url = await postgres.create_database(name)
    async with connected(postgres, name) as connection:
        await connection.execute("CREATE TABLE orders ()")

    assert await postgres.create_database(name) == url
    async with connected(postgres, name) as connection:
        assert await connection.fetch("SELECT * FROM orders") == []


@as_root
async def test_root_lends_it_to_an_account_that_owns_nothing_else(
    postgres: Postgres, module_state_dir: Path
) -> None:
    account = unprivileged_account()
    assert account is not None
    status = status_of(postgres)

    assert f"Uid:\t{account.uid}\t{account.uid}\t{account.uid}" in status
    assert "Groups:\t \n" in status
    assert "CapEff:\t0000000000000000" in status
    assert (module_state_dir / "postgres" / "data").stat().st_uid == account.uid


@as_root
async def test_root_may_keep_its_data_where_nobody_else_can_enter(tmp_path: Path) -> None:
    state_dir = private_directory(tmp_path / "for root only") / "state"

    async with postgres_alone(state_dir) as server, connected(server) as connection:
        assert await connection.fetchval("SELECT 1") == 1

    assert permissions_around(state_dir)[state_dir.parent][0] & 0o777 == 0o700


async def test_no_permission_outside_the_state_directory_changes(state_dir: Path) -> None:
    before = permissions_around(state_dir)

    async with postgres_alone(state_dir):
        during = permissions_around(state_dir)

    assert during == before
    assert permissions_around(state_dir) == before


async def test_data_survive_a_restart_and_a_stale_pid_file(state_dir: Path, stranger: int) -> None:
    port = Ports().choose()
    async with run_postgres(state_dir, port=port) as server:
        url = await server.create_database("shop")
        async with connected(server, "shop") as connection:
            await connection.execute("CREATE TABLE orders AS SELECT 'SKT-1001' AS order_id")
    data = state_dir / "postgres" / "data"
    (data / "postmaster.pid").write_text(f"{stranger}\n{data}\n1\n{port}\n\n127.0.0.1\n")

    async with run_postgres(state_dir, port=port) as server:
        assert server.url("shop") == url
        async with connected(server, "shop") as connection:
            assert await connection.fetchval("SELECT order_id FROM orders") == "SKT-1001"
            assert await connection.fetchval("SHOW fsync") == "on"


async def test_data_survive_the_death_of_the_server(state_dir: Path) -> None:
    async with postgres_alone(state_dir) as server:
        async with connected(server) as connection:
            await connection.execute("CREATE TABLE orders AS SELECT 'SKT-1001' AS order_id")
        server.child.kill()

    async with postgres_alone(state_dir) as server, connected(server) as connection:
        assert await connection.fetchval("SELECT order_id FROM orders") == "SKT-1001"


async def test_an_interrupted_first_start_is_begun_anew(state_dir: Path) -> None:
    unfinished = state_dir / "postgres" / "data.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")

    async with postgres_alone(state_dir) as server, connected(server) as connection:
        assert await connection.fetchval("SELECT 1") == 1


@as_root
async def test_copies_of_the_programs_go_when_their_users_have_gone(
    state_dir: Path, open_directory: Path
) -> None:
    abandoned = Path(tempfile.mkdtemp(prefix=COPY_PREFIX))
    (abandoned / "lock").touch()

    async with postgres_alone(state_dir):
        [copy] = copies_in(open_directory)

        assert copy != abandoned

    assert copies_in(open_directory) == []


@as_root
def test_no_copy_is_made_where_its_user_cannot_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(private_directory(tmp_path / "closed")))

    with runnable_programs(unprivileged_account()) as programs:
        assert open_to_others(programs.directory / "postgres")
