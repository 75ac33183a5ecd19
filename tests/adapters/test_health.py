"""What a probe is told: which part is in the way, in time, whatever hangs."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
from starlette.applications import Starlette

from adapters.health import Readiness, health_routes


async def well() -> None:
    """A part that answers."""


async def broken() -> None:
    raise ConnectionError("postgresql://payments:hunter2@db")


async def stuck() -> None:
    """A part that does not answer in time, and will not be told to stop asking either."""
    for _ in range(30):
        try:
            await asyncio.sleep(0.1)
        except asyncio.CancelledError:
            continue


async def asked(path: str, readiness: Readiness) -> httpx.Response:
    transport = httpx.ASGITransport(app=Starlette(routes=health_routes(readiness)))
    async with httpx.AsyncClient(transport=transport, base_url="http://probe", timeout=60) as http:
        return await http.get(path)


def made_of(**checks: Callable[[], Awaitable[object]]) -> Readiness:
    return Readiness(checks)


async def test_a_process_is_ready_when_every_part_answers() -> None:
    answer = await asked("/readyz", made_of(database=well, temporal=well))

    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


async def test_what_is_in_the_way_is_named_and_nothing_else_said() -> None:
    answer = await asked("/readyz", made_of(database=broken, temporal=well))

    assert answer.status_code == 503
    assert answer.json() == {"status": "not_ready", "failed": ["database"]}


async def test_a_part_that_hangs_does_not_keep_the_probe_waiting() -> None:
    async with asyncio.timeout(2):
        answer = await asked("/readyz", made_of(database=stuck, temporal=well))

    assert (answer.status_code, answer.json()["failed"]) == (503, ["database"])


async def test_a_process_told_to_end_is_not_ready_whatever_answers() -> None:
    readiness = made_of(database=well)
    readiness.stop.set()

    answer = await asked("/readyz", readiness)

    assert (answer.status_code, answer.json()["failed"]) == (503, ["ending"])


async def test_a_process_lives_whatever_is_in_the_way() -> None:
    answer = await asked("/livez", made_of(database=broken))

    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_facts_are_told_beside_the_verdict() -> None:
    facts = {"build": "one"}

    ready = await asked("/readyz", Readiness({"database": well}, facts=lambda: facts))
    broken_down = await asked("/readyz", Readiness({"database": broken}, facts=lambda: facts))

    assert (ready.json()["build"], broken_down.json()["build"]) == ("one", "one")
