"""What the bridge counts: outcomes and times, nothing about any payment."""

from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

BUCKETS_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2, 4)


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
        notifications = Counter(
            "payments_bridge_notifications",
            "Notifications by what became of them.",
            ["outcome"],
            registry=self._registry,
        )
        self._counters = {outcome: notifications.labels(outcome) for outcome in Outcome}
        self._seconds = Histogram(
            "payments_bridge_answer_seconds",
            "Time from the head of a notification to its answer.",
            buckets=BUCKETS_SECONDS,
            registry=self._registry,
        )

    def count(self, outcome: Outcome) -> None:
        self._counters[outcome].inc()

    def observe(self, seconds: float) -> None:
        self._seconds.observe(seconds)

    def exposition(self) -> bytes:
        return generate_latest(self._registry)
