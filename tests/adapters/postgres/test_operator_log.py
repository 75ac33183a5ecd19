"""What operators do that no order's chain can tell of is written down all the same."""

import asyncio
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.audit_tables import operator_events
from adapters.postgres.audit_verdict import AuditVerdict, BrokenRow, verify
from adapters.postgres.chain_walk import Problem
from adapters.postgres.logs import OperatorLog
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.reconciliation_store import ReconciliationStore
from adapters.postgres.sealing import Sealer
from payments.cases import Resolution
from payments.commands import UnmatchedAnswer
from payments.reconciliation import StartedRun
from payments.reconciling import RunKind
from payments.status import AttemptStatus
from tests.adapters.postgres.reconciliations import difference_of
from tests.adapters.postgres.rows import decision_on
from tests.payments.samples import NOW, REQUEST, TERMS, after, report_of


@pytest.fixture
def log(fresh_engine: AsyncEngine, sealer: Sealer) -> OperatorLog:
    return OperatorLog(fresh_engine, sealer)


async def noted(engine: AsyncEngine) -> list[tuple[str, str, dict[str, Any], datetime]]:
    own = operator_events.c
    query = select(own.actor, own.event, own.details, own.at).order_by(own.seq)
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(query)]


async def test_acts_at_once_make_one_chain_that_is_sealed(
    fresh_engine: AsyncEngine, sealer: Sealer, log: OperatorLog
) -> None:
    await asyncio.gather(*(log.note("cli:ani", "audit.sealed", {}, NOW) for _ in range(8)))

    assert await verify(fresh_engine, sealer) == AuditVerdict(0, 0, log_entries=8)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE operator_events SET actor = 'nobody'",
        "DELETE FROM operator_events",
        "TRUNCATE operator_events",
    ],
)
async def test_the_log_can_only_be_added_to(
    fresh_engine: AsyncEngine, log: OperatorLog, statement: str
) -> None:
    await log.note("cli:ani", "audit.sealed", {}, NOW)

    with pytest.raises(DBAPIError, match="operator_events can only be added to"):
        async with fresh_engine.begin() as connection:
            await connection.execute(text(statement))


async def test_an_entry_that_was_changed_is_named(
    fresh_engine: AsyncEngine, sealer: Sealer, log: OperatorLog
) -> None:
    for _ in range(3):
        await log.note("cli:ani", "audit.exported", {"orders": "1"}, NOW)
    async with fresh_engine.begin() as connection:
        await connection.execute(text("ALTER TABLE operator_events DISABLE TRIGGER USER"))
        tampering = "UPDATE operator_events SET actor = 'cli:budi' WHERE seq = 2"
        await connection.execute(text(tampering))

    verdict = await verify(fresh_engine, sealer)

    assert verdict.broken == BrokenRow("", 2, Problem.CHANGED, "operator_events")


async def test_a_case_of_an_order_that_is_not_stored_is_noted_once(
    fresh_engine: AsyncEngine, sealer: Sealer
) -> None:
    store = PaymentStore(fresh_engine, sealer, TERMS)
    report = report_of(REQUEST, AttemptStatus.PAID)
    await store.record_unmatched(
        UnmatchedAnswer(order_id=REQUEST.order_id, number=1, report=report, at=NOW)
    )
    [case] = await store.cases()

    for _ in range(2):
        await store.resolve_case(decision_on(case, Resolution.NOTED, actor="cli:ani"))

    about = {
        "case": str(case.case_id),
        "order_id": REQUEST.order_id,
        "code": "unmatched_money",
    }
    assert await noted(fresh_engine) == [("cli:ani", "case.noted", about, after(hours=2))]


async def test_a_difference_of_an_order_that_is_not_stored_is_noted(
    fresh_engine: AsyncEngine, sealer: Sealer
) -> None:
    runs = ReconciliationStore(fresh_engine, sealer)
    await runs.begin(StartedRun(run_id="file-1", kind=RunKind.FILE, at=NOW))
    await runs.record_file("file-1", [difference_of("FOREIGN")], NOW)
    [found] = await runs.discrepancies()

    await runs.resolve_discrepancy(found.discrepancy_id, "cli:ani", "not ours", after(days=1))

    [(actor, event, details, at)] = await noted(fresh_engine)
    assert (actor, event, at) == ("cli:ani", "discrepancy.resolved", after(days=1))
    assert details["discrepancy"] == str(found.discrepancy_id)
    assert "not ours" not in details.values()
