"""Where a worker can die: what is planned, and what was reached, kept in files that outlive it."""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any


class Phase(StrEnum):
    """`UNREPORTED`: the effect is there, and nobody was told. `AFTER`: told, and nothing followed."""

    BEFORE = "before"
    UNREPORTED = "unreported"
    AFTER = "after"


@dataclass(frozen=True, order=True, slots=True)
class Point:
    """A moment in the nth execution of a step for one workflow; a retry is no other execution."""

    step: str
    nth: int
    phase: Phase

    def __str__(self) -> str:
        return f"{self.step} {self.nth} {self.phase}"


@dataclass(frozen=True, slots=True)
class Execution:
    """`scheduled` names it within its run; a retry and a replay have the same."""

    workflow_id: str
    run_id: str
    scheduled: str
    activity: str


class Book:
    """At most one point per workflow id. Each line is in the kernel before anything goes on."""

    def __init__(self, directory: Path) -> None:
        self._plan = directory / "plan.json"
        self._passed = directory / "passed.jsonl"
        self._reached = directory / "reached.jsonl"

    def plan(self, points: Mapping[str, Point]) -> None:
        """Begin anew, with these points by workflow id."""
        for file in (self._passed, self._reached):
            file.write_text("")
        self._plan.write_text(json.dumps({name: astuple(each) for name, each in points.items()}))

    def planned(self) -> dict[str, Point]:
        found: dict[str, list[Any]] = json.loads(self._plan.read_text())
        return {name: Point(step, nth, Phase(phase)) for name, (step, nth, phase) in found.items()}

    def left(self) -> dict[str, Point]:
        """What was planned and not reached yet."""
        reached = self.reached()
        return {name: point for name, point in self.planned().items() if name not in reached}

    def reach(self, workflow_id: str) -> None:
        _append(self._reached, workflow_id)

    def reached(self) -> set[str]:
        return set(_lines(self._reached))

    def pass_by(self, execution: Execution, phase: Phase) -> None:
        _append(self._passed, (*astuple(execution), phase))

    def executions(self) -> list[Execution]:
        """Each once, in the order in which they began."""
        return list(self._phases())

    def points_of(self, workflow_ids: Iterable[str]) -> list[Point]:
        """Every point that each of these workflows has passed, the earliest first."""
        phases = self._phases()
        first, *others = [_points(phases, each) for each in workflow_ids]
        return [point for point in first if all(point in other for other in others)]

    def _phases(self) -> dict[Execution, list[Phase]]:
        found: dict[Execution, list[Phase]] = {}
        for *execution, phase in _lines(self._passed):
            found.setdefault(Execution(*execution), []).append(Phase(phase))
        return found


def _points(phases: Mapping[Execution, Sequence[Phase]], workflow_id: str) -> list[Point]:
    nth: Counter[str] = Counter()
    points: list[Point] = []
    for execution, passed in phases.items():
        if execution.workflow_id == workflow_id:
            nth[execution.activity] += 1
            count = nth[execution.activity]
            points += (Point(execution.activity, count, each) for each in dict.fromkeys(passed))
    return points


def _append(file: Path, line: object) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(descriptor, f"{json.dumps(line)}\n".encode())
    finally:
        os.close(descriptor)


def _lines(file: Path) -> Iterator[Any]:
    return map(json.loads, file.read_text().splitlines())
