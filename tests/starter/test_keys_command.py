"""`keys status`, `keys rotate` and `keys reencrypt`, as operators run them."""

import asyncio
import base64
import json
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tink
from sqlalchemy import select, update
from temporalio.client import Client
from tink import aead, secret_key_access
from tink.testing import fake_kms
from typer.testing import Result

from adapters.keyset_source import KeysetSource
from adapters.keysets import HeldKeys, Keysets, load_aead, load_mac
from adapters.postgres.audit_tables import operator_events
from adapters.postgres.keyset_uses import KeysetUses
from adapters.postgres.tables import orders
from tests.starter.books import Books
from tests.starter.terminal import invoke
from workflows.names import PAYMENTS_QUEUE, workflow_id

NAMES = ("temporal", "database", "lookup")


@pytest.fixture
def kept(books: Books, tmp_path: Path) -> Books:
    """A service whose keysets are in files, with one paid order."""
    environment = dict(books.environment)
    for name in NAMES:
        path = tmp_path / f"{name}.json"
        path.write_text(environment[_setting(name)])
        environment[_setting(name)] = str(path)
    return replace(books, environment=environment)


def _setting(name: str) -> str:
    return f"PAYMENTS_KEYSET_{name.upper()}"


def _keysets(environment: Mapping[str, str]) -> Keysets:
    temporal, database, lookup = (environment[_setting(name)] for name in NAMES)
    return Keysets(
        temporal=load_aead(temporal), database=load_aead(database), lookup=load_mac(lookup)
    )


def _text(books: Books, name: str) -> str:
    return Path(books.environment[_setting(name)]).read_text()


async def _done(books: Books, *arguments: str) -> Result:
    result = await books.starter(*arguments)
    assert result.exit_code == 0, result.stderr
    return result


async def _refused(books: Books, *arguments: str) -> str:
    """What it says; nothing is written."""
    name = arguments[arguments.index("--keyset") + 1]
    before = _text(books, name)
    result = await books.starter(*arguments)
    assert result.exit_code == 1
    assert _text(books, name) == before
    return result.stderr


async def _status(books: Books, *options: str) -> dict[str, Any]:
    shown = await _done(books, "keys", "status", "--json", *options)
    found: dict[str, Any] = json.loads(shown.stdout)
    return found


async def _keys(books: Books, name: str) -> list[tuple[str, bool]]:
    """The state of each key, and whether anything is under it."""
    keyset = (await _status(books, "--runs", "0"))["keysets"][NAMES.index(name)]
    assert keyset["unknown"] == {}
    return [(key["state"], key["under_it"] > 0) for key in keyset["keys"]]


@pytest.mark.parametrize("name", ["database", "lookup"])
async def test_a_key_is_replaced_from_beginning_to_end(kept: Books, name: str) -> None:
    await kept.paid("A")
    before = await _done(kept, "status", "A", "--json")
    option = ("--keyset", name)

    await _done(kept, "keys", "rotate", "add", *option)
    assert await _keys(kept, name) == [("primary", True), ("enabled", False)]
    await _done(kept, "keys", "rotate", "promote", *option)
    assert await _keys(kept, name) == [("enabled", True), ("primary", False)]
    told = await _refused(kept, "keys", "rotate", "retire", *option)
    assert "values in the database (see: keys reencrypt)" in told
    await _done(kept, "keys", "reencrypt")
    assert await _keys(kept, name) == [("enabled", False), ("primary", True)]
    await _done(kept, "keys", "rotate", "retire", *option)
    assert await _keys(kept, name) == [("disabled", False), ("primary", True)]
    old = (await _status(kept, "--runs", "0"))["keysets"][NAMES.index(name)]["keys"][0]["key_id"]
    await _done(kept, "keys", "rotate", "retire", *option, "--key", str(old), "--destroy")

    assert await _keys(kept, name) == [("primary", True)]
    assert (await _done(kept, "status", "A", "--json")).stdout == before.stdout


async def test_a_key_that_a_running_process_lacks_is_not_promoted(kept: Books) -> None:
    before = _keysets(kept.environment)
    await _done(kept, "keys", "rotate", "add", "--keyset", "database")
    after = _keysets(kept.environment)
    uses = KeysetUses(kept.engine)

    async with uses.told("worker", before.by_name()):
        told = await _refused(kept, "keys", "rotate", "promote", "--keyset", "database")

    assert f"cannot read what is under key {after.database.key_ids[-1]} yet" in told
    assert "worker on " in told
    async with uses.told("worker", after.by_name()):
        await _done(kept, "keys", "rotate", "promote", "--keyset", "database")


