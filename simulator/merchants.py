"""Who may call, and by which key."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Merchant:
    server_key: str
    client_key: str
    merchant_id: str

    @classmethod
    def parse(cls, text: str) -> "Merchant":
        parts = text.split(":")
        if len(parts) != len(cls.__slots__) or not all(parts):
            raise ValueError("a merchant is SERVER_KEY:CLIENT_KEY:MERCHANT_ID")
        return cls(*parts)


DEFAULT_MERCHANT = Merchant("SB-Mid-server-simulator", "SB-Mid-client-simulator", "G000000001")


class MerchantDirectory:
    """Several keys may name one merchant id, as while one key replaces another."""

    def __init__(self, merchants: Sequence[Merchant]) -> None:
        self._merchants = tuple(merchants)
        self._by_server_key = {each.server_key: each for each in merchants}
        self._by_client_key = {each.client_key: each for each in merchants}

    def first(self) -> Merchant:
        return self._merchants[0]

    def named(self, merchant_id: str) -> Merchant | None:
        return next((each for each in self._merchants if each.merchant_id == merchant_id), None)

    def by_client_key(self, key: str) -> Merchant | None:
        return self._by_client_key.get(key)

    def by_authorization(self, header: str, *, client_keys: bool = False) -> Merchant | None:
        """Find who signs with this key; card calls may be signed with the client key too."""
        scheme, _, encoded = header.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            credentials = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            return None
        key = credentials.partition(":")[0]
        merchant = self._by_server_key.get(key)
        return self.by_client_key(key) if merchant is None and client_keys else merchant
