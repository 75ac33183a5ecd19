"""API and bridge killed before Temporal was told, and before the caller was: who calls, repeats."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence

import pytest

from local_stack.processes import running
from local_stack.stack import START_WAIT, said
from tests.crash import scenarios
from tests.crash.doors import SIGNAL, START
from tests.crash.ends import difference
from tests.crash.points import Phase, Point
from tests.crash.scenarios import Scenario
from tests.crash.waves import Part, Theatre
from tests.e2e.shop import Shop
from tests.faults.parts import stopped

pytestmark = pytest.mark.e2e

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
async def midtrans_repeats(theatre: Theatre) -> AsyncIterator[None]:
    """Its pauses last minutes: here, what was not taken is sent again at once."""
    repeating = asyncio.create_task(repeat(theatre.shop))
    yield
    repeating.cancel()
    await asyncio.wait({repeating})


@pytest.fixture
async def bridge(theatre: Theatre) -> AsyncIterator[Part]:
    async with stopped(theatre.shop, "bridge"):
        yield theatre.part("bridge", ["tests.crash.doors", "bridge"], ["webhook_bridge"])


@pytest.fixture
async def api(theatre: Theatre) -> AsyncIterator[Part]:
    async with stopped(theatre.shop, "api"):
        yield theatre.part("api", ["tests.crash.doors", "api"], ["starter", "api"])


@pytest.mark.proof
async def test_a_notification_whose_bridge_dies_is_repeated_and_counts_once(
    theatre: Theatre, bridge: Part, midtrans_repeats: None, capsys: pytest.CaptureFixture[str]
) -> None:
    await crash(theatre, bridge, NOTIFICATIONS, capsys)


@pytest.mark.proof
async def test_a_request_whose_api_dies_is_repeated_and_counts_once(
    theatre: Theatre, api: Part, capsys: pytest.CaptureFixture[str]
) -> None:
    await crash(theatre, api, REQUESTS, capsys)


async def crash(
    theatre: Theatre,
    part: Part,
    where: Sequence[tuple[Scenario, str, int]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    began = time.monotonic()
    without = {scenario.name: theatre.trial(scenario) for scenario, _, _ in where}
    told = await theatre.play(list(without.values()), part)
    trials = [
        theatre.trial(scenario, Point(step, nth, phase))
        for scenario, step, nth in where
        for phase in PHASES
    ]
    wave = await theatre.play(trials, part)

    figures = {
        "name": f"crash.{part.plain.name.removeprefix('plain-')}",
        "points": len(trials) - len(wave.missed),
        "kills": wave.kills,
        "seconds": round(time.monotonic() - began, 1),
    }
    with capsys.disabled():
        print(f"\n{json.dumps(figures)}")  # noqa: T201 - what docs/proof.md quotes
    problems = []
    for each in trials:
        undisturbed = told.ends[without[each.scenario.name].order_id]
        if wave.ends[each.order_id] != undisturbed:
            problems.append(f"{each}: {difference(wave.ends[each.order_id], undisturbed)}")
    assert not problems, "\n".join(problems)
    assert not [*told.broken, *wave.broken, *wave.missed]


async def repeat(shop: Shop) -> None:
    notifications = f"{shop.simulator}/notifications"
    while True:
        sent = (await shop.http.get(notifications)).json()["notifications"]
        for each in sent:
            if each["state"] == "waiting":
                await shop.http.post(f"{notifications}/{each['id']}/resend")
        await asyncio.sleep(0.5)
