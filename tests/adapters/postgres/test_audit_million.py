"""A million entries are proven in no more memory than a tenth of it takes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.keysets import load_aead, load_mac, new_aead_keyset, new_mac_keyset
from adapters.postgres.audit import Why, chain, end_values, order_seals
from adapters.postgres.chains import ChainEnd
from adapters.postgres.engine import create_migration_engine
from adapters.postgres.payment_rows import PaymentRows
from adapters.postgres.schema import migrate
from adapters.postgres.sealing import Sealer
from adapters.postgres.tables import audit_events, orders
from local_stack.postgres import Postgres
from payments.changes import AuditEntry
from payments.charging import placed
from tests.payments.samples import NOW, REQUEST, attempt_of

ENTRIES_EACH = 10
AT_ONCE = 5_000
ENTRIES = tuple(AuditEntry("transaction.pending", {"attempt": str(n)}) for n in range(ENTRIES_EACH))
WHY = Why(actor="gateway", cause="gateway_answer", at=NOW)


@dataclass(frozen=True)
class Verified:
    entries: int
    is_sound: bool
    peak: int
    seconds: float


@pytest.mark.proof
async def test_a_million_entries_are_proven_in_no_more_memory_than_a_tenth_of_it(
    postgres: Postgres, capsys: pytest.CaptureFixture[str]
) -> None:
    few = await verified(postgres, "tenth_of_it", 10_000)
    many = await verified(postgres, "million_entries", 100_000)

    with capsys.disabled():
        print(f"\n{few}\n{many}")  # noqa: T201 - a figure to be kept
    assert (few.entries, many.entries) == (100_000, 1_000_000)
    assert few.is_sound
    assert many.is_sound
    assert many.peak < 1.1 * few.peak


async def verified(postgres: Postgres, name: str, count: int) -> Verified:
    """What the command says of so many orders, and the most memory it had, in KiB."""
    keysets = {
        "PAYMENTS_KEYSET_TEMPORAL": new_aead_keyset(),
        "PAYMENTS_KEYSET_DATABASE": new_aead_keyset(),
        "PAYMENTS_KEYSET_LOOKUP": new_mac_keyset(),
    }
    url = await postgres.create_database(name)
    await migrate(url)
    engine = create_migration_engine(url)
    sealer = Sealer(
        load_aead(keysets["PAYMENTS_KEYSET_DATABASE"]), load_mac(keysets["PAYMENTS_KEYSET_LOOKUP"])
    )
    await fill(engine, sealer, count)
    await engine.dispose()
    return measured({**keysets, "PAYMENTS_DATABASE_URL": url})


def measured(environment: Mapping[str, str]) -> Verified:
    command = [sys.executable, "-m", "starter", "audit", "verify", "--json"]
    began = time.monotonic()
    with subprocess.Popen(  # noqa: S603 - our own program
        command, env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        verdict = json.loads(process.stdout.read())
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0  # it was waited for behind its back
    seconds = time.monotonic() - began
    return Verified(verdict["entries"], verdict["is_sound"], usage.ru_maxrss, seconds)


async def fill(engine: AsyncEngine, sealer: Sealer, count: int) -> None:
    stored = life(sealer, count)
    async with engine.connect() as connection:
        driver: Any = (await connection.get_raw_connection()).driver_connection
        while some := list(islice(stored, AT_ONCE)):
            for table, rows in (
                (orders, [order for order, _ in some]),
                (audit_events, [entry for _, entries in some for entry in entries]),
            ):
                columns = [column.name for column in table.c]
                records = [tuple(_cell(row.get(name)) for name in columns) for row in rows]
                await driver.copy_records_to_table(table.name, columns=columns, records=records)
        await driver.execute("ANALYZE")


def life(sealer: Sealer, count: int) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The row of each order, and its entries."""
    seals = order_seals(sealer)
    sample = PaymentRows(sealer).new_order(placed(REQUEST, attempt_of(REQUEST)).payment)
    for number in range(count):
        order_id = f"SKT-{number}"
        end, entries = chain(order_id, ChainEnd(), WHY, ENTRIES)
        row = {**sample, "order_id": order_id, **end_values(seals.sealed(order_id, end))}
        yield row, entries


def _cell(value: object) -> object:
    return json.dumps(value) if isinstance(value, dict) else value
