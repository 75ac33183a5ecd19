"""A whole service of which tests stop parts, and start them again."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

import pytest

from local_stack.stack import Stack, run_stack
from tests.e2e.shop import Shop, open_shop
from tests.faults.parts import stopped

Without = Callable[[str], AbstractAsyncContextManager[None]]
# Nobody asks by himself: what is found was told by a webhook, at once or later.
WINDOWS = {"PAYMENTS_FIRST_ASK_SECONDS": "240", "PAYMENTS_ABSENCE_SECONDS": "2"}


@pytest.fixture(scope="session")
async def breakable_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    state_dir = tmp_path_factory.mktemp("a service to break")
    async with run_stack(state_dir, {**os.environ, **WINDOWS}, throw_away=True) as running:
        yield running
        async with open_shop(running) as shop:
            verdict = await shop.audit_verdict()
        assert verdict.broken is None, verdict


@pytest.fixture
async def breakable_shop(breakable_stack: Stack) -> AsyncIterator[Shop]:
    async with open_shop(breakable_stack) as shop:
        yield shop


@pytest.fixture
def without(breakable_shop: Shop) -> Without:
    """Stop a part for as long as the context lasts."""
    return partial(stopped, breakable_shop)
