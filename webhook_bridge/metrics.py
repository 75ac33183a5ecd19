"""What the bridge counts: outcomes and times, nothing about any payment."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, generate_latest

from adapters.exposition import counter, histogram
from adapters.metrics import BRIDGE_ANSWERS, NOTIFICATIONS


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    IGNORED = "ignored"
    MALFORMED = "malformed_notification"
    FORGED = "invalid_signature"
    TOO_LARGE = "body_too_large"
    INCOMPLETE = "body_incomplete"
    UNAVAILABLE = "temporal_unavailable"


class BridgeMetrics:
    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        notifications = counter(NOTIFICATIONS, self._registry)
        self._counters = {outcome: notifications.labels(outcome) for outcome in Outcome}
        self._seconds = histogram(BRIDGE_ANSWERS, self._registry)

    def count(self, outcome: Outcome) -> None:
        self._counters[outcome].inc()

    def observe(self, seconds: float) -> None:
        self._seconds.observe(seconds)

    def exposition(self) -> bytes:
        return generate_latest(self._registry)
