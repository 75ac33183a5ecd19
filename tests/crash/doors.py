"""API and bridge that die at the points of a book: `python -m tests.crash.doors api DIRECTORY`.

Composed of the parts of the real ones; only their client of Temporal has an interceptor more.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Never, TypeVar

from temporalio.client import (
    Interceptor,
    OutboundInterceptor,
    SignalWorkflowInput,
    StartWorkflowInput,
    StartWorkflowUpdateWithStartInput,
    WorkflowHandle,
    WorkflowUpdateHandle,
)

from adapters.http_server import Ending, serve_http
from adapters.lifetime import live
from adapters.telemetry import configure_logging
from adapters.temporal.client import connect
from settings import Settings, SettingsError, load_settings
from starter.api import create_api
from starter.services import open_services
from tests.crash.gate import Gate, for_ever
from tests.crash.points import Book, Phase, Point
from webhook_bridge.__main__ import server_keys
from webhook_bridge.app import create_app
from webhook_bridge.inbox import Inbox

SIGNAL = "signal"
START = "signal with start"
DRAIN = timedelta(seconds=1)

Answer = TypeVar("Answer")


class Doors(Interceptor):
    """What is said to Temporal: before it is said, and when it is taken but nobody was answered."""

    def __init__(self, book: Book) -> None:
        self._gate = Gate(book)
        self._nth: Counter[tuple[str, str]] = Counter()

    def intercept_client(self, inner: OutboundInterceptor) -> OutboundInterceptor:
        return _AtTheDoor(inner, self)

    async def die(self) -> Never:
        await self._gate.die()

    async def pass_through(
        self, workflow_id: str, what: str, say: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        if self._gate.is_stopped(workflow_id):
            await for_ever()
        self._nth[workflow_id, what] += 1
        nth = self._nth[workflow_id, what]
        if self._gate.is_due(workflow_id, Point(what, nth, Phase.BEFORE)):
            await self._gate.wait(workflow_id)
        answer = await say()
        if self._gate.is_due(workflow_id, Point(what, nth, Phase.UNREPORTED)):
            await self._gate.wait(workflow_id)
        return answer


class _AtTheDoor(OutboundInterceptor):
    def __init__(self, inner: OutboundInterceptor, doors: Doors) -> None:
        super().__init__(inner)
        self._doors = doors

    async def signal_workflow(self, call: SignalWorkflowInput) -> None:
        await self._doors.pass_through(call.id, SIGNAL, partial(super().signal_workflow, call))

    async def start_workflow(self, call: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        return await self._doors.pass_through(call.id, START, partial(super().start_workflow, call))

    async def start_update_with_start_workflow(
        self, call: StartWorkflowUpdateWithStartInput
    ) -> WorkflowUpdateHandle[Any]:
        return await self._doors.pass_through(
            call.start_workflow_input.id,
            call.update_workflow_input.update,
            partial(super().start_update_with_start_workflow, call),
        )


async def serve_api(settings: Settings, doors: Doors, stop: asyncio.Event) -> None:
    async with open_services(settings, "dying-api", serves=True, interceptors=[doors]) as services:
        api = create_api(services.api_parts())
        dying = asyncio.create_task(doors.die())
        await serve_http(api, settings.api_host, settings.api_port, Ending(stop, DRAIN))
        dying.cancel()


async def serve_bridge(settings: Settings, doors: Doors, stop: asyncio.Event) -> None:
    client = await connect(settings.temporal_keyset, interceptors=[doors], lazy=True)
    bridge = create_app(Inbox(client, server_keys(settings)), stop=stop)
    dying = asyncio.create_task(doors.die())
    await serve_http(
        bridge, settings.bridge_host, settings.bridge_port, Ending(stop, DRAIN), lifespan="off"
    )
    dying.cancel()


def main() -> None:
    serve = {"api": serve_api, "bridge": serve_bridge}[sys.argv[1]]
    settings = load_settings()
    configure_logging(settings.log_level)
    book = Book(Path(sys.argv[2]))

    async def serve_until(stop: asyncio.Event) -> None:
        await serve(settings, Doors(book), stop)

    live("door", serve_until, limit=2 * DRAIN, expected=SettingsError)


if __name__ == "__main__":
    main()
