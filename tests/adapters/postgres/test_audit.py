import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.audit import Why, chain
from adapters.postgres.audit_log import AuditLog
from adapters.postgres.audit_verdict import (
    AuditVerdict,
    BrokenRow,
    Exported,
    ExportedEntry,
    Scope,
    verify,
)
from adapters.postgres.chain_walk import Problem
from adapters.postgres.chains import ChainEnd, chained
from adapters.postgres.engine import create_engine, create_migration_engine
from adapters.postgres.logs import OperatorLog
from adapters.postgres.mail_ledger import MailLedger
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.schema import migrate
from adapters.postgres.sealing import Sealer
from local_stack.postgres import Postgres
from payments.changes import AuditEntry
from payments.commands import MailOrder
from payments.mails import Mail, MailKind
from payments.request import PaymentRequest
from payments.status import AttemptStatus
from tests.payments.samples import (
    NOW,
    REQUEST,
    TERMS,
    after,
    answer_of,
    opening_of,
    placement_of,
)

FIRST, SECOND, THIRD = (replace(REQUEST, order_id=f"SKT-{number}") for number in (1, 2, 3))
SOUND = AuditVerdict(orders=3, entries=12)
ADD_AN_ENTRY = """
INSERT INTO audit_events SELECT order_id, 5, at, actor, cause, event, details, hash
FROM audit_events WHERE order_id = 'SKT-3' AND seq = 4
"""
SWAP = """
UPDATE audit_events SET seq = 9 WHERE order_id = 'SKT-2' AND seq = 2;
UPDATE audit_events SET seq = 2 WHERE order_id = 'SKT-2' AND seq = 3;
UPDATE audit_events SET seq = 3 WHERE order_id = 'SKT-2' AND seq = 9
"""
MOVE_BEHIND = "UPDATE audit_events SET seq = 9 WHERE order_id = 'SKT-2' AND seq = 2"
CUT_OFF_WITH_END = """
DELETE FROM audit_events WHERE order_id = 'SKT-2' AND seq = 4;
UPDATE orders SET audit_seq = 3, audit_hash = (
    SELECT hash FROM audit_events WHERE order_id = 'SKT-2' AND seq = 3
) WHERE order_id = 'SKT-2'
"""
DELETE_ORDER_ONLY = """
SET LOCAL session_replication_role = replica;
DELETE FROM orders WHERE order_id = 'SKT-2'
"""
COPY_SEAL = """
UPDATE orders SET sealed_audit_end = (
    SELECT sealed_audit_end FROM orders WHERE order_id = 'SKT-1'
) WHERE order_id = 'SKT-3'
"""


@pytest.fixture(scope="session")
async def three_orders(postgres: Postgres, sealer: Sealer) -> str:
    """A database with three orders of four entries each, to be copied."""
    url = await postgres.create_database("three_orders")
    await migrate(url)
    engine = create_engine(url, application_name="tests")
    store = PaymentStore(engine, sealer, TERMS)
    for order in (FIRST, SECOND, THIRD):
        await store.place(placement_of(order))
        await store.record_opened(opening_of(order))
    await engine.dispose()
    return "three_orders"


@pytest.fixture(scope="session")
async def copier(database_url: str) -> AsyncIterator[AsyncEngine]:
    """Has time: a copy may take longer than any statement of ours."""
    engine = create_migration_engine(database_url)
    yield engine.execution_options(isolation_level="AUTOCOMMIT")
    await engine.dispose()


@pytest.fixture
async def log(
    postgres: Postgres, copier: AsyncEngine, three_orders: str
) -> AsyncIterator[AsyncEngine]:
    """A copy that the test may spoil."""
    name = f"audit_{secrets.token_hex(6)}"
    async with copier.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {three_orders}"))
    copy = create_engine(postgres.url(name), application_name="tests")
    yield copy
    await copy.dispose()


async def tamper(engine: AsyncEngine, statements: str, **values: Any) -> None:
    """What somebody does who may write any SQL, and has no keys."""
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE audit_events DISABLE TRIGGER USER"))
        for statement in statements.split(";"):
            await connection.execute(text(statement), values)


