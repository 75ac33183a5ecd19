"""Whether a process lives, and whether it can do its work: told alike by each of ours."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

# A probe waits 2 s, whatever hangs.
ANSWER_WITHIN = timedelta(seconds=1.5)
ENDING = "ending"

log = logging.getLogger(__name__)

# Returns, or raises what is wrong.
Check = Callable[[], Awaitable[object]]


def _no_facts() -> Mapping[str, object]:
    return {}


@dataclass(frozen=True, slots=True)
class Readiness:
    """What a process must reach to do its work; `stop` is set once it has been told to end.

    `facts` are told beside the verdict, and change nothing about it.
    """

    checks: Mapping[str, Check] = field(default_factory=dict)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    facts: Callable[[], Mapping[str, object]] = _no_facts

    async def hindrances(self) -> tuple[str, ...]:
        """The names of what is in the way; none when the process can do its work."""
        if self.stop.is_set():
            return (ENDING,)
        asked = {
            name: asyncio.create_task(_is_well(name, check)) for name, check in self.checks.items()
        }
        if asked:
            await asyncio.wait(asked.values(), timeout=ANSWER_WITHIN.total_seconds())
        return tuple(name for name, task in asked.items() if not _said_yes(name, task))


def health_routes(readiness: Readiness) -> list[Route]:
    """`GET /livez` and `GET /readyz`."""

    async def live(_request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def ready(_request: Request) -> Response:
        failed = await readiness.hindrances()
        facts = readiness.facts()
        if failed:
            body = {"status": "not_ready", "failed": list(failed), **facts}
            return JSONResponse(body, HTTPStatus.SERVICE_UNAVAILABLE)
        return JSONResponse({"status": "ready", **facts})

    return [Route("/livez", live), Route("/readyz", ready)]


async def _is_well(name: str, check: Check) -> bool:
    try:
        await check()
    except Exception:
        # Whatever it is, it is what the probe is there to find.
        log.warning("readiness.failed", extra={"part": name}, exc_info=True)
        return False
    return True


def _said_yes(name: str, asked: asyncio.Task[bool]) -> bool:
    if asked.done():
        return asked.result()
    # Not awaited: what hangs may hang in its cancellation too.
    asked.cancel()
    log.warning("readiness.failed", extra={"part": name, "reason": "no answer"})
    return False
