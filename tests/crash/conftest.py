"""A whole service without a worker: the tests bring theirs, and see them die."""

import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.keysets import load_aead, load_mac
from adapters.postgres.payment_reads import PaymentReads
from adapters.postgres.sealing import Sealer
from local_stack.stack import Stack, run_stack
from starter.operators import OperatorClient
from tests.crash.waves import Theatre
from tests.e2e.shop import open_shop

# Nobody asks by himself while a story is told, so that it is told the same way each time.
WINDOWS = {"PAYMENTS_FIRST_ASK_SECONDS": "60", "PAYMENTS_ABSENCE_SECONDS": "2"}
PATIENCE = timedelta(minutes=2)


@pytest.fixture(scope="package")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    state_dir = tmp_path_factory.mktemp("workers that die")
    async with run_stack(state_dir, {**os.environ, **WINDOWS}, throw_away=True) as stack:
        stack.children["worker"].kill()
        yield stack


@pytest.fixture
async def theatre(stack: Stack, tmp_path: Path) -> AsyncIterator[Theatre]:
    async with open_shop(stack) as shop:
        keysets = stack.environment
        sealer = Sealer(
            load_aead(keysets["PAYMENTS_KEYSET_DATABASE"]),
            load_mac(keysets["PAYMENTS_KEYSET_LOOKUP"]),
        )
        payments = PaymentReads(shop.database, sealer)
        operators = OperatorClient(shop.temporal, payments, patience=PATIENCE)
        yield Theatre(shop=shop, operators=operators, directory=tmp_path)