async def rewrite(engine: AsyncEngine, order_id: str) -> None:
    """Make somebody else the actor of a whole chain, with every hash and the end anew."""
    async with engine.begin() as connection:
        await connection.execute(text("ALTER TABLE audit_events DISABLE TRIGGER USER"))
        query = text("SELECT * FROM audit_events WHERE order_id = :order_id ORDER BY seq")
        rows = (await connection.execute(query, {"order_id": order_id})).mappings().all()
        end = ChainEnd()
        for row in rows:
            entry = {name: row[name] for name in row if name != "hash"} | {"actor": "nobody"}
            end = ChainEnd(row["seq"], chained(end.hash, entry))
            await connection.execute(
                text(
                    "UPDATE audit_events SET actor = 'nobody', hash = :hash"
                    " WHERE order_id = :order_id AND seq = :seq"
                ),
                {"order_id": order_id, "seq": end.seq, "hash": end.hash},
            )
        await connection.execute(
            text("UPDATE orders SET audit_hash = :hash WHERE order_id = :order_id"),
            {"order_id": order_id, "hash": end.hash},
        )


async def add_without_keys(engine: AsyncEngine, *, moves_end: bool) -> None:
    """Append to SKT-2 an entry that fits, as anybody can reckon who reads this source."""
    async with engine.begin() as connection:
        query = text("SELECT * FROM audit_events WHERE order_id = 'SKT-2' AND seq = 4")
        row = (await connection.execute(query)).mappings().one()
        end = ChainEnd(row["seq"], row["hash"])
        why = Why(actor="ani", cause="cancel", at=NOW)
        end, [added] = chain("SKT-2", end, why, (AuditEntry("order.cancelled"),))
        await connection.execute(
            text(
                "INSERT INTO audit_events VALUES"
                " (:order_id, :seq, :at, :actor, :cause, :event, '{}', :hash)"
            ),
            {name: value for name, value in added.items() if name != "details"},
        )
        if moves_end:
            await connection.execute(
                text("UPDATE orders SET audit_seq = 5, audit_hash = :hash WHERE order_id='SKT-2'"),
                {"hash": end.hash},
            )


async def exported(engine: AsyncEngine, sealer: Sealer) -> Exported:
    """All that is there now."""
    log = AuditLog(engine, sealer)
    entries = [ExportedEntry(each.chain, each.seq, each.hash) async for each in log.entries()]
    return Exported(entries=entries, log_ends=await log.log_ends())


class TestAddingOnly:
    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE audit_events SET actor = 'nobody'",
            "DELETE FROM audit_events",
            "TRUNCATE audit_events",
            "TRUNCATE audit_events CASCADE",
            "TRUNCATE orders CASCADE",
        ],
    )
    async def test_the_log_can_only_be_added_to_even_by_its_owner(
        self, engine: AsyncEngine, store: PaymentStore, order: PaymentRequest, statement: str
    ) -> None:
        await store.place(placement_of(order))

        with pytest.raises(DBAPIError, match="audit_events can only be added to"):
            async with engine.begin() as connection:
                await connection.execute(text(statement))

    async def test_an_order_with_entries_cannot_be_deleted(self, log: AsyncEngine) -> None:
        with pytest.raises(DBAPIError, match="violates foreign key constraint"):
            async with log.begin() as connection:
                await connection.execute(text("DELETE FROM orders WHERE order_id = 'SKT-2'"))


