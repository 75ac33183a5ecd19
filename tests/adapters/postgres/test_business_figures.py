"""What operators are shown of all payments together: only what is open, or lately."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.business_figures import BusinessFigures, Figures
from adapters.postgres.keyset_uses import keyset_uses
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.reconciliation_tables import discrepancies, reconciliation_runs
from adapters.postgres.sealing import Sealer
from adapters.postgres.tables import cases
from payments.request import PaymentRequest
from payments.status import AttemptStatus
from tests.payments.samples import NOW, TERMS, answer_of, opening_of, placement_of, report_of

pytestmark = pytest.mark.postgres

LATER = NOW + timedelta(hours=2)
SEALED = b"sealed"


async def add(engine: AsyncEngine, table: Any, **values: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(insert(table).values(**values))


async def case(engine: AsyncEngine, **values: Any) -> None:
    about = {"order_id": "SKT-1", "code": "mismatch", "transaction_id": secrets.token_hex(4)}
    fixed = {"attempt": 1, "opened_at": NOW, "sealed_details": SEALED}
    await add(engine, cases, **about | fixed | values)


async def difference(engine: AsyncEngine, **values: Any) -> None:
    about = {"kind": "amount_differs", "gateway_order_id": "SKT-1~1", "transaction_id": ""}
    seen = {"first_seen_at": NOW, "last_seen_at": NOW, "first_run_id": "R", "last_run_id": "R"}
    await add(engine, discrepancies, **about | seen | {"sealed_details": SEALED} | values)


async def run(engine: AsyncEngine, kind: str, **values: Any) -> None:
    ended = {"started_at": NOW, "finished_at": NOW + timedelta(minutes=1)}
    await add(
        engine,
        reconciliation_runs,
        **{"run_id": secrets.token_hex(4), "kind": kind} | ended | values,
    )


async def using(engine: AsyncEngine, key: int, seen_at: Any = LATER) -> None:
    own = {"instance": secrets.token_hex(4), "keyset": "temporal", "process": "worker"}
    told = {"host": "any", "key_ids": [key], "primary_key_id": key, "started_at": NOW}
    await add(engine, keyset_uses, **own | told | {"seen_at": seen_at})


async def read(engine: AsyncEngine) -> Figures:
    return await BusinessFigures(engine).read(LATER)


async def test_an_empty_service_has_no_figures(fresh_engine: AsyncEngine) -> None:
    figures = await read(fresh_engine)

    assert figures == Figures(
        open_orders={},
        unmoved={},
        open_cases={},
        oldest_case={},
        open_discrepancies={},
        since_reconciliation={},
        keyset_primaries={},
    )


async def test_orders_that_have_not_ended_are_counted_by_status_and_method(
    fresh_engine: AsyncEngine, sealer: Sealer, new_order: Callable[[], PaymentRequest]
) -> None:
    store = PaymentStore(fresh_engine, sealer, TERMS)
    paid, awaiting, another = new_order(), new_order(), new_order()
    for each in (paid, awaiting, another):
        await store.place(placement_of(each))
    for each in (paid, awaiting):
        await store.record_opened(opening_of(each))
    await store.record_answer(answer_of(paid, report_of(paid, AttemptStatus.PAID)))

    figures = await read(fresh_engine)

    assert figures.open_orders == {("awaiting_payment", "bca_va"): 1, ("preparing", "bca_va"): 1}
    assert figures.unmoved["preparing"] == LATER - placement_of(another).attempt.at


async def test_cases_count_until_they_are_resolved(fresh_engine: AsyncEngine) -> None:
    await case(fresh_engine)
    await case(fresh_engine, opened_at=NOW + timedelta(hours=1))
    await case(fresh_engine, opened_at=NOW - timedelta(days=9), resolved_at=NOW)
    await case(fresh_engine, code="chargeback", opened_at=NOW + timedelta(hours=1))

    figures = await read(fresh_engine)

    assert figures.open_cases == {"mismatch": 2, "chargeback": 1}
    assert figures.oldest_case == {"mismatch": timedelta(hours=2), "chargeback": timedelta(hours=1)}


async def test_differences_count_until_they_are_resolved(fresh_engine: AsyncEngine) -> None:
    await difference(fresh_engine)
    await difference(fresh_engine, kind="fee_unexpected", resolved_at=NOW)

    assert (await read(fresh_engine)).open_discrepancies == {"amount_differs": 1}


async def test_the_last_reconciliation_that_ended_is_what_counts(fresh_engine: AsyncEngine) -> None:
    await run(fresh_engine, "open", finished_at=NOW)
    await run(fresh_engine, "open", finished_at=NOW + timedelta(hours=1))
    await run(fresh_engine, "open", finished_at=None)
    await run(fresh_engine, "recent", started_at=NOW - timedelta(days=9), finished_at=NOW)

    assert (await read(fresh_engine)).since_reconciliation == {"open": timedelta(hours=1)}


async def test_keys_of_processes_that_run_are_counted_once_each(fresh_engine: AsyncEngine) -> None:
    await using(fresh_engine, 1)
    await using(fresh_engine, 1)
    await using(fresh_engine, 2)
    await using(fresh_engine, 3, LATER - timedelta(hours=1))

    assert (await read(fresh_engine)).keyset_primaries == {"temporal": 2}
