"""Encryption of everything that Temporal stores for us: arguments, results, failures, memos."""

from collections.abc import Sequence
from typing import Self

import tink
from temporalio.api.common.v1 import Payload
from temporalio.converter import (
    ActivitySerializationContext,
    PayloadCodec,
    SerializationContext,
    WithSerializationContext,
    WorkflowSerializationContext,
)

from adapters.keysets import AeadKeyset

# The names that Temporal's own samples use in every language.
ENCODING = b"binary/encrypted"
KEY_ID = "encryption-key-id"
# Ours: whose payload it is, since the Web UI does not say so when it asks for clear text.
WORKFLOW_ID = "encryption-workflow-id"
# Never stored: how an opened payload tells the converter who sealed it.
SEALED_FOR = "sealed-for"


class UnreadablePayloadError(Exception):
    """No key of the keyset opens the payload in this namespace.

    Not an ApplicationError: the task is tried again, and succeeds once the key is there.
    """


class EncryptingCodec(PayloadCodec, WithSerializationContext):
    """Seals whole payloads under the primary key, opens them under any key of the keyset.

    Within a run, the payload names the workflow id, bound to it like the namespace.
    """

    def __init__(self, keyset: AeadKeyset, namespace: str, workflow_id: str | None = None) -> None:
        self._keyset = keyset
        self._namespace = namespace
        self._workflow_id = workflow_id

    def with_context(self, context: SerializationContext) -> Self:
        if not isinstance(context, WorkflowSerializationContext | ActivitySerializationContext):
            return self
        return type(self)(self._keyset, self._namespace, context.workflow_id)

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self.seal(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [_attributed(self.open(payload), payload) for payload in payloads]

    def seal(self, payload: Payload) -> Payload:
        metadata = {"encoding": ENCODING, KEY_ID: str(self._keyset.primary_key_id).encode()}
        if self._workflow_id is not None:
            metadata[WORKFLOW_ID] = self._workflow_id.encode()
        sealed = Payload(metadata=metadata)
        sealed.data = self._keyset.aead.encrypt(
            payload.SerializeToString(), self._associated_data(sealed)
        )
        return sealed

    def open(self, payload: Payload) -> Payload:
        """The sealed payload; one that is not encrypted comes back as it is."""
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key_id = payload.metadata.get(KEY_ID, b"")
        # Anything but digits could make the associated data mean another namespace.
        if not key_id.isdigit():
            raise UnreadablePayloadError("the payload does not name the key that encrypted it")
        try:
            plain = self._keyset.aead.decrypt(payload.data, self._associated_data(payload))
        except tink.TinkError:
            raise UnreadablePayloadError(
                f"no key opens the payload of key {key_id.decode()} in {self._namespace}"
            ) from None
        return Payload.FromString(plain)

    def _associated_data(self, sealed: Payload) -> bytes:
        key_id, namespace = sealed.metadata[KEY_ID], self._namespace.encode()
        if WORKFLOW_ID not in sealed.metadata:
            return b"temporal-payload/%b/%b" % (key_id, namespace)
        # With its length, so that no namespace can borrow the beginning of a workflow id.
        named = (key_id, len(namespace), namespace, sealed.metadata[WORKFLOW_ID])
        return b"temporal-run-payload/%b/%d/%b/%b" % named


def _attributed(opened: Payload, stored: Payload) -> Payload:
    """Say for which run one of our processes has sealed it.

    What the codec server seals for a browser names none; what was never sealed may claim anything.
    """
    attributed = Payload(metadata=opened.metadata, data=opened.data)
    attributed.metadata.pop(SEALED_FOR, None)
    if stored.metadata.get("encoding") == ENCODING and WORKFLOW_ID in stored.metadata:
        attributed.metadata[SEALED_FOR] = stored.metadata[WORKFLOW_ID]
    return attributed


def workflow_id_of(sealed: Payload) -> str | None:
    """Whose payload it says it is; proven once it was opened."""
    workflow_id = sealed.metadata.get(WORKFLOW_ID)
    return None if workflow_id is None else workflow_id.decode(errors="replace")
