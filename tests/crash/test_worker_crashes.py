"""A worker killed at any point of any activity changes nothing about how an order ends."""

import time
from collections.abc import Sequence
from itertools import chain, zip_longest

import pytest

from tests.crash.points import Point
from tests.crash.scenarios import (
    DISPUTED,
    GIVEN_BACK,
    OUT_OF_TIME,
    PAID,
    UNPAID,
    VIRTUAL_ACCOUNT,
    Scenario,
)
from tests.crash.tries import Tried, crash_at, undisturbed
from tests.crash.waves import Theatre, Trial
from tests.figures import tell
from workflows.names import workflow_id

pytestmark = pytest.mark.e2e

# What a story leaves open, two tellings of it show.
TELLINGS = 2
GROUPS = {
    "paid": PAID,
    "unpaid": UNPAID,
    "out of time": OUT_OF_TIME,
    "given back": GIVEN_BACK,
    "disputed": DISPUTED,
}


async def test_a_crash_at_every_point_of_a_payment_changes_nothing_about_its_end(
    theatre: Theatre, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = await crash_everywhere(theatre, [VIRTUAL_ACCOUNT], capsys)

    assert not tried.problems, "\n".join(tried.problems)


@pytest.mark.proof
@pytest.mark.parametrize("scenarios", GROUPS.values(), ids=GROUPS.keys())
async def test_a_crash_at_every_point_of_every_story_changes_nothing_about_its_end(
    theatre: Theatre, scenarios: Sequence[Scenario], capsys: pytest.CaptureFixture[str]
) -> None:
    tried = await crash_everywhere(theatre, scenarios, capsys)

    assert not tried.problems, "\n".join(tried.problems)


async def crash_everywhere(
    theatre: Theatre, scenarios: Sequence[Scenario], capsys: pytest.CaptureFixture[str]
) -> Tried:
    began = time.monotonic()
    without = [theatre.trial(each) for each in scenarios for _ in range(TELLINGS)]
    tried = await undisturbed(theatre, without)
    await crash_at(theatre, _in_step(theatre, without), tried)
    tell(capsys, tried.figures("crash.worker", time.monotonic() - began))
    return tried


def _in_step(theatre: Theatre, without: Sequence[Trial]) -> list[tuple[Scenario, Point]]:
    """Each point that was passed; those that come early in their stories first."""
    tellings: dict[str, list[Trial]] = {}
    for each in without:
        tellings.setdefault(each.scenario.name, []).append(each)
    rows = [
        [
            (trials[0].scenario, point)
            for point in theatre.book.points_of([workflow_id(each.order_id) for each in trials])
        ]
        for trials in tellings.values()
    ]
    return [each for each in chain.from_iterable(zip_longest(*rows)) if each is not None]
