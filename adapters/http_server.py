"""Serving an ASGI application until the process is told to end."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from adapters.prompt_http import PromptHttp

_BESIDE_DRAIN = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Ending:
    """How serving ends: `linger` goes on for load balancers to notice, `drain` is for requests."""

    stop: asyncio.Event
    drain: timedelta
    linger: timedelta = timedelta(0)


async def serve_http(app: ASGIApp, host: str, port: int, ending: Ending, **options: Any) -> None:
    """Serve until told to stop, then let running requests end; `options` are uvicorn's."""
    server = _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            # Ours is configured already; requests are not logged, since paths may hold secrets.
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=int(ending.drain.total_seconds()),
            # Nobody's X-Forwarded-For counts who is not named: not even this machine's.
            # Nothing of ours speaks WebSocket, for which a connection would leave PromptHttp.
            **{"http": PromptHttp, "ws": "none", "forwarded_allow_ips": [], **options},
        )
    )
    watching = asyncio.create_task(_end_when_told(server, ending))
    try:
        await server.serve()
    finally:
        watching.cancel()


@asynccontextmanager
async def served_beside(app: ASGIApp, host: str, port: int | None) -> AsyncIterator[None]:
    """Serve as long as the context lasts, if there is a port."""
    if port is None:
        yield
        return
    over = asyncio.Event()
    serving = asyncio.create_task(serve_http(app, host, port, Ending(over, _BESIDE_DRAIN)))
    try:
        yield
    finally:
        over.set()
        await serving


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process, of which this may be but a part."""
        yield


async def _end_when_told(server: uvicorn.Server, ending: Ending) -> None:
    await ending.stop.wait()
    await asyncio.sleep(ending.linger.total_seconds())
    server.should_exit = True
