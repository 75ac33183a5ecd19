"""What the API tells Prometheus: how requests fare, and how payments stand.

Served on an address of its own, which the world does not reach: a competitor would read how many
orders the shop has.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http import HTTPMethod
from typing import Protocol

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.exposition import counter, gauge, histogram
from adapters.metrics import (
    API_ANSWERS,
    API_REQUESTS,
    DATABASE_UP,
    KEYSET_PRIMARIES,
    OPEN_CASES,
    OPEN_CASES_AGE,
    OPEN_DISCREPANCIES,
    OPEN_ORDERS,
    OPEN_ORDERS_UNMOVED,
    RECONCILIATION_AGE,
)
from adapters.postgres.business_figures import Figures
from starter.client import utc_now
from starter.outages import OUTAGES

# Several Prometheus servers, or a curious one, cost the database no more than one.
KEPT_FOR = timedelta(seconds=15)
_ELSEWHERE = "(other)"
_NOBODY = "(none)"
_VERBS = frozenset(HTTPMethod)

log = logging.getLogger(__name__)


class FigureReader(Protocol):
    async def read(self, now: datetime) -> Figures: ...


class ApiMetrics:
    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = counter(API_REQUESTS, self._registry)
        self._seconds = histogram(API_ANSWERS, self._registry)

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request by the route that took it; what a caller made up is no label."""
        route = getattr(scope.get("route"), "path", _ELSEWHERE)
        verb = scope["method"] if scope["method"] in _VERBS else _ELSEWHERE
        client = scope.get("state", {}).get("client", _NOBODY)
        self._requests.labels(route, verb, str(status), client).inc()
        self._seconds.labels(route, verb).observe(seconds)

    def exposition(self) -> bytes:
        return generate_latest(self._registry)


class CountedApp:
    """The application, with every request counted."""

    def __init__(self, app: ASGIApp, metrics: ApiMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            self._metrics.observe(scope, status, time.perf_counter() - started)


class BusinessMetrics:
    """The figures of the database, read at most once in a while."""

    def __init__(
        self,
        figures: FigureReader,
        now: Callable[[], datetime] = utc_now,
        kept_for: timedelta = KEPT_FOR,
    ) -> None:
        self._figures = figures
        self._now = now
        self._kept_for = kept_for
        self._read_at: datetime | None = None
        self._told = b""
        self._reading = asyncio.Lock()

    async def exposition(self) -> bytes:
        async with self._reading:
            now = self._now()
            if self._read_at is None or now - self._read_at >= self._kept_for:
                self._read_at, self._told = now, await self._read(now)
            return self._told

    async def _read(self, now: datetime) -> bytes:
        registry = CollectorRegistry()
        try:
            figures = await self._figures.read(now)
        except OUTAGES as error:
            log.warning("figures.unreadable", exc_info=error)
            gauge(DATABASE_UP, [((), 0)], registry)
        else:
            gauge(DATABASE_UP, [((), 1)], registry)
            _fill(registry, figures)
        return generate_latest(registry)


def metrics_app(requests: ApiMetrics, business: BusinessMetrics) -> Starlette:
    """`GET /metrics`."""

    async def exposition(_request: Request) -> Response:
        body = requests.exposition() + await business.exposition()
        return Response(body, media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/metrics", exposition)])


def _fill(registry: CollectorRegistry, figures: Figures) -> None:
    gauge(OPEN_ORDERS, figures.open_orders.items(), registry)
    gauge(OPEN_ORDERS_UNMOVED, _seconds(figures.unmoved), registry)
    gauge(OPEN_CASES, _single(figures.open_cases), registry)
    gauge(OPEN_CASES_AGE, _seconds(figures.oldest_case), registry)
    gauge(OPEN_DISCREPANCIES, _single(figures.open_discrepancies), registry)
    gauge(RECONCILIATION_AGE, _seconds(figures.since_reconciliation), registry)
    gauge(KEYSET_PRIMARIES, _single(figures.keyset_primaries), registry)


def _single(values: Mapping[str, float]) -> list[tuple[tuple[str], float]]:
    return [((name,), value) for name, value in values.items()]


def _seconds(spans: Mapping[str, timedelta]) -> list[tuple[tuple[str], float]]:
    return _single({name: span.total_seconds() for name, span in spans.items()})