class TestVerifying:
    async def test_an_unbroken_log_is_counted(self, log: AsyncEngine, sealer: Sealer) -> None:
        verdict = await verify(log, sealer)

        assert verdict == SOUND
        assert verdict.is_sound

    async def test_an_empty_log_is_unbroken(
        self, fresh_engine: AsyncEngine, sealer: Sealer
    ) -> None:
        assert await verify(fresh_engine, sealer) == AuditVerdict(orders=0, entries=0)

    @pytest.mark.parametrize("page", [1, 3, 4, 5])
    async def test_pages_change_nothing(self, log: AsyncEngine, sealer: Sealer, page: int) -> None:
        assert await verify(log, sealer, Scope(page=page)) == SOUND

    async def test_a_log_that_grows_while_it_is_walked_is_unbroken(
        self, log: AsyncEngine, sealer: Sealer
    ) -> None:
        store = PaymentStore(log, sealer, TERMS)
        ledger = MailLedger(log, sealer, "skaters.example")

        moved = asyncio.Event()

        async def grow() -> None:
            for order in (THIRD, SECOND, FIRST):
                await store.record_answer(answer_of(order, AttemptStatus.PAID))
                for attempt in range(1, 6):
                    moved.clear()
                    await moved.wait()
                    mail = Mail(MailKind.RECEIPT, attempt)
                    await ledger.record_sent(
                        MailOrder(order_id=order.order_id, mail=mail, at=after(hours=1))
                    )

        growing = asyncio.create_task(grow())
        verdicts = []
        while not growing.done():
            scope = Scope(page=1, moved=lambda _: moved.set())
            verdicts.append(await verify(log, sealer, scope))
        await growing

        assert all(verdict.is_sound for verdict in verdicts)
        assert (await verify(log, sealer)).entries > SOUND.entries

    async def test_one_order_can_be_verified_alone(self, log: AsyncEngine, sealer: Sealer) -> None:
        await tamper(log, "UPDATE audit_events SET actor = 'nobody' WHERE order_id = 'SKT-2'")

        assert await verify(log, sealer, Scope(chain="SKT-1")) == AuditVerdict(1, 4)
        assert (await verify(log, sealer, Scope(chain="SKT-2"))).broken == BrokenRow(
            "SKT-2", 1, Problem.CHANGED
        )

    @pytest.mark.parametrize(
        ("tampering", "broken"),
        [
            pytest.param(
                "UPDATE audit_events SET actor = 'nobody' WHERE order_id = 'SKT-2' AND seq = 3",
                BrokenRow("SKT-2", 3, Problem.CHANGED),
                id="actor",
            ),
            pytest.param(
                "UPDATE audit_events SET details = '{}' WHERE order_id = 'SKT-2' AND seq = 2",
                BrokenRow("SKT-2", 2, Problem.CHANGED),
                id="details",
            ),
            pytest.param(
                "UPDATE audit_events SET at = at + interval '1 us'"
                " WHERE order_id = 'SKT-1' AND seq = 1",
                BrokenRow("SKT-1", 1, Problem.CHANGED),
                id="time",
            ),
            pytest.param(
                "UPDATE audit_events SET hash = 'x' WHERE order_id = 'SKT-1' AND seq = 4",
                BrokenRow("SKT-1", 4, Problem.CHANGED),
                id="hash",
            ),
            pytest.param(
                "DELETE FROM audit_events WHERE order_id = 'SKT-2' AND seq = 2",
                BrokenRow("SKT-2", 2, Problem.MISSING),
                id="middle",
            ),
            pytest.param(
                "DELETE FROM audit_events WHERE order_id = 'SKT-2' AND seq = 4",
                BrokenRow("SKT-2", 4, Problem.CUT_OFF),
                id="end",
            ),
            pytest.param(
                "DELETE FROM audit_events WHERE order_id = 'SKT-3' AND seq = 4",
                BrokenRow("SKT-3", 4, Problem.CUT_OFF),
                id="last end",
            ),
            pytest.param(
                "DELETE FROM audit_events WHERE order_id = 'SKT-2'",
                BrokenRow("SKT-2", 1, Problem.CUT_OFF),
                id="all",
            ),
            pytest.param(CUT_OFF_WITH_END, BrokenRow("SKT-2", 4, Problem.CUT_OFF), id="both ends"),
            pytest.param(ADD_AN_ENTRY, BrokenRow("SKT-3", 5, Problem.CHANGED), id="added"),
            pytest.param(SWAP, BrokenRow("SKT-2", 2, Problem.REORDERED), id="swapped"),
            pytest.param(MOVE_BEHIND, BrokenRow("SKT-2", 2, Problem.REORDERED), id="moved behind"),
            pytest.param(
                "UPDATE orders SET audit_hash = 'x' WHERE order_id = 'SKT-3'",
                BrokenRow("SKT-3", 4, Problem.END_MOVED),
                id="chain end",
            ),
            pytest.param(
                "UPDATE orders SET audit_seq = 3 WHERE order_id = 'SKT-3'",
                BrokenRow("SKT-3", 4, Problem.END_MOVED),
                id="chain end back",
            ),
            pytest.param(DELETE_ORDER_ONLY, BrokenRow("SKT-2", 1, Problem.END_MISSING), id="order"),
            pytest.param(COPY_SEAL, BrokenRow("SKT-3", 1, Problem.SEAL_BROKEN), id="seal"),
        ],
    )
    async def test_the_first_broken_row_is_named(
        self, log: AsyncEngine, sealer: Sealer, tampering: str, broken: BrokenRow
    ) -> None:
        await tamper(log, tampering)

        verdict = await verify(log, sealer)

        assert verdict.broken == broken
        assert not verdict.is_sound

    async def test_an_entry_with_a_fitting_hash_is_known_by_the_end_before_it(
        self, log: AsyncEngine, sealer: Sealer
    ) -> None:
        await add_without_keys(log, moves_end=False)

        assert (await verify(log, sealer)).broken == BrokenRow("SKT-2", 5, Problem.ADDED)


