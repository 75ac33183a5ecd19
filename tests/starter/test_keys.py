"""API keys: known by hash, several per client, never told."""

import json
from datetime import UTC, datetime

import pytest

from starter.keys import ApiCaller, ApiKeys, Scope, key_hash, new_key
from tests.starter.terminal import invoke

HASH = key_hash("first")
NOW = datetime(2026, 11, 23, 7, tzinfo=UTC)


def test_a_key_names_its_client_and_what_it_may_do() -> None:
    keys = ApiKeys.parse((f"checkout:{HASH}:start+read",))

    found = keys.caller("first", NOW)

    assert found == ApiCaller("checkout", frozenset({Scope.START, Scope.READ}))
    assert found.actor == "api:checkout"


def test_two_keys_of_one_client_count_while_one_replaces_the_other() -> None:
    keys = ApiKeys.parse((f"checkout:{HASH}:start", f"checkout:{key_hash('second')}:start"))

    assert keys.caller("first", NOW) == keys.caller("second", NOW)
    assert keys.client_names == ("checkout", "checkout")


@pytest.mark.parametrize(
    ("now", "counts"),
    [
        (datetime(2026, 11, 23, tzinfo=UTC), True),
        (datetime(2027, 1, 31, 16, 59, 59, tzinfo=UTC), True),
        (datetime(2027, 1, 31, 17, tzinfo=UTC), False),
        (datetime(2028, 1, 1, tzinfo=UTC), False),
    ],
)
def test_a_replaced_key_counts_until_its_last_day_is_over_in_jakarta(
    now: datetime, *, counts: bool
) -> None:
    keys = ApiKeys.parse((f"checkout:{HASH}:read:2027-01-31", f"checkout:{key_hash('new')}:read"))

    assert (keys.caller("first", now) is not None) is counts
    assert keys.caller("new", now) is not None


@pytest.mark.parametrize("presented", ["", "First", "first ", HASH, "ünïcode"])
def test_another_key_is_nobody_s(presented: str) -> None:
    assert ApiKeys.parse((f"checkout:{HASH}:start",)).caller(presented, NOW) is None


def test_a_hash_may_be_written_in_capitals() -> None:
    assert ApiKeys.parse((f"checkout:{HASH.upper()}:read",)).caller("first", NOW) is not None


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("checkout", "form"),
        (f"checkout:{HASH}", "form"),
        (f"check out:{HASH}:read", "form"),
        (f"checkout:{HASH}:read:2027-01-31:", "form"),
        ("checkout:first:read", "64 hexadecimal digits"),
        (f"checkout:{HASH}:", "start, read, refund"),
        (f"checkout:{HASH}:start+admin", "start, read, refund"),
        (f"checkout:{HASH}:read:", "written as 2027-01-31"),
        (f"checkout:{HASH}:read:2027-02-30", "written as 2027-01-31"),
        (f"checkout:{HASH}:read:9999-12-31", "written as 2027-01-31"),
        (f"checkout:{64 * '0'}:read", "no hash of a random key"),
        (f"checkout:{16 * 'abcd'}:read", "no hash of a random key"),
        (f"checkout:{key_hash('')}:read", "no hash of a random key"),
        (f"checkout:{key_hash('password')}:read", "no hash of a random key"),
        (f"checkout:{key_hash('checkout')}:read", "no hash of a random key"),
    ],
)
def test_a_wrong_entry_is_named_by_its_place(entry: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        ApiKeys.parse((f"shop:{key_hash('another')}:read", entry))

    assert "entry 2" in str(caught.value)
    assert HASH not in str(caught.value)


def test_one_key_is_not_two_clients() -> None:
    with pytest.raises(ValueError, match="entries 1 and 2 are of the same key") as caught:
        ApiKeys.parse((f"shop:{HASH}:read", f"checkout:{HASH.upper()}:start"))

    assert HASH not in str(caught.value)


def test_keys_do_not_appear_when_printed() -> None:
    assert HASH not in repr(ApiKeys.parse((f"checkout:{HASH}:read",)))


def test_no_key_is_made_twice_or_refused() -> None:
    made = {new_key() for _ in range(100)}

    assert len(made) == 100
    keys = ApiKeys.parse(f"checkout:{key_hash(key)}:read" for key in made)
    assert keys.client_names == 100 * ("checkout",)


async def test_the_command_makes_a_key_that_its_entry_knows() -> None:
    made = await invoke(
        *("api-key", "helpdesk", "--scopes", "read+refund", "--until", "2027-01-31", "--json")
    )

    document = json.loads(made.stdout)
    keys = ApiKeys.parse((document["entry"],))
    assert keys.caller(document["key"], NOW) == ApiCaller(
        "helpdesk", frozenset({Scope.READ, Scope.REFUND})
    )
    assert keys.caller(document["key"], datetime(2027, 2, 1, tzinfo=UTC)) is None
    assert document["key"] not in document["entry"]


async def test_people_are_shown_the_key_once_with_its_entry() -> None:
    made = await invoke("api-key", "checkout", environment={"COLUMNS": "200"})

    key = next(line.split()[1] for line in made.stdout.splitlines() if line.startswith(" key"))
    assert f"checkout:{key_hash(key)}:start+read" in made.stdout
    assert made.stdout.count(key) == 1


@pytest.mark.parametrize(
    "arguments",
    [("check out",), ("checkout", "--scopes", "all"), ("checkout", "--until", "tomorrow")],
)
async def test_no_key_is_made_for_what_the_api_would_refuse(arguments: tuple[str, ...]) -> None:
    refused = await invoke("api-key", *arguments)

    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert refused.stderr.startswith("error: ")
