"""What a worker tells Prometheus: the SDK's metrics, and ours beside them at one address."""

import re
import urllib.request
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.runtime import Runtime

from adapters.metrics import WORKER_METRICS, Kind
from adapters.temporal.runtime import WorkerMetrics, sdk_runtime
from local_stack.ports import Ports
from payments.payment import Payment
from payments.status import AttemptStatus
from tests.starter.orders import awaiting, paid, prepared, reported


@pytest.fixture
def address() -> str:
    return f"127.0.0.1:{Ports().choose()}"


@pytest.fixture
def runtime(address: str) -> Runtime:
    return sdk_runtime(address)


@pytest.fixture
def metrics(runtime: Runtime) -> WorkerMetrics:
    return WorkerMetrics(runtime.metric_meter)


def told_at(address: str) -> dict[str, float]:
    """Every sample by its name and labels, without those that every one has."""
    with urllib.request.urlopen(f"http://{address}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    samples = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {re.sub(r'service_name="[^"]*",?', "", name): float(value) for name, _, value in samples}


def count(told: dict[str, float], name: str, **labels: str) -> float:
    """The sample with these labels and no others."""
    wanted = sorted(f'{label}="{value}"' for label, value in labels.items())
    [found] = [
        value
        for sample, value in told.items()
        if sample.partition("{")[0] == name
        and sorted(filter(None, sample.partition("{")[2].rstrip("}").split(","))) == wanted
    ]
    return found


def test_every_declared_metric_is_told_by_its_name_and_buckets(
    metrics: WorkerMetrics, address: str
) -> None:
    metrics.payment_changed(awaiting("SKT-1"), paid("SKT-1"))
    metrics.gateway_called("ask", "ok", timedelta(seconds=1))
    metrics.mail_sent("receipt", "ok", timedelta(seconds=1))

    told = told_at(address)
    names = {sample.partition("{")[0] for sample in told}
    assert {name for each in WORKER_METRICS for name in each.series} <= names
    for metric in WORKER_METRICS:
        if metric.kind is Kind.HISTOGRAM:
            samples = [each for each in told if each.startswith(f"{metric.name}_bucket")]
            edges = {re.findall(r'le="([^"]*)"', each)[0] for each in samples}
            assert {float(edge) for edge in edges - {"+Inf"}} == set(metric.buckets)


def test_a_change_of_status_counts_once_and_no_other_change_does(
    metrics: WorkerMetrics, address: str
) -> None:
    order = prepared("SKT-1")
    metrics.payment_changed(None, order)
    metrics.payment_changed(order, replace(order, version=2))
    metrics.payment_changed(order, awaiting("SKT-1"))

    told = told_at(address)
    name = "payments_status_changes_total"
    assert count(told, name, status="preparing", method="bca_va") == 1
    assert count(told, name, status="awaiting_payment", method="bca_va") == 1


def test_the_time_to_paid_is_from_the_first_request_to_the_mark(
    metrics: WorkerMetrics, address: str
) -> None:
    order = paid("SKT-1")
    after = replace(order, updated_at=order.created_at + timedelta(seconds=42))
    metrics.payment_changed(awaiting("SKT-1"), after)
    metrics.payment_changed(after, replace(after, version=9))

    told = told_at(address)
    assert count(told, "payments_time_to_paid_seconds_sum", method="bca_va") == 42
    assert count(told, "payments_time_to_paid_seconds_count", method="bca_va") == 1


def test_calls_and_mails_are_told_by_outcome(metrics: WorkerMetrics, address: str) -> None:
    metrics.gateway_called("open_charge", "gateway_refused", timedelta(seconds=0.3))
    metrics.mail_sent("receipt", "mail_not_sent", timedelta(seconds=2))

    told = told_at(address)
    refused = {"operation": "open_charge", "outcome": "gateway_refused"}
    assert count(told, "payments_gateway_call_seconds_count", **refused) == 1
    lost = {"kind": "receipt", "outcome": "mail_not_sent"}
    assert count(told, "payments_mail_seconds_sum", **lost) == 2


def test_without_a_meter_nothing_is_counted_and_nothing_breaks() -> None:
    metrics = WorkerMetrics(sdk_runtime(None).metric_meter)

    metrics.payment_changed(None, prepared("SKT-1"))
    metrics.gateway_called("ask", "ok", timedelta(0))
    metrics.mail_sent("receipt", "ok", timedelta(0))


def test_a_reversal_is_a_change_of_status_and_no_second_payment(
    metrics: WorkerMetrics, address: str
) -> None:
    first = paid("SKT-1")
    lost: Payment = reported(first, AttemptStatus.REVERSED)
    metrics.payment_changed(awaiting("SKT-1"), first)
    metrics.payment_changed(first, lost)

    told = told_at(address)
    name = "payments_status_changes_total"
    assert count(told, name, status="reversed", method="bca_va") == 1
    assert count(told, "payments_time_to_paid_seconds_count", method="bca_va") == 1


def test_an_address_that_is_taken_is_told(runtime: Runtime, address: str) -> None:
    with pytest.raises(ValueError, match="in use"):
        sdk_runtime(address)