class TestWithoutKeys:
    async def test_a_chain_rewritten_from_its_first_entry_to_its_end_is_known(
        self, log: AsyncEngine, sealer: Sealer
    ) -> None:
        await rewrite(log, "SKT-2")

        assert (await verify(log)).broken is None
        assert (await verify(log, sealer)).broken == BrokenRow("SKT-2", 4, Problem.REWRITTEN)

    async def test_what_the_service_writes_afterwards_hides_nothing(
        self, log: AsyncEngine, sealer: Sealer
    ) -> None:
        await rewrite(log, "SKT-2")

        await PaymentStore(log, sealer, TERMS).record_answer(answer_of(SECOND, AttemptStatus.PAID))

        assert (await verify(log, sealer)).broken == BrokenRow("SKT-2", 4, Problem.REWRITTEN)

    async def test_an_entry_added_with_a_fitting_hash_and_end_is_not_sealed(
        self, log: AsyncEngine, sealer: Sealer
    ) -> None:
        await add_without_keys(log, moves_end=True)
        await MailLedger(log, sealer, "skaters.example").record_sent(
            MailOrder(order_id="SKT-2", mail=Mail(MailKind.RECEIPT, 1), at=after(hours=1))
        )

        verdict = await verify(log, sealer)

        assert verdict.broken is None
        assert not verdict.is_sound
        assert verdict.first_unsealed == BrokenRow("SKT-2", 5, Problem.UNSEALED)

    async def test_an_order_without_a_seal_stays_without_and_is_counted(
        self, log: AsyncEngine, sealer: Sealer
    ) -> None:
        await tamper(log, "UPDATE orders SET sealed_audit_end = NULL WHERE order_id = 'SKT-2'")
        await rewrite(log, "SKT-2")

        await PaymentStore(log, sealer, TERMS).record_answer(answer_of(SECOND, AttemptStatus.PAID))

        verdict = await verify(log, sealer)
        assert (verdict.broken, verdict.unsealed) == (None, 1)
        assert verdict.first_unsealed == BrokenRow("SKT-2", 1, Problem.UNSEALED)

    @pytest.mark.parametrize("order_id", ["SKT-2", "SKT-3"], ids=["in between", "the last"])
    async def test_an_order_that_vanished_with_all_its_rows_is_missed_by_an_export(
        self, log: AsyncEngine, sealer: Sealer, order_id: str
    ) -> None:
        before = await exported(log, sealer)
        await tamper(
            log,
            "SET LOCAL session_replication_role = replica;"
            "DELETE FROM audit_events WHERE order_id = :order_id;"
            "DELETE FROM orders WHERE order_id = :order_id",
            order_id=order_id,
        )

        assert (await verify(log, sealer)).is_sound
        verdict = await verify(log, sealer, exported=before)
        assert verdict.broken == BrokenRow(order_id, 1, Problem.VANISHED)

    async def test_entries_cut_off_down_to_an_earlier_seal_are_missed_by_an_export(
        self, log: AsyncEngine, sealer: Sealer
    ) -> None:
        async with log.connect() as connection:
            query = "SELECT audit_hash, sealed_audit_end FROM orders WHERE order_id = 'SKT-2'"
            (earlier,) = (await connection.execute(text(query))).mappings()
        await PaymentStore(log, sealer, TERMS).record_answer(answer_of(SECOND, AttemptStatus.PAID))
        before = await exported(log, sealer)
        await tamper(
            log,
            "DELETE FROM audit_events WHERE order_id = 'SKT-2' AND seq > 4;"
            "UPDATE orders SET audit_seq = 4, audit_hash = :audit_hash,"
            " sealed_audit_end = :sealed_audit_end WHERE order_id = 'SKT-2'",
            **earlier,
        )

        assert (await verify(log, sealer)).is_sound
        verdict = await verify(log, sealer, exported=before)
        assert verdict.broken == BrokenRow("SKT-2", 5, Problem.VANISHED)

    async def test_another_order_in_the_place_of_one_that_was_exported_is_known(
        self, log: AsyncEngine, sealer: Sealer
    ) -> None:
        before = await exported(log, sealer)
        changed = [
            replace(each, hash=b"another") if (each.chain, each.seq) == ("SKT-2", 3) else each
            for each in before.entries
        ]

        verdict = await verify(log, sealer, exported=replace(before, entries=changed))

        assert verdict.broken == BrokenRow("SKT-2", 3, Problem.REPLACED)

    async def test_what_was_added_since_an_export_is_no_difference(
        self, log: AsyncEngine, sealer: Sealer
    ) -> None:
        before = await exported(log, sealer)
        store = PaymentStore(log, sealer, TERMS)
        await store.record_answer(answer_of(SECOND, AttemptStatus.PAID))
        await store.place(placement_of(replace(REQUEST, order_id="SKT-1.5")))
        await OperatorLog(log, sealer).note("ani", "audit.sealed", {}, NOW)

        verdict = await verify(log, sealer, exported=before)

        assert verdict.is_sound
        assert verdict.orders == 4


