"""What the tables hold, read past the stores."""

from typing import Any

from sqlalchemy import RowMapping, Table, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.tables import audit_events


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
