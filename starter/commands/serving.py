"""Commands that serve until they are told to stop: api, codec-server."""

import signal
import sys

import typer
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from adapters.keysets import load_aead
from adapters.telemetry import configure_logging
from adapters.temporal.codec_server import codec_app
from settings import Settings, load_settings
from starter.api import create_api
from starter.commands.terminal import expected_errors, run
from starter.services import REQUIRED, built, open_services

DRAIN_SECONDS = 30


def register(app: typer.Typer) -> None:
    app.command()(api)
    app.command("codec-server")(codec_server)


def api() -> None:
    """Serve the checkout API and the customer's page."""
    with expected_errors():
        settings = load_settings()
        settings.require(*REQUIRED)
    configure_logging(settings.log_level)
    run(_serve_api(settings))


def codec_server() -> None:
    """Serve the codec server, for the Web UI of whoever holds its secret."""
    with expected_errors():
        settings = load_settings()
        served = codec_routes(settings)
    configure_logging(settings.log_level)
    run(_serve(served, settings.codec_host, settings.codec_port))


def codec_routes(settings: Settings) -> Starlette:
    settings.require("keyset_temporal", "codec_secret")
    codec = codec_app(
        built(settings, "keyset_temporal", load_aead),
        path_secret=settings.secret("codec_secret"),
        allowed_origins=settings.codec_origins,
    )
    return Starlette(routes=[Route("/livez", _live), Mount("/", codec)])


async def _serve_api(settings: Settings) -> None:
    async with open_services(settings, "payments-api") as services:
        await _serve(create_api(services.api_parts()), settings.api_host, settings.api_port)


async def _serve(app: ASGIApp, host: str, port: int) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn drains, then raises the signal again: that is the end, not a failure.
        signal.signal(number, lambda *_: sys.exit())
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        # Ours is configured already; requests are not logged, since paths may hold secrets.
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    await uvicorn.Server(config).serve()


async def _live(_request: Request) -> JSONResponse:
    return JSONResponse({"status": "alive"})