async def test_a_key_that_a_running_process_still_uses_is_not_retired(kept: Books) -> None:
    before = _keysets(kept.environment)
    for step in ("add", "promote"):
        await _done(kept, "keys", "rotate", step, "--keyset", "lookup")
    uses = KeysetUses(kept.engine)

    async with uses.told("api", before.by_name()):
        told = await _refused(kept, "keys", "rotate", "retire", "--keyset", "lookup")

    assert f"still use key {before.lookup.primary_key_id}" in told
    assert "api on " in told


@pytest.mark.parametrize(
    ("step", "why"),
    [
        ("promote", "the newest database key is the primary one already"),
        ("retire", "no key that is older than its primary one"),
    ],
)
async def test_a_step_out_of_order_is_refused(kept: Books, step: str, why: str) -> None:
    assert why in await _refused(kept, "keys", "rotate", step, "--keyset", "database")


async def test_one_new_key_at_a_time(kept: Books) -> None:
    await _done(kept, "keys", "rotate", "add", "--keyset", "database")

    told = await _refused(kept, "keys", "rotate", "add", "--keyset", "database")

    assert "has a newer key already" in told
    told = await _refused(kept, "keys", "rotate", "retire", "--keyset", "database")
    assert "no key that is older" in told


@pytest.mark.parametrize(("name", "load"), [("database", load_aead), ("lookup", load_mac)])
async def test_a_new_keyset_is_made_for_its_owner_alone(
    tmp_path: Path, name: str, load: Callable[[str], HeldKeys]
) -> None:
    path = tmp_path / "new.json"
    arguments = ("keys", "create", "--keyset", name, "--output", str(path))

    made, again = await invoke(*arguments), await invoke(*arguments)

    assert (made.exit_code, made.stdout) == (0, "")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(load(str(path)).key_ids) == 1
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)


async def test_a_new_keyset_is_under_the_kms_key_of_the_settings() -> None:
    fake_kms.register_client()
    uri = _kms_uri()
    arguments = ("keys", "create", "--keyset", "temporal", "--output", "-")

    made = await invoke(*arguments, environment={"PAYMENTS_KEYSET_KMS_URI": uri})

    assert len(load_aead(made.stdout, uri).key_ids) == 1
    with pytest.raises(ValueError, match="the keyset is encrypted"):
        load_aead(made.stdout)


def _kms_uri() -> str:
    """A key of a KMS, as Tink's own tests have one."""
    key = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM)
    binary = tink.proto_keyset_format.serialize(key, secret_key_access.TOKEN)
    return f"fake-kms://{base64.urlsafe_b64encode(binary).decode().rstrip('=')}"


class TestKeptElsewhere:
    async def test_a_keyset_of_the_environment_needs_a_place_for_the_new_one(
        self, books: Books
    ) -> None:
        result = await books.starter("keys", "rotate", "add", "--keyset", "temporal")

        assert result.exit_code == 1
        assert "say with --output where the new one goes" in result.stderr

    async def test_the_new_one_is_for_its_owner_alone_and_nothing_is_shown(
        self, books: Books, tmp_path: Path
    ) -> None:
        path = tmp_path / "new.json"

        arguments = ("keys", "rotate", "add", "--keyset", "temporal", "--output", str(path))
        result = await _done(books, *arguments)

        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert len(load_aead(str(path)).key_ids) == 2
        for key in json.loads(path.read_text())["key"]:
            assert key["keyData"]["value"] not in result.stdout + result.stderr
        again = await books.starter(*arguments)
        assert (again.exit_code, "is there already" in again.stderr) == (1, True)

    async def test_it_is_shown_to_whoever_asks_for_that(self, books: Books) -> None:
        arguments = ("keys", "rotate", "add", "--keyset", "lookup", "--output", "-")
        result = await _done(books, *arguments)

        assert len(load_mac(result.stdout).key_ids) == 2

    async def test_what_is_under_a_kms_key_stays_under_it(
        self, books: Books, tmp_path: Path
    ) -> None:
        fake_kms.register_client()
        uri = _kms_uri()
        environment = {**books.environment, "PAYMENTS_KEYSET_KMS_URI": uri}
        for name in NAMES:
            handle = KeysetSource(books.environment[_setting(name)]).read()
            path = tmp_path / f"{name}.json"
            path.write_text(KeysetSource("{}", uri).serialised(handle))
            environment[_setting(name)] = str(path)
        remote = replace(books, environment=environment)

        await _done(remote, "keys", "rotate", "add", "--keyset", "database")

        text = (tmp_path / "database.json").read_text()
        assert set(json.loads(text)) == {"encryptedKeyset", "keysetInfo"}
        assert len(load_aead(text, uri).key_ids) == 2


