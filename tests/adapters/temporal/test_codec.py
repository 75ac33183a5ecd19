import pytest
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    ActivitySerializationContext,
    NexusSerializationContext,
    SerializationContext,
    WorkflowSerializationContext,
)

from adapters.keysets import AeadKeyset
from adapters.temporal.codec import EncryptingCodec, UnreadablePayloadError, workflow_id_of
from tests.adapters.temporal.conftest import Rotation

PAYLOAD = Payload(metadata={"encoding": b"json/plain", "x": b"\x00"}, data=b'"sari@example.com"')


async def test_a_payload_comes_back_as_it_was(keyset: AeadKeyset) -> None:
    codec = EncryptingCodec(keyset, "shop")
    empty = Payload(metadata={"encoding": b"binary/null"})

    assert await codec.decode(await codec.encode([PAYLOAD, empty])) == [PAYLOAD, empty]


async def test_the_key_is_named_and_nothing_else_is_clear(keyset: AeadKeyset) -> None:
    (sealed,) = await EncryptingCodec(keyset, "shop").encode([PAYLOAD])

    assert dict(sealed.metadata) == {
        "encoding": b"binary/encrypted",
        "encryption-key-id": str(keyset.primary_key_id).encode(),
    }
    assert b"sari" not in sealed.SerializeToString()


def test_equal_payloads_are_sealed_differently(keyset: AeadKeyset) -> None:
    codec = EncryptingCodec(keyset, "shop")

    assert codec.seal(PAYLOAD).data != codec.seal(PAYLOAD).data


def test_what_is_not_encrypted_passes_through(keyset: AeadKeyset) -> None:
    assert EncryptingCodec(keyset, "shop").open(PAYLOAD) == PAYLOAD


def test_each_step_of_a_rotation_reads_what_the_others_wrote(rotation: Rotation) -> None:
    before, added, promoted = (
        EncryptingCodec(keyset, "shop")
        for keyset in (rotation.before, rotation.added, rotation.promoted)
    )

    assert promoted.open(before.seal(PAYLOAD)) == PAYLOAD
    assert added.open(promoted.seal(PAYLOAD)) == PAYLOAD
    assert promoted.seal(PAYLOAD).metadata != added.seal(PAYLOAD).metadata


def test_an_unknown_key_is_an_error(keyset: AeadKeyset, other_keyset: AeadKeyset) -> None:
    sealed = EncryptingCodec(other_keyset, "shop").seal(PAYLOAD)

    with pytest.raises(UnreadablePayloadError, match=str(other_keyset.primary_key_id)):
        EncryptingCodec(keyset, "shop").open(sealed)


def test_a_payload_belongs_to_its_namespace(keyset: AeadKeyset) -> None:
    sealed = EncryptingCodec(keyset, "shop").seal(PAYLOAD)

    with pytest.raises(UnreadablePayloadError):
        EncryptingCodec(keyset, "other").open(sealed)


def test_a_changed_key_id_cannot_name_another_namespace(keyset: AeadKeyset) -> None:
    sealed = EncryptingCodec(keyset, "a/b").seal(PAYLOAD)
    sealed.metadata["encryption-key-id"] += b"/a"

    with pytest.raises(UnreadablePayloadError, match="does not name the key"):
        EncryptingCodec(keyset, "b").open(sealed)


@pytest.mark.parametrize("at", [0, 5, -1], ids=["prefix", "nonce", "tag"])
def test_changed_bytes_are_refused(keyset: AeadKeyset, at: int) -> None:
    codec = EncryptingCodec(keyset, "shop")
    sealed = codec.seal(PAYLOAD)
    changed = bytearray(sealed.data)
    changed[at] ^= 1
    sealed.data = bytes(changed)

    with pytest.raises(UnreadablePayloadError):
        codec.open(sealed)


IN_A_RUN = WorkflowSerializationContext(namespace="shop", workflow_id="payment/SKT-1")
IN_AN_ACTIVITY = ActivitySerializationContext(
    namespace="shop",
    activity_id="1",
    activity_type=None,
    activity_task_queue=None,
    workflow_id="payment/SKT-1",
    workflow_type=None,
    is_local=True,
)


@pytest.mark.parametrize("context", [IN_A_RUN, IN_AN_ACTIVITY], ids=["workflow", "activity"])
def test_a_payload_of_a_run_names_the_workflow(
    keyset: AeadKeyset, context: SerializationContext
) -> None:
    codec = EncryptingCodec(keyset, "shop")

    sealed = codec.with_context(context).seal(PAYLOAD)

    assert workflow_id_of(sealed) == "payment/SKT-1"
    assert b"sari" not in sealed.SerializeToString()
    # Who asks on a person's behalf has no run: the codec server.
    assert codec.open(sealed) == PAYLOAD


def test_a_payload_from_outside_a_run_names_none(keyset: AeadKeyset) -> None:
    elsewhere = NexusSerializationContext(endpoint="", service="", operation="")
    codec = EncryptingCodec(keyset, "shop")

    sealed = codec.with_context(elsewhere).seal(PAYLOAD)

    assert workflow_id_of(sealed) is None
    assert codec.with_context(IN_A_RUN).open(sealed) == PAYLOAD


@pytest.mark.parametrize("named", [b"payment/SKT-2", b"", None])
def test_a_payload_cannot_be_passed_off_as_another_runs(
    keyset: AeadKeyset, named: bytes | None
) -> None:
    codec = EncryptingCodec(keyset, "shop").with_context(IN_A_RUN)
    sealed = codec.seal(PAYLOAD)
    del sealed.metadata["encryption-workflow-id"]
    if named is not None:
        sealed.metadata["encryption-workflow-id"] = named

    with pytest.raises(UnreadablePayloadError):
        codec.open(sealed)


def test_a_workflow_id_cannot_lend_its_beginning_to_a_namespace(keyset: AeadKeyset) -> None:
    context = WorkflowSerializationContext(namespace="a", workflow_id="b/c")
    sealed = EncryptingCodec(keyset, "a").with_context(context).seal(PAYLOAD)
    sealed.metadata["encryption-workflow-id"] = b"c"

    with pytest.raises(UnreadablePayloadError):
        EncryptingCodec(keyset, "a/b").open(sealed)
