"""Commands of the codec server: to run it, and to let somebody sign in at it."""

import asyncio
import sys
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

import typer

from adapters.http_server import Ending, serve_http
from adapters.temporal.codec_users import user_entry
from settings import load_settings
from starter.codec import CodecParts, codec_parts
from starter.commands.serving import serve_until_told
from starter.commands.terminal import expected_errors, fail
from starter.services import trusted_proxies

# A little longer than any answer takes.
DRAIN = timedelta(seconds=5)


def register(app: typer.Typer) -> None:
    app.command("codec-server")(codec_server)
    app.command("codec-user")(codec_user)


def codec_server() -> None:
    """Serve the codec server, for the Web UI of whoever may see clear payloads."""
    with expected_errors():
        settings = load_settings()
        parts = codec_parts(settings)
    serve_until_told(settings, partial(_serve, parts))


def codec_user(
    name: Annotated[str, typer.Argument(help="who is to sign in at the codec server")],
) -> None:
    """Ask for a password, and print the line for the file that PAYMENTS_CODEC_USERS names."""
    try:
        entry = user_entry(name, _password())
    except ValueError as error:
        fail(str(error))
    typer.echo(entry)


def _password() -> str:
    if sys.stdin.isatty():
        password: str = typer.prompt(
            "Password", hide_input=True, confirmation_prompt=True, err=True
        )
        return password
    return sys.stdin.readline().rstrip("\r\n")


async def _serve(parts: CodecParts, stop: asyncio.Event) -> None:
    settings = parts.settings
    tls: dict[str, Any] = {}
    if parts.tls is not None:
        tls["ssl_context_factory"] = lambda *_: parts.tls
    async with parts.app(stop) as app:
        await serve_http(
            app,
            settings.codec_host,
            settings.codec_port,
            Ending(stop, DRAIN, settings.linger),
            forwarded_allow_ips=trusted_proxies(settings),
            **tls,
        )
