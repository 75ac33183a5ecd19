import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from local_stack.lock import LockedError, held

AT_ONCE = timedelta(seconds=0.1)


async def test_a_lock_is_held_once(tmp_path: Path) -> None:
    async with held(tmp_path / "lock", AT_ONCE):
        with pytest.raises(LockedError, match="another stack is using"):
            async with held(tmp_path / "lock", AT_ONCE):
                pass


async def test_a_lock_lasts_as_long_as_any_process_that_inherited_it(tmp_path: Path) -> None:
    async with held(tmp_path / "lock", AT_ONCE) as descriptor:
        child = await asyncio.create_subprocess_exec("/bin/sleep", "600", pass_fds=[descriptor])

    with pytest.raises(LockedError):
        async with held(tmp_path / "lock", AT_ONCE):
            pass
    child.kill()
    await child.wait()

    async with held(tmp_path / "lock", AT_ONCE):
        pass
