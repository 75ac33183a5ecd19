"""The whole service, started once for the run; tests use orders of their own."""

import os
from collections.abc import AsyncIterator

import pytest

from local_stack.stack import Stack, run_stack
from tests.e2e.shop import Shop, open_shop


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    state_dir = tmp_path_factory.mktemp("the whole service")
    windows = {"PAYMENTS_FIRST_ASK_SECONDS": "2", "PAYMENTS_ABSENCE_SECONDS": "2"}
    async with run_stack(state_dir, {**os.environ, **windows}, throw_away=True) as running:
        yield running


@pytest.fixture
async def shop(stack: Stack) -> AsyncIterator[Shop]:
    async with open_shop(stack) as shop:
        yield shop
