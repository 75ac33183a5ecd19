"""Keysets from files, from the environment and from under a KMS key; their keys one by one."""

import base64
import json
import stat
from pathlib import Path

import pytest
import tink
from tink import aead, secret_key_access
from tink.testing import fake_kms

from adapters.keyset_keys import keys_of, with_disabled, with_key_of, with_primary, without_key
from adapters.keyset_source import KeysetSource, create_file, replace_file
from adapters.keysets import (
    Keysets,
    key_id_of,
    load_aead,
    load_mac,
    new_aead_handle,
    new_aead_keyset,
    new_mac_handle,
    new_mac_keyset,
)

BOUND = b"to this"


@pytest.fixture(scope="session")
def kms_uri() -> str:
    """A key of a KMS, as Tink's own tests have one."""
    fake_kms.register_client()
    key = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM)
    binary = tink.proto_keyset_format.serialize(key, secret_key_access.TOKEN)
    return f"fake-kms://{base64.urlsafe_b64encode(binary).decode().rstrip('=')}"


@pytest.mark.parametrize("is_in_file", [True, False], ids=["file", "environment"])
def test_a_keyset_is_a_path_or_the_json_itself(tmp_path: Path, *, is_in_file: bool) -> None:
    text = new_aead_keyset()
    path = tmp_path / "keyset.json"
    path.write_text(text)
    sealed = load_aead(text).aead.encrypt(b"clear", BOUND)

    keyset = load_aead(str(path) if is_in_file else text)

    assert keyset.aead.decrypt(sealed, BOUND) == b"clear"


class TestUnderAKmsKey:
    def test_what_is_kept_is_encrypted_and_opens_with_the_kms_key(self, kms_uri: str) -> None:
        handle = new_aead_handle()
        clear = KeysetSource("{}").serialised(handle)

        kept = KeysetSource("{}", kms_uri).serialised(handle)

        secret = json.loads(clear)["key"][0]["keyData"]["value"]
        assert secret not in kept
        assert load_aead(kept, kms_uri).fingerprints == load_aead(clear).fingerprints

    def test_another_kms_key_does_not_open_it(self, kms_uri: str) -> None:
        kept = KeysetSource("{}", kms_uri).serialised(new_aead_handle())
        other = tink.proto_keyset_format.serialize(new_aead_handle(), secret_key_access.TOKEN)
        uri = f"fake-kms://{base64.urlsafe_b64encode(other).decode().rstrip('=')}"

        with pytest.raises(ValueError, match="cannot be used"):
            load_aead(kept, uri)

    def test_a_clear_keyset_is_refused_where_a_kms_key_is_named(self, kms_uri: str) -> None:
        with pytest.raises(ValueError, match="the keyset is not encrypted"):
            load_aead(new_aead_keyset(), kms_uri)

    def test_an_encrypted_keyset_is_refused_without_the_kms_key(self, kms_uri: str) -> None:
        kept = KeysetSource("{}", kms_uri).serialised(new_mac_handle())

        with pytest.raises(ValueError, match="encrypted, and no KMS key is named"):
            load_mac(kept)

    @pytest.mark.parametrize(
        ("uri", "extra"),
        [
            ("gcp-kms://projects/p/locations/l/keyRings/r/cryptoKeys/k", "gcpkms"),
            ("aws-kms://arn:aws:kms:ap-southeast-3:1:key/k", "awskms"),
            ("hcvault://vault:8200/transit/keys/k", "hcvault"),
        ],
    )
    def test_a_cloud_whose_library_is_not_installed_says_what_to_install(
        self, kms_uri: str, uri: str, extra: str
    ) -> None:
        kept = KeysetSource("{}", kms_uri).serialised(new_aead_handle())

        with pytest.raises(ValueError, match=rf"pip install 'tink\[{extra}\]'"):
            load_aead(kept, uri)

    def test_a_kms_that_nobody_knows_is_refused(self, kms_uri: str) -> None:
        kept = KeysetSource("{}", kms_uri).serialised(new_aead_handle())

        with pytest.raises(ValueError, match="No KMS client does support: other-kms://k"):
            load_aead(kept, "other-kms://k")


@pytest.mark.parametrize(
    "broken",
    ["{", "{}", '{"key": "hunter2"}', '["hunter2"]'],
    ids=["no JSON", "no keys", "no keyset", "no object"],
)
def test_what_is_no_keyset_is_refused_without_quoting_it(broken: str, tmp_path: Path) -> None:
    path = tmp_path / "keyset.json"
    path.write_text(broken)

    with pytest.raises(ValueError, match="not a Tink keyset in JSON") as refused:
        load_aead(str(path))

    assert "hunter2" not in str(refused.value)


