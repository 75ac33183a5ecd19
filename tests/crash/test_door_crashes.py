"""API and bridge killed before Temporal was told, and before the caller was: who calls, repeats."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from local_stack.processes import running
from local_stack.stack import START_WAIT, said
from tests.crash import scenarios
from tests.crash.caller import PATIENCE_SECONDS
from tests.crash.doors import SIGNAL, START
from tests.crash.points import Phase, Point
from tests.crash.scenarios import Scenario
from tests.crash.tries import Tried, crash_at, undisturbed
from tests.crash.waves import Part, Theatre
from tests.e2e.shop import Shop
from tests.faults.parts import stopped
from tests.figures import tell

pytestmark = pytest.mark.e2e

PAUSE_SECONDS = 0.5
PHASES = (Phase.BEFORE, Phase.UNREPORTED)
# The first signal of an order says that Midtrans waits for the customer, the second that he paid.
NOTIFICATIONS = (
    (scenarios.VIRTUAL_ACCOUNT, SIGNAL, 1),
    (scenarios.VIRTUAL_ACCOUNT, SIGNAL, 2),
    (scenarios.LATE_MONEY, START, 1),
)
REQUESTS = (
    (scenarios.VIRTUAL_ACCOUNT, "await_instructions", 1),
    (scenarios.ANOTHER_METHOD, "try_another_method", 1),
    (scenarios.CANCELLED, "cancel", 1),
    (scenarios.REFUNDED, "request_refund", 1),
)


@pytest.fixture(autouse=True)
async def worker(theatre: Theatre) -> AsyncIterator[None]:
    stack = theatre.shop.stack
    async with running(stack.program("worker-that-lives", "worker"), stack.logs) as worker:
        await worker.wait_until(said(worker, "worker.started"), START_WAIT)
        yield


@pytest.fixture
async def bridge(theatre: Theatre) -> AsyncIterator[Part]:
    """Midtrans' pauses last minutes: here, what was not taken is sent again at once."""
    shop = theatre.shop
    part = theatre.part("bridge", ["tests.crash.doors", "bridge"], ["webhook_bridge"])
    async with stopped(shop, "bridge"):
        repeating = asyncio.create_task(repeat(shop))
        yield replace(part, answered=partial(all_taken, shop))
        repeating.cancel()
        await asyncio.wait({repeating})


@pytest.fixture
async def api(theatre: Theatre) -> AsyncIterator[Part]:
    async with stopped(theatre.shop, "api"):
        yield theatre.part("api", ["tests.crash.doors", "api"], ["starter", "api"])


@pytest.mark.proof
async def test_a_notification_whose_bridge_dies_is_repeated_and_counts_once(
    theatre: Theatre, bridge: Part, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = await crash(theatre, bridge, NOTIFICATIONS, capsys)

    assert not tried.problems, "\n".join(tried.problems)


@pytest.mark.proof
async def test_a_request_whose_api_dies_is_repeated_and_counts_once(
    theatre: Theatre, api: Part, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = await crash(theatre, api, REQUESTS, capsys)

    assert not tried.problems, "\n".join(tried.problems)


async def crash(
    theatre: Theatre,
    part: Part,
    where: Sequence[tuple[Scenario, str, int]],
    capsys: pytest.CaptureFixture[str],
) -> Tried:
    began = time.monotonic()
    stories = {scenario.name: scenario for scenario, _, _ in where}
    without = [theatre.trial(each) for each in stories.values()]
    tried = await undisturbed(theatre, without, part)
    places = [
        (scenario, Point(step, nth, phase)) for scenario, step, nth in where for phase in PHASES
    ]
    await crash_at(theatre, places, tried, part)

    name = f"crash.{part.plain.name.removeprefix('plain-')}"
    tell(capsys, tried.figures(name, time.monotonic() - began))
    return tried


async def repeat(shop: Shop) -> None:
    while True:
        for each in await notifications(shop):
            if each["state"] == "waiting":
                await shop.http.post(f"{shop.simulator}/notifications/{each['id']}/resend")
        await asyncio.sleep(PAUSE_SECONDS)


async def all_taken(shop: Shop) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while any(each["state"] in {"sending", "waiting"} for each in await notifications(shop)):
            await asyncio.sleep(PAUSE_SECONDS)


async def notifications(shop: Shop) -> list[dict[str, Any]]:
    answer = await shop.http.get(f"{shop.simulator}/notifications")
    found: list[dict[str, Any]] = answer.json()["notifications"]
    return found
