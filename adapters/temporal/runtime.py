"""The SDK's runtime of a process: its log lines, and its metrics with ours among them."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from temporalio.common import MetricCounter, MetricHistogramFloat, MetricMeter
from temporalio.runtime import (
    LoggingConfig,
    LoggingFormat,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
)

from adapters.metrics import (
    GATEWAY_CALLS,
    MAILS,
    STATUS_CHANGES,
    TIME_TO_PAID,
    WORKER_METRICS,
    Kind,
    Metric,
)
from payments.payment import Payment


def sdk_runtime(metrics_address: str | None) -> Runtime:
    """Serves `/metrics` at the address (ip:port), if there is one; ValueError when it cannot.

    The SDK's core writes lines of JSON of its own, and only ever sees encrypted payloads.
    """
    metrics = None if metrics_address is None else _prometheus(metrics_address)
    logs = LoggingConfig(filter=LoggingConfig.default.filter, format=LoggingFormat.JSON)
    return Runtime(telemetry=TelemetryConfig(logging=logs, metrics=metrics))


def _prometheus(address: str) -> PrometheusConfig:
    return PrometheusConfig(
        bind_address=address,
        counters_total_suffix=True,
        unit_suffix=True,
        durations_as_seconds=True,
        histogram_bucket_overrides=_buckets(WORKER_METRICS),
    )


def _buckets(metrics: Sequence[Metric]) -> Mapping[str, Sequence[float]]:
    return {each.name: each.buckets for each in metrics if each.kind is Kind.HISTOGRAM}


class WorkerMetrics:
    """What the parts of a worker count; with a meter that does nothing, nothing."""

    def __init__(self, meter: MetricMeter = MetricMeter.noop) -> None:
        self._status_changes = _counter(meter, STATUS_CHANGES)
        self._time_to_paid = _histogram(meter, TIME_TO_PAID)
        self._gateway_calls = _histogram(meter, GATEWAY_CALLS)
        self._mails = _histogram(meter, MAILS)

    def payment_changed(self, before: Payment | None, after: Payment) -> None:
        """A change was stored; `before` is None of a new order."""
        method = after.attempts[-1].method
        if before is None or after.status is not before.status:
            self._status_changes.add(1, {"status": after.status, "method": method})
        was_unpaid = before is None or before.paid_at is None
        if was_unpaid and after.paid_at is not None:
            # The gateway's clock says when it was paid, ours when we knew: what the shop waits for.
            waited = after.updated_at - after.created_at
            paid_with = {"method": after.paid_with or method}
            self._time_to_paid.record(waited.total_seconds(), paid_with)

    def gateway_called(self, operation: str, outcome: str, took: timedelta) -> None:
        labels = {"operation": operation, "outcome": outcome}
        self._gateway_calls.record(took.total_seconds(), labels)

    def mail_sent(self, kind: str, outcome: str, took: timedelta) -> None:
        self._mails.record(took.total_seconds(), {"kind": kind, "outcome": outcome})


def _counter(meter: MetricMeter, metric: Metric) -> MetricCounter:
    # The runtime appends the suffix.
    return meter.create_counter(metric.name.removesuffix("_total"), metric.meaning)


def _histogram(meter: MetricMeter, metric: Metric) -> MetricHistogramFloat:
    return meter.create_histogram_float(metric.name, metric.meaning)
