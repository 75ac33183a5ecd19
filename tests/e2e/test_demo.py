"""The scenarios that a person can watch; what stands behind them is proved elsewhere."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from local_stack.processes import PROJECT
from starter.scenarios import SCENARIOS

DEMO = (sys.executable, "-m", "starter", "demo")
WITHIN_SECONDS = 90


async def said(*arguments: str) -> str:
    """What the demo prints; it must end well."""
    process = await asyncio.create_subprocess_exec(
        *(*DEMO, *arguments),
        cwd=PROJECT,
        env={**os.environ, "COLUMNS": "200"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    assert process.returncode == 0, out.decode()
    return out.decode()


async def test_every_scenario_is_listed() -> None:
    listed = await said("--list")

    assert [line.split()[0] for line in listed.splitlines()] == list(SCENARIOS)


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["denied", "mismatch"])
async def test_a_scenario_is_played_to_its_end(name: str, tmp_path: Path) -> None:
    told = await said("--scenario", name, "--state-dir", str(tmp_path / "demo"), "--exit")

    missing = [title for title, _ in SCENARIOS[name].steps if f"✓ {title}" not in told]
    assert missing == []
