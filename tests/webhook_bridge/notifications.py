"""Notifications as Midtrans sends and signs them (fact sheet §7)."""

import hashlib
import json
from typing import Any
from uuid import uuid4

SERVER_KEY = "made-up-server-key"
OLD_SERVER_KEY = "made-up-old-server-key"


def new_order_id() -> str:
    return f"SKT-{uuid4().hex[:16]}"


def signature(order_id: str, key: str) -> str:
    return hashlib.sha512(f"{order_id}200150000.00{key}".encode()).hexdigest()


def notification(gateway_order_id: str, key: str = SERVER_KEY, **members: object) -> bytes:
    """A settlement; a member given as None is left out."""
    document: dict[str, Any] = {
        "transaction_time": "2026-11-23 14:02:42",
        "transaction_status": "settlement",
        "transaction_id": "513f1f01-c9da-474c-9fc9-d5c64364b709",
        "status_code": "200",
        "signature_key": signature(gateway_order_id, key),
        "payment_type": "qris",
        "order_id": gateway_order_id,
        "gross_amount": "150000.00",
        "fraud_status": "accept",
        "currency": "IDR",
        **members,
    }
    return json.dumps({k: v for k, v in document.items() if v is not None}).encode()
