"""Serve the bridge: `python -m webhook_bridge`. SIGTERM lets running requests end first."""

import logging
import os
import signal
import sys
from typing import NoReturn

import uvicorn
import uvloop

from adapters.keysets import AeadKeyset, load_aead
from adapters.telemetry import configure_logging
from adapters.temporal.client import connect
from settings import Settings, SettingsError, load_settings
from webhook_bridge.app import create_app
from webhook_bridge.inbox import Inbox

# A little longer than any answer takes.
DRAIN_SECONDS = 5
KEEP_ALIVE_SECONDS = 30


def main() -> NoReturn:
    for number in (signal.SIGTERM, signal.SIGINT):
        # The server raises the signal again when it has drained: that is the end, not a failure.
        signal.signal(number, lambda *_: sys.exit())
    try:
        settings = load_settings()
        configure_logging(settings.log_level)
        keyset = load_aead(settings.secret("keyset_temporal"))
        keys = server_keys(settings)
    except (SettingsError, ValueError) as error:
        sys.exit(f"webhook_bridge: {error}")
    try:
        uvloop.run(serve(settings, keyset, keys))
    except SystemExit as end:
        leave(1 if end.code else 0)
    leave(0)


def leave(code: int) -> NoReturn:
    """End at once: threads of the SDK sometimes crash an interpreter that is finalising."""
    logging.shutdown()
    os._exit(code)


async def serve(settings: Settings, keyset: AeadKeyset, keys: tuple[str, ...]) -> None:
    client = await connect(keyset, identity="webhook_bridge", lazy=True)
    config = uvicorn.Config(
        create_app(Inbox(client, keys)),
        host=settings.bridge_host,
        port=settings.bridge_port,
        access_log=False,
        lifespan="off",
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=DRAIN_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        ws="none",
    )
    await uvicorn.Server(config).serve()


def server_keys(settings: Settings) -> tuple[str, ...]:
    """Both keys count while one replaces the other."""
    key = settings.secret("midtrans_server_key")
    old = settings.midtrans_server_key_old
    return (key,) if old is None else (key, old.get_secret_value())


if __name__ == "__main__":
    main()
