import asyncio
from collections.abc import AsyncIterator

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, insert
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.audit import ChainEnd, Why, chain, verify
from adapters.postgres.engine import create_engine
from adapters.postgres.payment_rows import PaymentRows
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.schema import configuration, migrate, schema_is_current
from adapters.postgres.sealing import SealedColumn, Sealer
from adapters.postgres.tables import (
    TransactionId,
    audit_events,
    cases,
    metadata,
    orders,
    payment_attempts,
)
from local_stack.postgres import Postgres
from payments.cases import Case, CaseCode, Resolution
from payments.charging import placed
from payments.status import AttemptStatus, PaymentStatus
from tests.adapters.postgres.rows import decision_on
from tests.payments.samples import NOW, REQUEST, TERMS, answer_of, attempt_of, opening_of


@pytest.fixture
async def empty_url(postgres: Postgres, request: pytest.FixtureRequest) -> str:
    return await postgres.create_database(request.node.name)


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(empty_url, application_name="tests")
    yield engine
    await engine.dispose()


async def test_the_migrations_make_the_tables_that_the_code_knows(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ischema_names, "xid8", TransactionId)

    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_an_old_schema_is_told_from_the_current_one(
    empty: AsyncEngine, empty_url: str
) -> None:
    assert not await schema_is_current(empty)

    await migrate(empty_url)

    assert await schema_is_current(empty)


async def test_several_migrators_do_not_collide(empty: AsyncEngine, empty_url: str) -> None:
    await asyncio.gather(*(migrate(empty_url) for _ in range(4)))

    assert await schema_is_current(empty)


async def test_there_is_no_way_back(empty: AsyncEngine, empty_url: str) -> None:
    await migrate(empty_url)

    def downgrade(connection: Connection) -> None:
        command.downgrade(configuration(connection), "base")

    async with empty.connect() as connection:
        with pytest.raises(NotImplementedError, match="restore a backup"):
            await connection.run_sync(downgrade)


async def test_what_the_first_version_stored_survives(
    empty: AsyncEngine, empty_url: str, sealer: Sealer
) -> None:
    await _upgrade(empty, "0001")
    await _store_as_the_first_version(empty, sealer)

    await migrate(empty_url)

    store = PaymentStore(empty, sealer, TERMS)
    stored = await store.payment(REQUEST.order_id)
    assert stored == FIRST.payment
    assert stored.latest_attempt.link_token is None
    mismatch, late = await store.cases()
    assert (mismatch.case, late.money_came) == (OLD_CASE, True)
    assert (await verify(empty)).broken is None

    # And life goes on with it.
    await store.record_opened(opening_of(REQUEST))
    paid = await store.record_answer(answer_of(REQUEST, AttemptStatus.PAID))
    noted = await store.resolve_case(decision_on(mismatch, Resolution.NOTED))
    assert paid.status is PaymentStatus.PAID
    assert noted is not None
    assert (await verify(empty)).broken is None


FIRST = placed(REQUEST, attempt_of(REQUEST))
OLD_CASE = Case(CaseCode.MISMATCH, 1, "trx-7", {"differs": "nonce"})


async def _upgrade(engine: AsyncEngine, revision: str) -> None:
    def upgrade(connection: Connection) -> None:
        command.upgrade(configuration(connection), revision)

    async with engine.begin() as connection:
        await connection.run_sync(upgrade)


async def _store_as_the_first_version(engine: AsyncEngine, sealer: Sealer) -> None:
    rows = PaymentRows(sealer)
    (attempt,) = FIRST.payment.attempts
    attempt_row = rows.new_attempt(REQUEST.order_id, attempt)
    del attempt_row["failure"]
    why = Why(actor="checkout", cause="await_instructions", at=NOW)
    end, entries = chain(REQUEST.order_id, ChainEnd(), why, FIRST.audit)
    order_row = rows.new_order(FIRST.payment) | {"audit_seq": end.seq, "audit_hash": end.hash}
    details = SealedColumn(cases.c.sealed_details, dict[str, str])
    async with engine.begin() as connection:
        await connection.execute(insert(orders).values(order_row))
        await connection.execute(insert(payment_attempts).values(attempt_row))
        await connection.execute(insert(audit_events), entries)
        for code in (CaseCode.MISMATCH, CaseCode.LATE_MONEY):
            place = (REQUEST.order_id, code, "trx-7")
            values = {
                "order_id": REQUEST.order_id,
                "code": code,
                "transaction_id": "trx-7",
                "attempt": 1,
                "opened_at": NOW,
                "sealed_details": details.seal(sealer, dict(OLD_CASE.details), *place),
            }
            await connection.execute(insert(cases).values(values))
