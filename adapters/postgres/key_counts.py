"""What is still under which key: counted by the database, which needs no key for it."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ARRAY, Column, LargeBinary, Table, func, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.keysets import PREFIX_BYTES, key_id_of
from adapters.postgres.sealed_tables import SEALED_TABLES

# By table, then by key; None for what begins as nothing of ours does.
Counts = dict[str, Counter[int | None]]


class KeyCounts:
    """The engine must have no limit on time: each table is read as a whole, once."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def sealed(self) -> Counts:
        """How many values of the database keyset's kind are under each key."""
        return {
            each.table.name: await self._of(
                each.table, (each.table.c[name] for name in each.sealed)
            )
            for each in SEALED_TABLES
        }

    async def looked_up(self) -> Counts:
        """How many values of the look-up keyset's kind are under each key."""
        return {
            each.table.name: await self._of(
                each.table, (each.table.c[name] for name in each.lookups)
            )
            for each in SEALED_TABLES
            if each.lookups
        }

    async def _of(self, table: Table, columns: Iterable[Column[bytes]]) -> Counter[int | None]:
        prefixes: list[Any] = [func.substring(column, 1, PREFIX_BYTES) for column in columns]
        each = func.unnest(array(prefixes, type_=ARRAY(LargeBinary)))
        values = select(each.label("prefix")).select_from(table).subquery()
        prefix = values.c.prefix
        query = select(prefix, func.count()).where(prefix.is_not(None)).group_by(prefix)
        counted = Counter[int | None]()
        async with self._engine.connect() as connection:
            for found, count in await connection.execute(query):
                counted[key_id_of(found)] += count
        return counted


def total(counts: Counts) -> Counter[int | None]:
    """Of all tables together."""
    return sum(counts.values(), Counter[int | None]())
