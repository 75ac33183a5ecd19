"""The running service tells which keys it has, and keeps a key from being promoted too early."""

import json
import shutil
from pathlib import Path

import pytest

from local_stack.stack import Stack
from tests.starter.terminal import invoke

pytestmark = pytest.mark.e2e

SETTING = "PAYMENTS_KEYSET_DATABASE"


async def test_every_process_with_a_database_tells_its_keys(stack: Stack) -> None:
    result = await invoke("keys", "status", "--json", environment=stack.environment)

    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert {each["process"] for each in found["processes"]} == {"worker", "api", "codec"}
    assert [keyset["unknown"] for keyset in found["keysets"]] == [{}, {}, {}]


async def test_a_key_that_they_lack_is_not_promoted(stack: Stack, tmp_path: Path) -> None:
    copy = tmp_path / "database.json"
    shutil.copy(stack.environment[SETTING], copy)
    environment = {**stack.environment, SETTING: str(copy)}
    option = ("--keyset", "database")

    added = await invoke("keys", "rotate", "add", *option, environment=environment)
    promoted = await invoke("keys", "rotate", "promote", *option, environment=environment)

    assert (added.exit_code, promoted.exit_code) == (0, 1), added.stderr
    for process in ("worker on ", "api on ", "codec on "):
        assert process in promoted.stderr
