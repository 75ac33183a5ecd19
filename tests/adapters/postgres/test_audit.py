from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.audit import AuditVerdict, BrokenRow, ChainEnd, Why, chain, verify
from adapters.postgres.engine import create_engine
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.schema import migrate
from adapters.postgres.sealing import Sealer
from local_stack.postgres import Postgres
from payments.changes import AuditEntry
from payments.request import PaymentRequest
from tests.payments.samples import NOW, REQUEST, TERMS, opening_of, placement_of

ADD_AN_ENTRY = """
INSERT INTO audit_events SELECT order_id, 5, at, actor, cause, event, details, hash
FROM audit_events WHERE order_id = 'SKT-3' AND seq = 4
"""
FIRST, SECOND, THIRD = (replace(REQUEST, order_id=f"SKT-{number}") for number in (1, 2, 3))


@pytest.fixture
async def own_engine(
    postgres: Postgres, request: pytest.FixtureRequest
) -> AsyncIterator[AsyncEngine]:
    """A database that a test may spoil."""
    url = await postgres.create_database(request.node.name)
    await migrate(url)
    engine = create_engine(url, application_name="tests")
    yield engine
    await engine.dispose()


@pytest.fixture
async def log(own_engine: AsyncEngine, sealer: Sealer) -> AsyncEngine:
    """Three orders with four entries each."""
    store = PaymentStore(own_engine, sealer, TERMS)
    for order in (FIRST, SECOND, THIRD):
        await store.place(placement_of(order))
        await store.record_opened(opening_of(order))
    return own_engine


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET actor = 'nobody'",
        "DELETE FROM audit_events",
        "TRUNCATE audit_events",
    ],
)
async def test_the_log_can_only_be_added_to(
    engine: AsyncEngine, store: PaymentStore, order: PaymentRequest, statement: str
) -> None:
    await store.place(placement_of(order))

    with pytest.raises(DBAPIError, match="audit_events can only be added to"):
        async with engine.begin() as connection:
            await connection.execute(text(statement))


async def test_an_unbroken_log_is_counted(log: AsyncEngine) -> None:
    assert await verify(log) == AuditVerdict(orders=3, entries=12)


async def test_an_empty_log_is_unbroken(own_engine: AsyncEngine) -> None:
    assert await verify(own_engine) == AuditVerdict(orders=0, entries=0)


@pytest.mark.parametrize("page", [1, 3, 4, 5])
async def test_pages_change_nothing(log: AsyncEngine, page: int) -> None:
    assert await verify(log, page) == AuditVerdict(orders=3, entries=12)


@pytest.mark.parametrize(
    ("tampering", "broken"),
    [
        (
            "UPDATE audit_events SET actor = 'nobody' WHERE order_id = 'SKT-2' AND seq = 3",
            BrokenRow("SKT-2", 3, "hash"),
        ),
        (
            "UPDATE audit_events SET details = '{}' WHERE order_id = 'SKT-2' AND seq = 2",
            BrokenRow("SKT-2", 2, "hash"),
        ),
        (
            "UPDATE audit_events SET at = at + interval '1 us' WHERE order_id = 'SKT-1' AND seq = 1",
            BrokenRow("SKT-1", 1, "hash"),
        ),
        (
            "DELETE FROM audit_events WHERE order_id = 'SKT-2' AND seq = 2",
            BrokenRow("SKT-2", 2, "gap"),
        ),
        (
            "DELETE FROM audit_events WHERE order_id = 'SKT-2' AND seq = 4",
            BrokenRow("SKT-2", 4, "gap"),
        ),
        (
            "DELETE FROM audit_events WHERE order_id = 'SKT-3' AND seq = 4",
            BrokenRow("SKT-3", 4, "gap"),
        ),
        (
            "DELETE FROM audit_events WHERE order_id = 'SKT-2'",
            BrokenRow("SKT-2", 1, "gap"),
        ),
        (
            ADD_AN_ENTRY,
            BrokenRow("SKT-3", 5, "hash"),
        ),
        (
            "UPDATE orders SET audit_hash = 'x' WHERE order_id = 'SKT-3'",
            BrokenRow("SKT-3", 4, "hash"),
        ),
    ],
    ids=["actor", "details", "time", "middle", "end", "last end", "all", "added", "chain end"],
)
async def test_the_first_broken_row_is_named(
    log: AsyncEngine, tampering: str, broken: BrokenRow
) -> None:
    async with log.begin() as connection:
        await connection.execute(text("ALTER TABLE audit_events DISABLE TRIGGER USER"))
        await connection.execute(text(tampering))

    assert (await verify(log)).broken == broken


def test_a_chain_depends_on_every_entry_before() -> None:
    why = Why(actor="checkout", cause="cancel", at=NOW)
    entries = (AuditEntry("a", {"x": "1", "y": "2"}), AuditEntry("b"))

    end, rows = chain("SKT-1", ChainEnd(), why, entries)
    again, _ = chain("SKT-1", ChainEnd(), why, (AuditEntry("a", {"y": "2", "x": "1"}), entries[1]))
    other, _ = chain("SKT-1", ChainEnd(), why, (AuditEntry("c"), entries[1]))

    assert [row["seq"] for row in rows] == [1, 2]
    assert end == again == ChainEnd(2, rows[1]["hash"])
    assert other.hash != end.hash


def test_an_instant_is_the_same_in_every_zone() -> None:
    jakarta = NOW.astimezone(timezone(timedelta(hours=7)))
    entries = (AuditEntry("a"),)

    ends = {
        chain("SKT-1", ChainEnd(), Why(actor="a", cause="c", at=at), entries)[0]
        for at in (NOW, jakarta)
    }

    assert len(ends) == 1


async def test_what_all_tests_wrote_is_unbroken(engine: AsyncEngine) -> None:
    assert (await verify(engine)).broken is None
