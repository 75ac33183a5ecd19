"""Chains read page by page: no long transaction and no more memory, however long the logs are."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from sqlalchemy import RowMapping, Select, Table, and_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.audit_tables import log_ends
from adapters.postgres.chain_walk import Link
from adapters.postgres.chains import ChainEnd
from adapters.postgres.tables import audit_events, orders

PAGE = 1000

Place = tuple[str, int]
START: Place = ("", 0)


class Source(Protocol):
    async def page(
        self, connection: AsyncConnection, after: Place, chain: str | None, limit: int
    ) -> Sequence[Link]:
        """The next entries behind a place, by chain and number; of one chain only, if it is named.

        Each with its chain's end as the same statement saw it.
        """
        ...


async def links(
    engine: AsyncEngine, source: Source, chain: str | None = None, page: int = PAGE
) -> AsyncIterator[Link]:
    after = START
    while True:
        async with engine.connect() as connection:
            found = await source.page(connection, after, chain, page)
        for link in found:
            yield link
        if len(found) < page:
            return
        after = (found[-1].chain, found[-1].seq)


class OrderChains:
    """The audit log: one chain for each order."""

    async def page(
        self, connection: AsyncConnection, after: Place, chain: str | None, limit: int
    ) -> Sequence[Link]:
        own = audit_events.c
        # The second condition says nothing new, but lets the database begin there as well.
        of_entry = and_(orders.c.order_id == own.order_id, orders.c.order_id >= after[0])
        query = select(audit_events, *_KEPT).select_from(audit_events.outerjoin(orders, of_entry))
        query = query.where(tuple_(own.order_id, own.seq) > after)
        if chain is not None:
            query = query.where(own.order_id == chain)
        rows = await connection.execute(query.order_by(own.order_id, own.seq).limit(limit))
        return [_link(row["order_id"], row, _ENTRY) for row in rows.mappings()]


class LogChain:
    """A log that is one chain, and is named after its table."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._columns = _hashed(table)

    async def page(
        self, connection: AsyncConnection, after: Place, chain: str | None, limit: int
    ) -> Sequence[Link]:
        name, own = chain or self._table.name, self._table.c
        query: Select[Any] = select(self._table, *_LOG_KEPT).select_from(
            self._table.outerjoin(log_ends, log_ends.c.log == name)
        )
        query = query.where(own.seq > after[1]).order_by(own.seq).limit(limit)
        rows = await connection.execute(query)
        return [_link(name, row, self._columns) for row in rows.mappings()]


def _hashed(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.c if column.name != "hash")


def _link(chain: str, row: RowMapping, columns: Sequence[str]) -> Link:
    kept = row["kept_seq"], row["kept_hash"], row["kept_seal"]
    return Link(
        chain=chain,
        seq=row["seq"],
        hash=row["hash"],
        entry={name: row[name] for name in columns},
        recorded=None if kept[0] is None else ChainEnd(*kept),
    )


_ENTRY = _hashed(audit_events)
_KEPT = (
    orders.c.audit_seq.label("kept_seq"),
    orders.c.audit_hash.label("kept_hash"),
    orders.c.sealed_audit_end.label("kept_seal"),
)
_LOG_KEPT = (
    log_ends.c.seq.label("kept_seq"),
    log_ends.c.hash.label("kept_hash"),
    log_ends.c.sealed_end.label("kept_seal"),
)
