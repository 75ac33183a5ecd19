"""`python -m tests.soak --seeds 1-200`: one JSON line per seed, on one stack for all of them."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from local_stack.stack import empty
from tests.soak.drawing import draw
from tests.soak.schedule import Schedule
from tests.soak.soak import replay, soak, stack_to_soak


def seeds_in(text: str) -> list[int]:
    """`7`, `1-200` and `3,5,8-10`; each once, because a seed names its orders."""
    seeds: dict[int, None] = {}
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds.update(dict.fromkeys(range(int(first), int(last or first) + 1)))
    return list(seeds)


async def soak_all(schedules: Sequence[Schedule], state_dir: Path) -> int:
    """How many seeds broke an invariant."""
    failed = 0
    async with stack_to_soak(state_dir) as stack:
        for schedule in schedules:
            try:
                played = await soak(stack, schedule)
            except Exception:
                _say_how_to_replay(schedule)
                raise
            print(played.line(), flush=True)  # noqa: T201
            if played.violations:
                failed += 1
                _say_how_to_replay(schedule)
    return failed


def _say_how_to_replay(schedule: Schedule) -> None:
    print(replay(schedule.seed), file=sys.stderr, flush=True)  # noqa: T201


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument(
        "--seeds", type=seeds_in, default=seeds_in("1-20"), help="1-200, or 3,5,8-10"
    )
    parser.add_argument(
        "--only", type=seeds_in, help="of the faults of a seed these, by their number in its record"
    )
    parser.add_argument("--state-dir", type=Path, default=Path(".state/soak"))
    options = parser.parse_args()
    schedules = [draw(seed) for seed in options.seeds]
    if options.only is not None:
        schedules = [schedule.only(options.only) for schedule in schedules]
    empty(options.state_dir)
    sys.exit(1 if asyncio.run(soak_all(schedules, options.state_dir)) else 0)


if __name__ == "__main__":
    main()
