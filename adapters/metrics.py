"""Every metric of ours: its name for ever, its labels bounded; code, reference and alerts agree.

No label is ever an order id, a client's text or an amount.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """`name` is the one that Prometheus reads; a histogram's has `_bucket` and others behind it."""

    name: str
    kind: Kind
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def series(self) -> tuple[str, ...]:
        """What a query may name."""
        if self.kind is not Kind.HISTOGRAM:
            return (self.name,)
        return tuple(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))


STATUS_CHANGES = Metric(
    name="payments_status_changes_total",
    kind=Kind.COUNTER,
    meaning="Payments that came into a status, by the method last tried.",
    labels=("status", "method"),
)
TIME_TO_PAID = Metric(
    name="payments_time_to_paid_seconds",
    kind=Kind.HISTOGRAM,
    meaning="From the order's first request until it was marked paid.",
    labels=("method",),
    buckets=(5, 15, 30, 60, 120, 180, 240, 300, 600, 3_600, 86_400),
)
GATEWAY_CALLS = Metric(
    name="payments_gateway_call_seconds",
    kind=Kind.HISTOGRAM,
    meaning="Operations at the gateway, by what came of them: `ok`, or the code of an error.",
    labels=("operation", "outcome"),
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8),
)
MAILS = Metric(
    name="payments_mail_seconds",
    kind=Kind.HISTOGRAM,
    meaning="Mails handed to the mail server, by what came of them: `ok`, or the code of an error.",
    labels=("kind", "outcome"),
    buckets=(0.1, 0.25, 0.5, 1, 2, 5, 10, 20),
)
WORKER_METRICS = (STATUS_CHANGES, TIME_TO_PAID, GATEWAY_CALLS, MAILS)

API_REQUESTS = Metric(
    name="payments_api_requests_total",
    kind=Kind.COUNTER,
    meaning="Requests by route, status and the client whose key came with them.",
    labels=("route", "method", "status", "client"),
)
API_ANSWERS = Metric(
    name="payments_api_answer_seconds",
    kind=Kind.HISTOGRAM,
    meaning="Time from the head of a request to the end of its answer.",
    labels=("route", "method"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 5, 10, 20),
)
DATABASE_UP = Metric(
    name="payments_database_up",
    kind=Kind.GAUGE,
    meaning="1 when the figures below could be read from the database, else 0 and they are absent.",
)
OPEN_ORDERS = Metric(
    name="payments_open_orders",
    kind=Kind.GAUGE,
    meaning="Orders whose payment has not ended, by the method of the first attempt.",
    labels=("status", "method"),
)
OPEN_ORDERS_UNMOVED = Metric(
    name="payments_open_orders_unmoved_seconds",
    kind=Kind.GAUGE,
    meaning="Time since the last change of the open order that has not moved for longest.",
    labels=("status",),
)
OPEN_CASES = Metric(
    name="payments_open_cases",
    kind=Kind.GAUGE,
    meaning="Cases that wait for a human.",
    labels=("code",),
)
OPEN_CASES_AGE = Metric(
    name="payments_open_cases_age_seconds",
    kind=Kind.GAUGE,
    meaning="Age of the oldest open case.",
    labels=("code",),
)
OPEN_DISCREPANCIES = Metric(
    name="payments_open_discrepancies",
    kind=Kind.GAUGE,
    meaning="Differences between the gateway's books and ours that nobody has resolved.",
    labels=("kind",),
)
RECONCILIATION_AGE = Metric(
    name="payments_reconciliation_age_seconds",
    kind=Kind.GAUGE,
    meaning="Time since a reconciliation last ended; absent when none did in the last eight days.",
    labels=("kind",),
)
KEYSET_PRIMARIES = Metric(
    name="payments_keyset_primaries",
    kind=Kind.GAUGE,
    meaning="Keys that running processes encrypt under; more than one only while keys are rotated.",
    labels=("keyset",),
)
API_METRICS = (
    API_REQUESTS,
    API_ANSWERS,
    DATABASE_UP,
    OPEN_ORDERS,
    OPEN_ORDERS_UNMOVED,
    OPEN_CASES,
    OPEN_CASES_AGE,
    OPEN_DISCREPANCIES,
    RECONCILIATION_AGE,
    KEYSET_PRIMARIES,
)

NOTIFICATIONS = Metric(
    name="payments_bridge_notifications_total",
    kind=Kind.COUNTER,
    meaning="Notifications by what became of them.",
    labels=("outcome",),
)
BRIDGE_ANSWERS = Metric(
    name="payments_bridge_answer_seconds",
    kind=Kind.HISTOGRAM,
    meaning="Time from the head of a notification to its answer.",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2, 4),
)
BRIDGE_METRICS = (NOTIFICATIONS, BRIDGE_ANSWERS)

METRICS = {
    "worker": WORKER_METRICS,
    "api": API_METRICS,
    "bridge": BRIDGE_METRICS,
}
