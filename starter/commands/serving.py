"""Serving until told to stop: the command `api`, and what `codec-server` shares with it."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from functools import partial

import typer

from adapters.http_server import Ending, serve_http, served_beside
from adapters.lifetime import Serve, live
from adapters.postgres.business_figures import BusinessFigures
from adapters.telemetry import configure_logging
from adapters.tracing import tracing
from settings import Settings, SettingsError, load_settings
from starter.api import create_api
from starter.commands.terminal import expected_errors
from starter.metrics import ApiMetrics, BusinessMetrics, CountedApp, metrics_app
from starter.services import REQUIRED, open_services, trusted_proxies

API = "payments-api"
# A little longer than the longest answer takes.
DRAIN = timedelta(seconds=30)
_TO_TIDY_UP = timedelta(seconds=5)


def register(app: typer.Typer) -> None:
    app.command()(api)


def api() -> None:
    """Serve the checkout API and the customer's page."""
    with expected_errors():
        settings = load_settings()
        settings.require(*REQUIRED)
        settings.require_private(settings.api_host)
    serve_until_told(settings, partial(_serve_api, settings))


def serve_until_told(settings: Settings, serve: Serve) -> None:
    """Serve until SIGTERM or SIGINT; this ends the process."""
    configure_logging(settings.log_level)
    limit = settings.linger + DRAIN + _TO_TIDY_UP
    live("error", serve, limit=limit, expected=SettingsError)


async def _serve_api(settings: Settings, stop: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        traces = await stack.enter_async_context(tracing(settings.traces_url, API))
        services = await stack.enter_async_context(
            open_services(settings, API, serves=True, interceptors=traces.interceptors)
        )
        requests, business = ApiMetrics(), BusinessMetrics(BusinessFigures(services.engine))
        await stack.enter_async_context(
            served_beside(metrics_app(requests, business), *settings.metrics_listener)
        )
        app = CountedApp(create_api(replace(services.api_parts(), stop=stop)), requests)
        await serve_http(
            traces.traced(app, continues=True),
            settings.api_host,
            settings.api_port,
            Ending(stop, DRAIN, settings.linger),
            forwarded_allow_ips=trusted_proxies(settings),
        )