def test_keys_for_something_else_are_refused() -> None:
    with pytest.raises(ValueError, match="not for MAC"):
        load_mac(new_aead_keyset())
    with pytest.raises(ValueError, match="not for AEAD"):
        load_aead(new_mac_keyset())


def test_keys_that_leave_no_mark_are_refused() -> None:
    raw = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM_RAW)
    text = tink.json_proto_keyset_format.serialize(raw, secret_key_access.TOKEN)

    with pytest.raises(ValueError, match="output prefix type TINK"):
        load_aead(text)


def test_two_keysets_may_not_share_a_key() -> None:
    shared, lookup = new_aead_keyset(), load_mac(new_mac_keyset())
    grown = KeysetSource("{}").serialised(
        with_key_of(new_aead_handle(), KeysetSource(shared).read())
    )

    with pytest.raises(ValueError, match="the keysets temporal and database share a key"):
        Keysets(temporal=load_aead(shared), database=load_aead(grown), lookup=lookup)


def test_what_is_made_begins_with_its_key() -> None:
    sealing, tagging = load_aead(new_aead_keyset()), load_mac(new_mac_keyset())

    assert key_id_of(sealing.aead.encrypt(b"clear", BOUND)) == sealing.primary_key_id
    assert tagging.mac.compute_mac(b"clear").startswith(tagging.prefix)
    assert key_id_of(b"\x01abc") is None
    assert key_id_of(b"something else") is None


class TestKeys:
    def test_a_new_key_opens_but_does_not_seal_before_it_is_the_primary_one(self) -> None:
        old = new_aead_handle()
        added = with_key_of(old, new_aead_handle())
        new = keys_of(added)[-1]

        before, after = _aead_of(added), _aead_of(with_primary(added, new.key_id))

        assert key_id_of(before.encrypt(b"clear", BOUND)) == keys_of(old)[0].key_id
        assert key_id_of(after.encrypt(b"clear", BOUND)) == new.key_id
        assert before.decrypt(after.encrypt(b"clear", BOUND), BOUND) == b"clear"
        assert after.decrypt(before.encrypt(b"clear", BOUND), BOUND) == b"clear"

    def test_a_disabled_key_opens_nothing_and_can_be_enabled_by_hand(self) -> None:
        both = with_key_of(new_aead_handle(), new_aead_handle())
        old, new = keys_of(both)
        sealed = _aead_of(both).encrypt(b"clear", BOUND)

        disabled = with_disabled(with_primary(both, new.key_id), old.key_id)

        with pytest.raises(tink.TinkError):
            _aead_of(disabled).decrypt(sealed, BOUND)
        assert [key.is_enabled for key in keys_of(disabled)] == [False, True]
        assert keys_of(disabled)[0].fingerprint == old.fingerprint

    def test_a_destroyed_key_is_nowhere(self) -> None:
        both = with_key_of(new_aead_handle(), new_aead_handle())
        old, new = keys_of(both)

        left = without_key(with_primary(both, new.key_id), old.key_id)

        assert [key.key_id for key in keys_of(left)] == [new.key_id]

    def test_tags_are_made_under_every_key_the_primary_first(self) -> None:
        both = with_key_of(new_mac_handle(), new_mac_handle())
        old, new = (key.key_id for key in keys_of(both))
        keyset = load_mac(KeysetSource("{}").serialised(with_primary(both, new)))

        tags = keyset.tags(b"clear")

        assert [key_id_of(tag) for tag in tags] == [new, old]
        for tag in tags:
            keyset.mac.verify_mac(tag, b"clear")


class TestFiles:
    def test_a_new_file_is_for_its_owner_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "new.json"

        create_file(path, "{}")

        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with pytest.raises(FileExistsError):
            create_file(path, "other")
        assert path.read_text() == "{}"

    def test_a_file_is_replaced_for_the_same_readers(self, tmp_path: Path) -> None:
        path = tmp_path / "keyset.json"
        path.write_text("old")
        path.chmod(0o640)
        link = tmp_path / "link.json"
        link.symlink_to(path)

        replace_file(link, "old", "new")

        assert path.read_text() == "new"
        assert link.is_symlink()
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert sorted(each.name for each in tmp_path.iterdir()) == ["keyset.json", "link.json"]

    def test_a_file_that_somebody_else_has_changed_stays(self, tmp_path: Path) -> None:
        path = tmp_path / "keyset.json"
        path.write_text("theirs")

        with pytest.raises(ValueError, match="changed meanwhile"):
            replace_file(path, "old", "mine")

        assert path.read_text() == "theirs"


def _aead_of(handle: tink.KeysetHandle) -> aead.Aead:
    return handle.primitive(aead.Aead)
