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
CHANCES = 5
# A worker has room for a hundred that wait at their points.
AT_ONCE = 72

# A scenario's name, and where in it.
Place = tuple[str, Point]


@dataclass
class Tried:
    """Where somebody died, and what was found wrong.

    `missed`: where nobody came by, though somebody died in the same phase of another execution of
    that step in that story. That nobody did is a problem.
    """

    expected: Mapping[str, End]
    died: set[Place] = field(default_factory=set)
    missed: list[str] = field(default_factory=list)
    kills: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def points(self) -> Counter[str]:
        """How many, by scenario."""
        return Counter(name for name, _ in self.died)

    def add(self, trials: Sequence[Trial], wave: Wave) -> None:
        self.kills += wave.kills
        self.problems += wave.broken
        for trial in trials:
            if trial.point is not None and trial.order_id not in wave.missed:
                self.died.add((trial.scenario.name, trial.point))
            end, expected = wave.ends[trial.order_id], self.expected[trial.scenario.name]
            if end != expected:
                self.problems.append(f"{trial}: {difference(end, expected)}")

    def figures(self, name: str, seconds: float) -> Mapping[str, object]:
        return {
            "name": name,
            "points": self.points.total(),
            "scenarios": self.points,
            "missed": self.missed,
            "kills": self.kills,
            "seconds": round(seconds, 1),
        }

    def miss(self, name: str, point: Point) -> None:
        boundaries = {(story, died.step, died.phase) for story, died in self.died}
        is_known = (name, point.step, point.phase) in boundaries
        (self.missed if is_known else self.problems).append(f"{name}, {point}: nobody came by")


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

    Where nobody came by, more and more try at once: what a story leaves open also depends on how
    many are told beside it.
    """
    left = places
    for chance in range(CHANCES):
        copies = max(1, min(2**chance, AT_ONCE // len(left)))
        trials = [theatre.trial(*each) for each in left for _ in range(copies)]
        for first in range(0, len(trials), AT_ONCE):
            some = trials[first : first + AT_ONCE]
            tried.add(some, await theatre.play(some, part))
        left = [each for each in left if (each[0].name, each[1]) not in tried.died]
        if not left:
            return
    for scenario, point in left:
        tried.miss(scenario.name, point)
