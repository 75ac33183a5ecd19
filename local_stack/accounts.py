import os
import pwd
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int


@dataclass(frozen=True)
class Loan:
    """A path as the borrower must write it, and the descriptors it must inherit for that."""

    path: str
    descriptors: tuple[int, ...] = ()


def unprivileged_account() -> Account | None:
    """Say which account must run what refuses to run as root; nothing unless we are root."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(UNPRIVILEGED)
    return Account(entry.pw_uid, entry.pw_gid)


@contextmanager
def lent(path: Path, account: Account | None) -> Iterator[Loan]:
    """Give a file or directory to an account that may be unable to reach it.

    A state directory under, say, `/root` is closed to every other account, and opening up its
    parents is not ours to do. A descriptor that we opened leads straight to the file: the kernel
    follows `/proc/self/fd/N` without looking at the parents.
    """
    if account is None:
        yield Loan(str(path))
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fchown(descriptor, account.uid, account.gid)
        if sys.platform == "linux":
            yield Loan(f"/proc/self/fd/{descriptor}", (descriptor,))
        else:
            # Other systems lack such paths: as root, the state directory must be reachable there.
            yield Loan(str(path))
    finally:
        os.close(descriptor)
