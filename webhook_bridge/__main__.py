"""Serve the bridge: `python -m webhook_bridge`. SIGTERM lets running requests end first."""

import asyncio
import sys
from datetime import timedelta
from functools import partial
from typing import NoReturn

from adapters.http_server import Ending, serve_http
from adapters.keysets import AeadKeyset
from adapters.lifetime import live
from adapters.telemetry import configure_logging
from adapters.temporal.client import connect
from adapters.temporal.runtime import sdk_runtime
from adapters.tracing import tracing
from settings import Settings, SettingsError, load_settings
from webhook_bridge.app import create_app
from webhook_bridge.inbox import Inbox

# A little longer than any answer takes.
DRAIN = timedelta(seconds=5)
KEEP_ALIVE_SECONDS = 30


def main() -> NoReturn:
    try:
        settings = load_settings()
        settings.require_private(settings.bridge_host)
        configure_logging(settings.log_level)
        keyset = settings.temporal_keyset
        keys = server_keys(settings)
    except (SettingsError, ValueError) as error:
        sys.exit(f"webhook_bridge: {error}")
    live(
        "webhook_bridge",
        partial(serve, settings, keyset, keys),
        limit=settings.linger + 2 * DRAIN,
        expected=SettingsError,
    )


async def serve(
    settings: Settings, keyset: AeadKeyset, keys: tuple[str, ...], stop: asyncio.Event
) -> None:
    async with tracing(settings.traces_url, "payments-bridge") as traces:
        client = await connect(
            keyset,
            identity="webhook_bridge",
            interceptors=traces.interceptors,
            lazy=True,
            runtime=sdk_runtime(None),
        )
        await serve_http(
            traces.traced(create_app(Inbox(client, keys), stop=stop)),
            settings.bridge_host,
            settings.bridge_port,
            Ending(stop, DRAIN, settings.linger),
            lifespan="off",
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )


def server_keys(settings: Settings) -> tuple[str, ...]:
    """Both keys count while one replaces the other."""
    key = settings.secret("midtrans_server_key")
    old = settings.midtrans_server_key_old
    return (key,) if old is None else (key, old.get_secret_value())


if __name__ == "__main__":
    main()
