"""The whole service, started once for the run; tests use orders of their own.

When the last test is done, every audit chain of the database must still prove itself.
"""

import os
from collections.abc import AsyncIterator

import pytest

from local_stack.stack import Stack, run_stack
from tests.e2e.shop import Shop, open_shop

PATIENT = {
    "PAYMENTS_FIRST_ASK_SECONDS": "2",
    "PAYMENTS_ABSENCE_SECONDS": "2",
    "PAYMENTS_REFUND_RETRY_SECONDS": "2",
    "PAYMENTS_REFUND_APPROVAL_ABOVE": "1000000",
}
# Nobody asks before the customer's time is up, and that is soon.
IMPATIENT = {
    "PAYMENTS_PAYMENT_WINDOW_SECONDS": "3",
    "PAYMENTS_FIRST_ASK_SECONDS": "60",
    "PAYMENTS_ABSENCE_SECONDS": "2",
}
# An order that has expired is over a second later.
STRICT = {**IMPATIENT, "PAYMENTS_ANOTHER_METHOD_WINDOW_SECONDS": "1"}


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    state_dir = tmp_path_factory.mktemp("the whole service")
    async with run_stack(state_dir, {**os.environ, **PATIENT}, throw_away=True) as running:
        yield running
        await _require_sound_audit(running)


@pytest.fixture(scope="session")
async def impatient_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Where the customer has three seconds to pay."""
    state_dir = tmp_path_factory.mktemp("the impatient service")
    async with run_stack(state_dir, {**os.environ, **IMPATIENT}, throw_away=True) as running:
        yield running
        await _require_sound_audit(running)


@pytest.fixture(scope="session")
async def strict_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Where the customer has three seconds to pay, and one more to try another method."""
    state_dir = tmp_path_factory.mktemp("the strict service")
    async with run_stack(state_dir, {**os.environ, **STRICT}, throw_away=True) as running:
        yield running
        await _require_sound_audit(running)


@pytest.fixture
async def shop(stack: Stack) -> AsyncIterator[Shop]:
    async with open_shop(stack) as shop:
        yield shop


@pytest.fixture
async def impatient_shop(impatient_stack: Stack) -> AsyncIterator[Shop]:
    async with open_shop(impatient_stack) as shop:
        yield shop


@pytest.fixture
async def strict_shop(strict_stack: Stack) -> AsyncIterator[Shop]:
    async with open_shop(strict_stack) as shop:
        yield shop


async def _require_sound_audit(stack: Stack) -> None:
    async with open_shop(stack) as shop:
        verdict = await shop.audit_verdict()
    assert verdict.is_sound, verdict