class TestSealing:
    async def test_what_an_earlier_version_wrote_can_be_sealed_once(
        self, log: AsyncEngine, sealer: Sealer
    ) -> None:
        await tamper(log, "UPDATE orders SET sealed_audit_end = NULL WHERE order_id > 'SKT-1'")
        seen = list[int]()

        assert (await verify(log, sealer)).unsealed == 2
        assert await AuditLog(log, sealer).seal(seen.append) == 2
        assert await verify(log, sealer) == SOUND
        assert await AuditLog(log, sealer).seal(seen.append) == 0
        assert seen == [3, 3]

    async def test_a_chain_that_is_broken_is_not_sealed(
        self, log: AsyncEngine, sealer: Sealer
    ) -> None:
        await tamper(
            log,
            "UPDATE orders SET sealed_audit_end = NULL;"
            "UPDATE audit_events SET actor = 'nobody' WHERE order_id = 'SKT-2' AND seq = 1",
        )
        await rewrite(log, "SKT-3")
        await tamper(log, "DELETE FROM audit_events WHERE order_id = 'SKT-1'")

        assert await AuditLog(log, sealer).seal(lambda _: None) == 1

    async def test_a_seal_that_does_not_fit_is_not_replaced(
        self, log: AsyncEngine, sealer: Sealer
    ) -> None:
        await rewrite(log, "SKT-2")

        assert await AuditLog(log, sealer).seal(lambda _: None) == 0
        assert (await verify(log, sealer)).broken == BrokenRow("SKT-2", 4, Problem.REWRITTEN)


class TestChain:
    def test_a_chain_depends_on_every_entry_before(self) -> None:
        why = Why(actor="checkout", cause="cancel", at=NOW)
        entries = (AuditEntry("a", {"x": "1", "y": "2"}), AuditEntry("b"))
        turned = (AuditEntry("a", {"y": "2", "x": "1"}), entries[1])

        end, rows = chain("SKT-1", ChainEnd(), why, entries)
        again, _ = chain("SKT-1", ChainEnd(), why, turned)
        other, _ = chain("SKT-1", ChainEnd(), why, (AuditEntry("c"), entries[1]))

        assert [row["seq"] for row in rows] == [1, 2]
        assert end == again == ChainEnd(2, rows[1]["hash"])
        assert other.hash != end.hash

    def test_an_instant_is_the_same_in_every_zone(self) -> None:
        jakarta = NOW.astimezone(timezone(timedelta(hours=7)))
        entries = (AuditEntry("a"),)

        ends = {
            chain("SKT-1", ChainEnd(), Why(actor="a", cause="c", at=at), entries)[0]
            for at in (NOW, jakarta)
        }

        assert len(ends) == 1


async def test_what_all_tests_wrote_is_unbroken(engine: AsyncEngine, sealer: Sealer) -> None:
    assert (await verify(engine, sealer)).broken is None
