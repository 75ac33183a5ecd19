"""Point after point until somebody has died at each, and what was found wrong meanwhile."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.crash.ends import End, difference
from tests.crash.points import Point
from tests.crash.scenarios import Scenario
from tests.crash.waves import Part, Theatre, Trial, Wave

# No story is told quite the same way each time: of two notifications that find no worker Midtrans is
# asked but once, and a run may have ended, or not, when the next one comes.
CHANCES = 8
# A worker has room for a hundred that wait at their points.
AT_ONCE = 72


@dataclass
class Tried:
    """How often somebody died at a point, by scenario, and what was found wrong."""

    expected: Mapping[str, End]
    points: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, trials: Sequence[Trial], wave: Wave) -> None:
        self.kills += wave.kills
        self.problems += wave.broken
        for trial in trials:
            end, expected = wave.ends[trial.order_id], self.expected[trial.scenario.name]
            if end != expected:
                self.problems.append(f"{trial}: {difference(end, expected)}")


async def undisturbed(theatre: Theatre, trials: Sequence[Trial], part: Part | None = None) -> Tried:
    """Tell them with nobody dying: all others are expected to end as these have."""
    wave = await theatre.play(trials, part)
    tried = Tried({each.scenario.name: wave.ends[each.order_id] for each in trials})
    tried.add(trials, wave)
    return tried


async def crash_at(
    theatre: Theatre,
    places: Sequence[tuple[Scenario, Point]],
    tried: Tried,
    part: Part | None = None,
) -> None:
    """Let somebody die at each of these places, and add to `tried` what came of it.

    Where nobody came by, many try at once: what a story leaves open, they leave open as when it
    was told among many.
    """
    left, copies = places, 1
    for _ in range(CHANCES):
        trials = [theatre.trial(*each) for each in left for _ in range(copies)]
        reached: set[tuple[str, Point]] = set()
        for first in range(0, len(trials), AT_ONCE):
            some = trials[first : first + AT_ONCE]
            wave = await theatre.play(some, part)
            tried.add(some, wave)
            reached |= {
                (each.scenario.name, each.point)
                for each in some
                if each.point is not None and each.order_id not in wave.missed
            }
        tried.points.update(name for name, _ in reached)
        left = [each for each in left if (each[0].name, each[1]) not in reached]
        if not left:
            return
        copies = max(1, AT_ONCE // len(left))
    tried.problems += [f"{scenario.name}, {point}: nobody came by" for scenario, point in left]
