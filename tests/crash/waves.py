"""Many orders side by side, each with a point at which its worker dies, and then what they come to.

One kill is the death at many points at once: everybody waits at his own, then the process is killed.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from local_stack.processes import Child, Program, running
from starter.operators import OperatorClient
from tests.crash.caller import PATIENCE_SECONDS, Caller
from tests.crash.ends import End, ends
from tests.crash.points import Book, Point
from tests.crash.scenarios import Scenario
from tests.e2e.shop import Shop
from tests.faults.invariants import violations
from workflows.names import workflow_id

LOOK_SECONDS = 0.1
LOOKS_AT_ONCE = 5


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One order of a scenario; with no point its worker lives."""

    scenario: Scenario
    order_id: str
    point: Point | None = None

    def __str__(self) -> str:
        crash = "no crash" if self.point is None else f"crash at {self.point}"
        return f"{self.scenario.name}, {crash}, {self.order_id}"


@dataclass(frozen=True, kw_only=True)
class Wave:
    """`missed`: the orders that never came to their point. `broken`: which invariants, of whom."""

    ends: Mapping[str, End]
    kills: int
    missed: Collection[str]
    broken: Sequence[str]


async def _at_once() -> None:
    """The stories themselves wait until they are answered."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the service as one that dies at the points of the book, and as it is.

    `answered` returns once nobody waits for an answer of this part.
    """

    dying: Program
    plain: Program
    answered: Callable[[], Awaitable[None]] = _at_once


@dataclass(frozen=True, kw_only=True)
class Theatre:
    """A service of which one part dies as often as points are left, and then lives on."""

    shop: Shop
    operators: OperatorClient
    directory: Path
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LOOKS_AT_ONCE))

    @property
    def book(self) -> Book:
        return Book(self.directory)

    def trial(self, scenario: Scenario, point: Point | None = None) -> Trial:
        return Trial(scenario=scenario, order_id=self.shop.new_order_id(), point=point)

    def caller(self, order_id: str) -> Caller:
        return Caller(self.shop, self.operators, order_id, self.turns)

    def part(self, name: str, dying: Sequence[str], plain: Sequence[str]) -> Part:
        """`dying` is told the book's directory; each is a module and its arguments."""
        stack = self.shop.stack
        return Part(
            dying=stack.program(f"dying-{name}", *dying, str(self.directory)),
            plain=stack.program(f"plain-{name}", *plain),
        )

    @property
    def worker(self) -> Part:
        return self.part("worker", ["tests.crash.worker"], ["worker"])

    async def play(self, trials: Sequence[Trial], part: Part | None = None) -> Wave:
        """Tell every story to its end, whoever dies: the worker, if nothing is said."""
        planned = {workflow_id(each.order_id): each.point for each in trials if each.point}
        self.book.plan(planned)
        await self.shop.plan_faults(*(fault for each in trials for fault in _faults(each)))
        told = {name: text for each in trials for name, text in each.scenario.told.items()}
        order_ids = [each.order_id for each in trials]
        part = part or self.worker
        async with self.lives(part, told) as deaths:
            await self._all(trials, self._tell)
            await self._dead(deaths)
            await part.answered()
            await self._all(trials, self._rest)
            left = self.book.left()
            return Wave(
                ends=await ends(self.shop, order_ids),
                kills=len(deaths),
                missed=[each for each in order_ids if workflow_id(each) in left],
                broken=await violations(self.shop, order_ids),
            )

    async def _all(self, trials: Sequence[Trial], go: Callable[[Trial], Awaitable[None]]) -> None:
        async def go_on(trial: Trial) -> None:
            try:
                await go(trial)
            except TimeoutError as error:
                raise AssertionError(f"{trial} never came to its end") from error

        async with asyncio.TaskGroup() as group:
            for each in trials:
                group.create_task(go_on(each))

    async def _tell(self, trial: Trial) -> None:
        await trial.scenario.story(self.caller(trial.order_id))

    async def _rest(self, trial: Trial) -> None:
        await self.caller(trial.order_id).at_rest()

    async def _dead(self, deaths: Sequence[Collection[str]]) -> None:
        """A story may come to its end before the kill of who waits at its point."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not self.book.reached() <= set(chain.from_iterable(deaths)):
                await asyncio.sleep(LOOK_SECONDS)

    @asynccontextmanager
    async def lives(
        self, part: Part, told: Mapping[str, str] | None = None
    ) -> AsyncIterator[Sequence[Collection[str]]]:
        """Let one process live at a time; the next begins when it has died.

        Of each death: which workflows had reached their points by then.
        """
        deaths: list[Collection[str]] = []
        following = asyncio.create_task(self._follow(part, told or {}, deaths))
        try:
            yield deaths
        finally:
            following.cancel()
            await asyncio.wait({following})
        if not following.cancelled():
            following.result()

    async def _follow(
        self, part: Part, told: Mapping[str, str], deaths: list[Collection[str]]
    ) -> None:
        is_recording = not self.book.planned()
        while True:
            program = part.dying if is_recording or self.book.left() else part.plain
            environment = {**(program.environment or {}), **told}
            async with running(
                replace(program, environment=environment), self.shop.stack.logs
            ) as process:
                try:
                    await _death(process)
                    deaths.append(self.book.reached())
                finally:
                    process.kill()


async def _death(process: Child) -> None:
    """Wait for it; only a kill is one."""
    while (code := process.exit_code) is None:
        await asyncio.sleep(LOOK_SECONDS)
    assert code < 0, f"it ended by itself: {process.said()[-3000:]}"


def _faults(trial: Trial) -> Collection[Mapping[str, object]]:
    return [{**each, "order_id": f"{trial.order_id}~1"} for each in trial.scenario.faults]
