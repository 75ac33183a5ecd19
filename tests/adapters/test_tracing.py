"""Traces of a process: none unless they are wanted, and nothing in them that is not an id."""

import threading
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, get_current_span
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from adapters.tracing import Tracing, tracing
from settings import Settings, SettingsError, load_settings

CANARY = "sari.dewi@canary.example"
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class NobodyThere(InMemorySpanExporter):
    """A collector that is away."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.FAILURE


class NobodyAnswers(InMemorySpanExporter):
    """A collector that takes a batch and says nothing, until it is `over`."""

    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.over.wait()
        return super().export(spans)


async def answer(request: Request) -> Response:
    get_current_span().set_attribute("customer.email", CANARY)
    get_current_span().add_event("mailed", {"to": CANARY})
    if request.query_params:
        raise ValueError(CANARY)
    return PlainTextResponse("answered")


APP = Starlette(routes=[Route("/orders/{order_id}", answer), Route("/pay/{token}", answer)])


async def spans_of(path: str, method: str = "GET", **options: Any) -> list[ReadableSpan]:
    exporter = InMemorySpanExporter()
    traces = Tracing(exporter, "tests")
    transport = httpx.ASGITransport(traces.traced(APP, **options), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        await http.request(method, path, headers={"traceparent": CALLER})
    await traces.shut_down()
    return list(exporter.get_finished_spans())


async def test_without_a_collector_nothing_is_added() -> None:
    async with tracing(None, "tests") as traces:
        assert list(traces.interceptors) == []
        assert traces.traced(APP) is APP


async def test_a_request_is_named_by_its_route_and_its_order() -> None:
    [span] = await spans_of("/orders/SKT-1")

    assert span.name == "GET /orders/{order_id}"
    assert span.attributes == {
        "http.request.method": "GET",
        "http.route": "/orders/{order_id}",
        "http.response.status_code": 200,
        "order_id": "SKT-1",
    }


@pytest.mark.parametrize(
    ("path", "method"),
    [("/pay/" + CANARY, "GET"), ("/orders/" + CANARY, "GET"), ("/" + CANARY, CANARY)],
)
async def test_what_a_caller_makes_up_stays_out_of_a_span(path: str, method: str) -> None:
    [span] = await spans_of(path, method)

    assert CANARY not in span.to_json()


async def test_attributes_and_events_that_are_not_known_to_be_ids_stay_out() -> None:
    [span] = await spans_of("/orders/SKT-1?fails=1")

    assert not span.status.is_ok
    assert span.status.description is None
    events = {event.name: dict(event.attributes or {}) for event in span.events}
    assert events == {"mailed": {}, "exception": {"exception.type": "ValueError"}}
    assert CANARY not in span.to_json()


async def test_only_callers_that_are_believed_continue_their_trace() -> None:
    [continued] = await spans_of("/orders/SKT-1", continues=True)
    [begun] = await spans_of("/orders/SKT-1")

    assert continued.context
    assert continued.parent
    assert f"{continued.context.trace_id:032x}" == CALLER.split("-")[1]
    assert begun.parent is None


async def test_a_collector_that_is_away_stops_nothing() -> None:
    traces = Tracing(NobodyThere(), "tests")
    transport = httpx.ASGITransport(traces.traced(APP))
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
        answered = await http.get("/orders/SKT-1")
    await traces.shut_down()

    assert answered.status_code == 200


async def test_a_process_ends_although_its_collector_is_silent() -> None:
    collector = NobodyAnswers()
    traces = Tracing(collector, "tests")
    traces.interceptors[0].tracer.start_span("any").end()

    await traces.shut_down()

    assert collector.get_finished_spans() == ()
    collector.over.set()


@pytest.mark.parametrize(
    "url",
    [
        "http://collector:4318/v1/traces",
        "http://127.0.0.1.evil.example/v1/traces",
        "https://user:password@collector/v1/traces",
        "collector:4318",
    ],
)
def test_traces_leave_over_https_only(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYMENTS_TRACES_URL", url)

    with pytest.raises(SettingsError, match="PAYMENTS_TRACES_URL"):
        load_settings()


@pytest.mark.parametrize(
    "url", ["https://collector:4318/v1/traces", "http://127.0.0.1:4318/v1/traces"]
)
def test_https_and_loopback_are_addresses_of_collectors(url: str) -> None:
    assert Settings.model_validate({"traces_url": url}).traces_url == url


def test_an_empty_address_means_that_nothing_is_traced() -> None:
    assert Settings.model_validate({"traces_url": ""}).traces_url is None


async def test_links_keep_their_trace_and_lose_their_attributes() -> None:
    exporter = InMemorySpanExporter()
    traces = Tracing(exporter, "tests")
    tracer = traces.interceptors[0].tracer
    linked = tracer.start_span("linked").get_span_context()
    tracer.start_span("any", links=[Link(linked, {"to": CANARY})]).end()
    await traces.shut_down()

    [span] = exporter.get_finished_spans()
    assert [(link.context, dict(link.attributes or {})) for link in span.links] == [(linked, {})]
