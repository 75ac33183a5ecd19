"""What the tables hold, and what a human decides about it."""

from typing import Any

from sqlalchemy import RowMapping, Table, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.cases import StoredCase
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.tables import audit_events
from payments.cases import Resolution
from payments.commands import CaseDecision
from tests.payments.samples import after


async def rows_of(engine: AsyncEngine, table: Table, order_id: str) -> list[RowMapping]:
    query = select(table).where(table.c.order_id == order_id)
    async with engine.connect() as connection:
        return list((await connection.execute(query)).mappings())


async def count_of(engine: AsyncEngine, table: Table, order_id: str) -> int:
    query = select(func.count()).select_from(table).where(table.c.order_id == order_id)
    async with engine.connect() as connection:
        return (await connection.execute(query)).scalar_one()


async def audited(engine: AsyncEngine, order_id: str) -> list[tuple[Any, ...]]:
    """Each entry's event, actor and cause, in order."""
    own = audit_events.c
    query = (
        select(own.event, own.actor, own.cause).where(own.order_id == order_id).order_by(own.seq)
    )
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(query)]


async def cases_of(store: PaymentStore, order_id: str) -> list[StoredCase]:
    """The order's cases, resolved or not, the oldest first."""
    return [case for case in await store.cases(open_only=False) if case.order_id == order_id]


def decision_on(
    case: StoredCase, resolution: Resolution, reason: str = "looked at the dashboard"
) -> CaseDecision:
    return CaseDecision(
        order_id=case.order_id,
        case_id=case.case_id,
        resolution=resolution,
        actor="ani",
        reason=reason,
        at=after(hours=2),
    )


async def audit_details(engine: AsyncEngine, order_id: str) -> list[dict[str, str]]:
    own = audit_events.c
    query = select(own.details).where(own.order_id == order_id).order_by(own.seq)
    async with engine.connect() as connection:
        return list((await connection.execute(query)).scalars())
