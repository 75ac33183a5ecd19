import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from local_stack.polling import comes_true


class LockedError(RuntimeError):
    pass


@asynccontextmanager
async def held(path: Path, within: timedelta) -> AsyncIterator[int]:
    """Hold a lock file, and yield its descriptor for children to inherit.

    The lock lasts until the last process that inherited it has ended. So whoever holds it knows
    that nothing of an earlier launcher lives on, even if that one was killed: stronger than any
    pid file, whose number may belong to a stranger by now.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not await comes_true(lambda: lock_if_free(descriptor), within):
            raise LockedError(f"another stack is using {path.parent}")
        yield descriptor
    finally:
        os.close(descriptor)


def lock_if_free(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
