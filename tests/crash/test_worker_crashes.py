"""A worker killed at any point of any activity changes nothing about how an order ends."""

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, zip_longest

import pytest

from tests.crash.ends import End, difference
from tests.crash.scenarios import (
    DISPUTED,
    GIVEN_BACK,
    OUT_OF_TIME,
    PAID,
    UNPAID,
    VIRTUAL_ACCOUNT,
    Scenario,
)
from tests.crash.waves import Theatre, Trial, Wave
from workflows.names import workflow_id

pytestmark = pytest.mark.e2e

# What a story leaves open, two tellings of it show.
TELLINGS = 2
# No story is told quite the same way each time: of two notifications that find no worker Midtrans is
# asked but once, and a run may have ended, or not, when the next one comes.
CHANCES = 8
# A worker has room for a hundred that wait at their points.
AT_ONCE = 72
GROUPS = {
    "paid": PAID,
    "unpaid": UNPAID,
    "out of time": OUT_OF_TIME,
    "given back": GIVEN_BACK,
    "disputed": DISPUTED,
}


@dataclass
class Tried:
    """What was tried of a group of scenarios, and what was found wrong."""

    points: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, trials: Sequence[Trial], wave: Wave, expected: Mapping[str, End]) -> None:
        self.kills += wave.kills
        self.problems += wave.broken
        for trial in trials:
            name, end = trial.scenario.name, wave.ends[trial.order_id]
            if trial.order_id not in wave.missed:
                self.points[name] += 1
            if end != expected[name]:
                self.problems.append(f"{trial}: {difference(end, expected[name])}")


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
    tried = Tried()
    without = [theatre.trial(each) for each in scenarios for _ in range(TELLINGS)]
    told = await theatre.play(without)
    expected = {each.scenario.name: told.ends[each.order_id] for each in without}
    tried.add(without, told, expected)
    tried.points.clear()

    trials = _in_step(theatre, without)
    for _ in range(CHANCES):
        missed: list[Trial] = []
        for first in range(0, len(trials), AT_ONCE):
            wave = await theatre.play(trials[first : first + AT_ONCE])
            tried.add(trials[first : first + AT_ONCE], wave, expected)
            missed += [each for each in trials if each.order_id in wave.missed]
        trials = [theatre.trial(each.scenario, each.point) for each in missed]
    tried.problems += [f"{each}: nobody came by" for each in trials]
    _print(capsys, tried, time.monotonic() - began)
    return tried


def _in_step(theatre: Theatre, without: Sequence[Trial]) -> list[Trial]:
    """One trial for each point that was passed; those that come early in their stories first."""
    tellings: dict[str, list[Trial]] = {}
    for each in without:
        tellings.setdefault(each.scenario.name, []).append(each)
    rows = [
        [
            theatre.trial(trials[0].scenario, point)
            for point in theatre.book.points_of([workflow_id(each.order_id) for each in trials])
        ]
        for trials in tellings.values()
    ]
    return [each for each in chain.from_iterable(zip_longest(*rows)) if each is not None]


def _print(capsys: pytest.CaptureFixture[str], tried: Tried, seconds: float) -> None:
    figures: dict[str, object] = {
        "name": "crash.worker",
        "points": tried.points.total(),
        "scenarios": tried.points,
        "kills": tried.kills,
        "seconds": round(seconds, 1),
    }
    with capsys.disabled():
        print(f"\n{json.dumps(figures)}")  # noqa: T201 - what docs/proof.md quotes