async def test_what_cannot_be_read_is_named_and_keeps_its_key(kept: Books) -> None:
    await kept.paid("A")
    for step in ("add", "promote"):
        await _done(kept, "keys", "rotate", step, "--keyset", "database")
    old = _keysets(kept.environment).database.key_ids[0].to_bytes(4, "big")
    async with kept.engine.begin() as connection:
        await connection.execute(update(orders).values(sealed_request=b"\x01" + old + b"spoilt"))

    result = await kept.starter("keys", "reencrypt")

    assert result.exit_code == 1
    assert "cannot be read: orders A" in result.stdout
    told = await _refused(kept, "keys", "rotate", "retire", "--keyset", "database")
    assert "is still needed: 2 values in the database" in told
    assert len(told.splitlines()) == 1


async def test_what_operators_do_with_keys_is_kept(kept: Books) -> None:
    for step in ("add", "promote"):
        await _done(kept, "keys", "rotate", step, "--keyset", "lookup")
    await _done(kept, "keys", "reencrypt")

    async with kept.engine.connect() as connection:
        own = operator_events.c
        rows = await connection.execute(select(own.event, own.details).order_by(own.seq))
        found = [tuple(row) for row in rows]

    key = str(_keysets(kept.environment).lookup.primary_key_id)
    details = {"keyset": "lookup", "key": key}
    assert found[:2] == [("keys.added", details), ("keys.promoted", details)]
    assert found[2][0] == "keys.reencrypted"


async def test_a_key_of_another_keyset_is_refused_at_start(kept: Books) -> None:
    environment = {**kept.environment, _setting("database"): kept.environment[_setting("temporal")]}

    result = await replace(kept, environment=environment).starter("keys", "status")

    assert result.exit_code == 1
    assert "the keysets temporal and database share a key" in result.stderr


async def test_a_temporal_key_is_needed_as_long_as_anything_is_under_it(kept: Books) -> None:
    option = ("--keyset", "temporal")
    run = workflow_id("A")
    await kept.temporal.start_workflow(
        "PaymentWorkflow", "A", id=run, task_queue=f"{PAYMENTS_QUEUE}-of-nobody"
    )
    applied = json.loads((await _done(kept, "schedules", "apply", "--json")).stdout)
    for schedule_id in applied:
        # None may start a run of its own meanwhile.
        await kept.temporal.get_schedule_handle(schedule_id).pause()
    for step in ("add", "promote"):
        await _done(kept, "keys", "rotate", step, *option)
    await _listed(kept.temporal, "ExecutionStatus = 'Running'", 1)
    keyset = (await _status(kept))["keysets"][0]
    assert keyset["keys"][0]["open"] > 0

    told = await _refused(kept, "keys", "rotate", "retire", *option)
    assert "(python -m starter schedules apply renews it)" in told
    renewed = json.loads((await _done(kept, "schedules", "apply", "--json")).stdout)
    assert renewed == dict.fromkeys(applied, "updated")
    assert f"run {run} is open" in await _refused(kept, "keys", "rotate", "retire", *option)
    await kept.temporal.get_workflow_handle(run).terminate()
    await _listed(kept.temporal, "ExecutionStatus = 'Running'", 0)
    told = await _refused(kept, "keys", "rotate", "retire", *option)
    assert f"run {run} is closed, but kept until" in told


async def test_a_temporal_key_that_nothing_is_under_is_retired(kept: Books) -> None:
    option = ("--keyset", "temporal")
    for step in ("add", "promote"):
        await _done(kept, "keys", "rotate", step, *option)
    # Under the new key.
    await _done(kept, "schedules", "apply")

    await _done(kept, "keys", "rotate", "retire", *option)

    assert [key["state"] for key in (await _status(kept))["keysets"][0]["keys"]] == [
        "disabled",
        "primary",
    ]


async def test_processes_are_shown_with_the_keys_that_they_have(kept: Books) -> None:
    uses = KeysetUses(kept.engine)
    keysets = _keysets(kept.environment)

    async with uses.told("worker", keysets.by_name(), build="7"):
        found = (await _status(kept))["processes"]
        shown = await _done(kept, "keys", "status")

    assert {(each["process"], each["build"], each["keyset"]) for each in found} == {
        ("worker", "7", name) for name in NAMES
    }
    assert found[0]["primary_key_id"] == keysets.by_name()[found[0]["keyset"]].primary_key_id
    assert "worker" in shown.stdout
    assert str(keysets.database.primary_key_id) in shown.stdout


async def _listed(client: Client, query: str, count: int) -> None:
    """Wait until Temporal lists so many runs."""
    async with asyncio.timeout(60):
        while len([run async for run in client.list_workflows(query)]) != count:
            await asyncio.sleep(0.1)
