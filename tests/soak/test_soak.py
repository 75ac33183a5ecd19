"""A seed for every run of the tests; `make soak SEEDS=1-200` plays many."""

from collections.abc import AsyncIterator

import pytest

from local_stack.stack import Stack
from tests.soak.drawing import draw
from tests.soak.soak import replay, soak, stack_to_soak

pytestmark = pytest.mark.e2e

# Temporal and the database stop meanwhile, and mails are refused.
SEEDS = (209,)


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    async with stack_to_soak(tmp_path_factory.mktemp("a service to soak")) as stack:
        yield stack


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_invariants_hold_whatever_goes_wrong_meanwhile(stack: Stack, seed: int) -> None:
    played = await soak(stack, draw(seed))

    assert played.faults_struck
    assert not played.violations, f"{played.line()}\n{replay(seed)}"
