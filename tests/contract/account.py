"""Plain HTTP with one merchant account: the adapter under the contract must not be its judge."""

import ssl
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

PRICE = 10_000


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; `code` is its outcome, which Core API writes into the body (§8.1)."""

    http_code: int
    document: dict[str, Any]

    @property
    def code(self) -> int:
        return int(self.document.get("status_code", self.http_code))

    def __getitem__(self, name: str) -> Any:
        return self.document[name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    server_key: str = field(repr=False)
    client_key: str = field(repr=False)
    merchant_id: str
    core_url: str
    snap_url: str
    ca_file: Path | None = None

    def charge(self, order_id: str, **method: object) -> Answer:
        return self.call("POST", f"{self.core_url}/v2/charge", charge_body(order_id) | method)

    def charge_bca(self, order_id: str) -> Answer:
        return self.charge(order_id, payment_type="bank_transfer", bank_transfer={"bank": "bca"})

    def status(self, named: str) -> Answer:
        return self.call("GET", f"{self.core_url}/v2/{named}/status")

    def act(self, named: str, operation: str) -> Answer:
        return self.call("POST", f"{self.core_url}/v2/{named}/{operation}", {})

    def open_session(self, order_id: str) -> Answer:
        body = {"transaction_details": _details(order_id)}
        return self.call("POST", f"{self.snap_url}/transactions", body)

    def cancel_session(self, token: str) -> Answer:
        return self.call("POST", f"{self.snap_url}/transactions/{token}/cancel", {})

    def call(
        self,
        method: str,
        url: str,
        body: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> Answer:
        trust = ssl.create_default_context(cafile=self.ca_file)
        response = httpx.request(
            method,
            url,
            json=body,
            auth=(key or self.server_key, ""),
            headers={"Accept": "application/json"},
            verify=trust,
            timeout=30,
            trust_env=False,
        )
        return Answer(response.status_code, response.json())


def new_order_id() -> str:
    return f"contract-{uuid.uuid4().hex}"


def charge_body(order_id: str) -> dict[str, object]:
    """A charge without its method, which ends by itself should a test leave it open."""
    return {
        "transaction_details": _details(order_id),
        "custom_expiry": {"expiry_duration": 20, "unit": "minute"},
    }


def _details(order_id: str) -> dict[str, object]:
    return {"order_id": order_id, "gross_amount": PRICE}
