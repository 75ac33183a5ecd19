"""API keys: known by hash, several per client, never told."""

import pytest

from starter.keys import ApiCaller, ApiKeys, Scope, key_hash

HASH = key_hash("first")


def test_a_key_names_its_client_and_what_it_may_do() -> None:
    keys = ApiKeys.parse((f"checkout:{HASH}:start+read",))

    found = keys.caller("first")

    assert found == ApiCaller("checkout", frozenset({Scope.START, Scope.READ}))
    assert found.actor == "api:checkout"


def test_two_keys_of_one_client_count_while_one_replaces_the_other() -> None:
    keys = ApiKeys.parse((f"checkout:{HASH}:start", f"checkout:{key_hash('second')}:start"))

    assert keys.caller("first") == keys.caller("second")
    assert keys.client_names == ("checkout", "checkout")


@pytest.mark.parametrize("presented", ["", "First", "first ", HASH, "ünïcode"])
def test_another_key_is_nobody_s(presented: str) -> None:
    assert ApiKeys.parse((f"checkout:{HASH}:start",)).caller(presented) is None


def test_a_hash_may_be_written_in_capitals() -> None:
    assert ApiKeys.parse((f"checkout:{HASH.upper()}:read",)).caller("first") is not None


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("checkout", "form"),
        (f"checkout:{HASH}", "form"),
        (f"check out:{HASH}:read", "form"),
        ("checkout:first:read", "64 hexadecimal digits"),
        (f"checkout:{HASH}:", "start, read, refund"),
        (f"checkout:{HASH}:start+admin", "start, read, refund"),
    ],
)
def test_a_wrong_entry_is_named_by_its_place(entry: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        ApiKeys.parse((f"shop:{HASH}:read", entry))

    assert "entry 2" in str(caught.value)
    assert HASH not in str(caught.value)


def test_keys_do_not_appear_when_printed() -> None:
    assert HASH not in repr(ApiKeys.parse((f"checkout:{HASH}:read",)))
