"""The record of each notification: what was sent where, what came back, what comes next."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from simulator.clock import Timer


class DeliveryState(StrEnum):
    SENDING = "sending"
    DELIVERED = "delivered"
    WAITING = "waiting"
    HELD = "held"
    FAILED = "failed"
    DROPPED = "dropped"
    NO_URL = "no_url"


@dataclass(frozen=True, slots=True)
class DeliveryAttempt:
    at: datetime
    status: int | None
    error: str | None = None


@dataclass(slots=True)
class Delivery:
    number: int
    url: str
    document: Mapping[str, object]
    content: bytes
    created_at: datetime
    state: DeliveryState = DeliveryState.SENDING
    attempts: list[DeliveryAttempt] = field(default_factory=list)
    next_retry_at: datetime | None = None
    timer: Timer | None = None

    @property
    def retries(self) -> int:
        return len(self.attempts) - 1

    def described(self) -> dict[str, object]:
        return {
            "id": self.number,
            "url": self.url or None,
            "order_id": self.document.get("order_id"),
            "account_id": self.document.get("account_id"),
            "transaction_id": self.document.get("transaction_id"),
            "transaction_status": self.document.get("transaction_status"),
            "state": self.state.value,
            "created_at": self.created_at.isoformat(),
            "next_retry_at": self.next_retry_at.isoformat() if self.next_retry_at else None,
            "attempts": [
                {"at": each.at.isoformat(), "status": each.status, "error": each.error}
                for each in self.attempts
            ],
            "body": json.loads(self.content),
        }
