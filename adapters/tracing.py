"""OpenTelemetry traces, from a request to the last activity that follows from it.

Off unless a collector is named. A span carries ids and codes: the texts of errors and all that is
not known to be an id stay here.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from http import HTTPMethod

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanKind, Status
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.telemetry import order_of
from adapters.trace_carriers import LenientTracing
from payments.request import is_order_id

ORDER_ID = "order_id"
_RUN = "temporalWorkflowID"
# What the SDK's interceptor and our own spans say; nothing else leaves the process.
_TOLD = frozenset(
    {ORDER_ID, _RUN, "temporalRunID", "temporalActivityID", "temporalUpdateID"}
    | {"http.request.method", "http.route", "http.response.status_code"}
)
_ERROR_KIND = "exception.type"
_VERBS = frozenset(HTTPMethod)
# A process that is to end waits no longer for a collector that is away.
_SEND_SECONDS = 2


class Tracing:
    """The traces of one process, sent in the background; with no exporter, none at all."""

    def __init__(self, exporter: SpanExporter | None, service: str) -> None:
        self._tracer: trace.Tracer | None = None
        if exporter is None:
            return
        self._provider = TracerProvider(
            resource=Resource.create({SERVICE_NAME: service}), shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(DiscreetExporter(exporter)))
        self._tracer = self._provider.get_tracer("payments")

    @property
    def interceptors(self) -> Sequence[LenientTracing]:
        """For a client; the workers on it trace as well."""
        return () if self._tracer is None else (LenientTracing(self._tracer),)

    def traced(self, app: ASGIApp, *, continues: bool = False) -> ASGIApp:
        """The application with a span for each request; `continues` the trace of its caller."""
        return app if self._tracer is None else _TracedApp(app, self._tracer, continues=continues)

    async def shut_down(self) -> None:
        """Send what is left, as far as the collector takes it in time."""
        if self._tracer is None:
            return
        # The exporter's own limit is one for each batch.
        with suppress(TimeoutError):
            async with asyncio.timeout(_SEND_SECONDS):
                await asyncio.to_thread(self._provider.shutdown)


@asynccontextmanager
async def tracing(url: str | None, service: str) -> AsyncIterator[Tracing]:
    """The traces of a process while it lives, sent to an OTLP/HTTP address; None: not traced."""
    exporter = None if url is None else OTLPSpanExporter(endpoint=url, timeout=_SEND_SECONDS)
    traces = Tracing(exporter, service)
    try:
        yield traces
    finally:
        await traces.shut_down()


class DiscreetExporter(SpanExporter):
    """Hands on what a span may tell: of an error its kind, of all else what is listed."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._exporter.export([_discreet(span) for span in spans])

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


class _TracedApp:
    def __init__(self, app: ASGIApp, tracer: trace.Tracer, *, continues: bool) -> None:
        self._app = app
        self._tracer = tracer
        self._continues = continues

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._tracer.start_as_current_span(
            _verb(scope), self._parent(scope), SpanKind.SERVER
        ) as span:

            async def note(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            try:
                await self._app(scope, receive, note)
            finally:
                _name(span, scope)

    def _parent(self, scope: Scope) -> Context:
        """What the caller says of its trace, if callers are believed; without its baggage."""
        if not self._continues:
            return Context()
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        return TraceContextTextMapPropagator().extract(headers, Context())


def _name(span: trace.Span, scope: Scope) -> None:
    """By the route, which is known only once it is found: a path may hold a secret."""
    route = getattr(scope.get("route"), "path", None)
    span.set_attribute("http.request.method", _verb(scope))
    if route is not None:
        span.update_name(f"{_verb(scope)} {route}")
        span.set_attribute("http.route", route)
    order_id = scope.get("path_params", {}).get("order_id", "")
    if is_order_id(order_id):
        span.set_attribute(ORDER_ID, order_id)


def _verb(scope: Scope) -> str:
    verb: str = scope["method"]
    return verb if verb in _VERBS else "(other)"


def _discreet(span: ReadableSpan) -> ReadableSpan:
    attributes = {name: value for name, value in (span.attributes or {}).items() if name in _TOLD}
    order_id = order_of(str(attributes.get(_RUN, "")))
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=attributes | ({ORDER_ID: order_id} if order_id else {}),
        events=[_kind_only(event) for event in span.events],
        links=[Link(link.context) for link in span.links],
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _kind_only(event: Event) -> Event:
    kept = {name: value for name, value in (event.attributes or {}).items() if name == _ERROR_KIND}
    return Event(event.name, kept, event.timestamp)
