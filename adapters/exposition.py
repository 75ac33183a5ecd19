"""Declared metrics as Prometheus reads them, for processes that serve them by themselves."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from adapters.metrics import Kind, Metric

Value = tuple[tuple[str, ...], float]


def counter(metric: Metric, registry: CollectorRegistry) -> Counter:
    assert metric.kind is Kind.COUNTER
    return Counter(metric.name, metric.meaning, metric.labels, registry=registry)


def histogram(metric: Metric, registry: CollectorRegistry) -> Histogram:
    assert metric.kind is Kind.HISTOGRAM
    return Histogram(
        metric.name, metric.meaning, metric.labels, buckets=metric.buckets, registry=registry
    )


def gauge(metric: Metric, values: Iterable[Value], registry: CollectorRegistry) -> None:
    """One value for each combination of labels; what is not given does not exist."""
    assert metric.kind is Kind.GAUGE
    own = Gauge(metric.name, metric.meaning, metric.labels, registry=registry)
    for labels, value in values:
        (own.labels(*labels) if labels else own).set(value)
