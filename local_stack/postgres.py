import os
import secrets
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import asyncpg
from sqlalchemy import URL

from local_stack.accounts import Account, lent, unprivileged_account
from local_stack.directories import private_directory
from local_stack.lock import held
from local_stack.ports import LOOPBACK
from local_stack.postgres_programs import Programs, runnable_programs
from local_stack.processes import Child, Program, running

DEFAULT_PORT = 5432
USER = "payments"
MAINTENANCE_DATABASE = "postgres"
# Long enough for the backends of a server that was killed to notice it and end.
LOCK_WAIT = timedelta(seconds=10)
START_WAIT = timedelta(seconds=60)
# Nothing of the user's own (PGDATA, PGPORT, LC_ALL, …) decides what this server is like.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",
    # Details of an error quote the row that caused it, and rows do not belong in a log.
    "log_error_verbosity": "terse",
}
# Commits outlive the end of any process, but not the end of the machine. (`synchronous_commit` off
# would lose the last commits of a server that is killed, and tests kill it.)
THROW_AWAY_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Postgres:
    port: int
    password: str = field(repr=False)
    child: Child

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of a database, password included."""
        url = URL.create(
            "postgresql+asyncpg", USER, self.password, LOOPBACK, self.port, database=database
        )
        return url.render_as_string(hide_password=False)

    async def create_database(self, name: str) -> str:
        """Create a database unless it exists, and return its URL."""
        connection = await _connect(self.port, self.password)
        try:
            with suppress(asyncpg.DuplicateDatabaseError):
                await connection.execute(f"CREATE DATABASE {_quoted(name)}")
        finally:
            await connection.close()
        return self.url(name)


@asynccontextmanager
async def run_postgres(
    state_dir: Path, *, port: int, throw_away: bool = False
) -> AsyncIterator[Postgres]:
    """Run PostgreSQL on the data in the state directory, made on first use.

    Data to be thrown away is written faster, and lost if the machine fails.
    """
    home = private_directory(state_dir / "postgres")
    account = unprivileged_account()
    async with AsyncExitStack() as stack:
        lock = await stack.enter_async_context(held(home / "lock", LOCK_WAIT))
        programs = stack.enter_context(runnable_programs(account))
        server = _Server(home, account, programs, lock)
        if not server.data.exists():
            await server.initialize(throw_away=throw_away)
        # We hold the lock, so whatever process it names is not ours.
        (server.data / "postmaster.pid").unlink(missing_ok=True)
        loan = stack.enter_context(lent(server.data, account))
        settings = SETTINGS | {"port": str(port)} | (THROW_AWAY_SETTINGS if throw_away else {})
        program = server.program(
            "postgres",
            ["-D", loan.path, *(f"--{name}={value}" for name, value in settings.items())],
            loan.descriptors,
        )
        child = await stack.enter_async_context(running(program, server.logs))
        postgres = Postgres(port, server.password_file.read_text(), child)
        await child.wait_until(lambda: _answers(postgres), START_WAIT)
        yield postgres


@dataclass(frozen=True)
class _Server:
    """Its files in the state directory, and how its programs are started on them."""

    home: Path
    account: Account | None
    programs: Programs
    lock: int

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def password_file(self) -> Path:
        return self.home / "password"

    @property
    def logs(self) -> Path:
        return self.home.parent / "logs"

    def program(self, name: str, arguments: list[str], descriptors: tuple[int, ...]) -> Program:
        return Program(
            name=name,
            command=[self.programs.directory / name, *arguments],
            directory=Path("/"),  # The one directory that every account can enter.
            environment=ENVIRONMENT,
            account=self.account,
            descriptors=(self.lock, *self.programs.descriptors, *descriptors),
            # Its words for: end the sessions and stop; and: stop now, recover at the next start.
            # Both reach its backends, which have sessions of their own.
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGQUIT,
        )

    async def initialize(self, *, throw_away: bool) -> None:
        # Made aside and renamed, so that an interrupted attempt is never taken for a server's data.
        unfinished = self.home / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._write_new_password()
        with (
            lent(unfinished, self.account) as data,
            lent(self.password_file, self.account) as password,
        ):
            arguments = [
                f"--pgdata={data.path}",
                f"--pwfile={password.path}",
                f"--username={USER}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-locale",
                *(["--no-sync"] if throw_away else []),
            ]
            descriptors = (*data.descriptors, *password.descriptors)
            program = self.program("initdb", arguments, descriptors)
            async with running(program, self.logs) as child:
                await child.finish(START_WAIT)
        unfinished.rename(self.data)

    def _write_new_password(self) -> None:
        self.password_file.unlink(missing_ok=True)
        self.password_file.touch(mode=0o600)
        self.password_file.write_text(secrets.token_hex(32))


async def _answers(postgres: Postgres) -> bool:
    try:
        connection = await _connect(postgres.port, postgres.password)
    except (OSError, asyncpg.PostgresError):
        return False
    await connection.close()
    return True


async def _connect(port: int, password: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        host=LOOPBACK,
        port=port,
        user=USER,
        password=password,
        database=MAINTENANCE_DATABASE,
        ssl=False,  # The wheel is built without TLS; the connection never leaves the machine.
        timeout=5,
    )


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
