"""What a gateway's notification says, in our words: a hint, never a proof."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from payments.request import split_gateway_order_id
from payments.status import AttemptStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One `gateway_reported` signal: `raw` is the gateway's body as it came."""

    gateway: str
    gateway_order_id: str
    transaction_id: str
    status: AttemptStatus
    received_at: datetime
    raw: str

    @property
    def attempt_number(self) -> int:
        split = split_gateway_order_id(self.gateway_order_id)
        return split[1] if split else 0

    def as_json(self) -> dict[str, str]:
        return {
            "gateway": self.gateway,
            "gateway_order_id": self.gateway_order_id,
            "transaction_id": self.transaction_id,
            "status": self.status.value,
            "received_at": self.received_at.isoformat(),
            "raw": self.raw,
        }


def parse_notice(document: Mapping[str, object]) -> Notice:
    """Read the signal's JSON object; ValueError names the member that is missing or wrong."""
    texts = {name: _text(document, name) for name in _MEMBERS}
    if split_gateway_order_id(texts["gateway_order_id"]) is None:
        raise ValueError("gateway_order_id is not of the form {order_id}~{attempt}")
    return Notice(
        gateway=texts["gateway"],
        gateway_order_id=texts["gateway_order_id"],
        transaction_id=texts["transaction_id"],
        status=_status(texts["status"]),
        received_at=_instant(texts["received_at"]),
        raw=texts["raw"],
    )


_MEMBERS = ("gateway", "gateway_order_id", "transaction_id", "status", "received_at", "raw")


def _text(document: Mapping[str, object], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string")  # noqa: TRY004 - one error for bad documents
    return value


def _status(text: str) -> AttemptStatus:
    try:
        return AttemptStatus(text)
    except ValueError:
        raise ValueError("status must be one of our attempt statuses") from None


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("received_at must be an ISO 8601 instant") from None
    if instant.tzinfo is None:
        raise ValueError("received_at must name its offset")
    return instant
