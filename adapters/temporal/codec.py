"""Encryption of everything that Temporal stores for us: arguments, results, failures, memos."""

from collections.abc import Sequence

import tink
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from adapters.keysets import AeadKeyset

# The names that Temporal's own samples use in every language.
ENCODING = b"binary/encrypted"
KEY_ID = "encryption-key-id"


class UnreadablePayloadError(Exception):
    """No key of the keyset opens the payload in this namespace.

    Not an ApplicationError: the task is tried again, and succeeds once the key is there.
    """


class EncryptingCodec(PayloadCodec):
    """Seals whole payloads under the primary key, opens them under any key of the keyset."""

    def __init__(self, keyset: AeadKeyset, namespace: str) -> None:
        self._aead = keyset.aead
        self._primary_key_id = str(keyset.primary_key_id).encode()
        self._namespace = namespace

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self.seal(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self.open(payload) for payload in payloads]

    def seal(self, payload: Payload) -> Payload:
        key_id = self._primary_key_id
        return Payload(
            metadata={"encoding": ENCODING, KEY_ID: key_id},
            data=self._aead.encrypt(payload.SerializeToString(), self._associated_data(key_id)),
        )

    def open(self, payload: Payload) -> Payload:
        """The sealed payload; one that is not encrypted comes back as it is."""
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        key_id = payload.metadata.get(KEY_ID, b"")
        # Anything but digits could make the associated data mean another namespace.
        if not key_id.isdigit():
            raise UnreadablePayloadError("the payload does not name the key that encrypted it")
        try:
            plain = self._aead.decrypt(payload.data, self._associated_data(key_id))
        except tink.TinkError:
            raise UnreadablePayloadError(
                f"no key opens the payload of key {key_id.decode()} in {self._namespace}"
            ) from None
        return Payload.FromString(plain)

    def _associated_data(self, key_id: bytes) -> bytes:
        return b"temporal-payload/%b/%b" % (key_id, self._namespace.encode())
