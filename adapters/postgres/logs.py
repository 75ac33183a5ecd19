"""Logs that are one chain each: finance's exports, and what operators did about no single order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.audit_tables import log_ends, operator_events
from adapters.postgres.chains import ChainEnd, Seals, chained
from adapters.postgres.sealing import Sealer


def log_seals(sealer: Sealer) -> Seals:
    """The seals over the ends of the logs."""
    return Seals(sealer, log_ends.c.sealed_end)


class Log:
    """Adds to one log in the caller's transaction; one entry after the other."""

    def __init__(self, table: Table, sealer: Sealer) -> None:
        self._table = table
        self._seals = log_seals(sealer)

    async def add(self, connection: AsyncConnection, entry: Mapping[str, Any]) -> None:
        name = self._table.name
        before = await self._locked_end(connection)
        newest = await self._newest(connection)
        # The version before knows nothing of the end that is kept, and adds without moving it.
        start = max(before, newest, key=lambda end: end.seq)
        row = {"seq": start.seq + 1, **entry}
        after = ChainEnd(start.seq + 1, chained(start.hash, row), before.seal)
        if start.seq == 0:
            after = self._seals.sealed(name, after)
        elif start is before:
            after = self._seals.renewed(name, before, after)
        end = {"seq": after.seq, "hash": after.hash, "sealed_end": after.seal}
        await connection.execute(insert(self._table).values({**row, "hash": after.hash}))
        await connection.execute(update(log_ends).where(log_ends.c.log == name).values(end))

    async def _locked_end(self, connection: AsyncConnection) -> ChainEnd:
        query = _ENDS.where(log_ends.c.log == self._table.name).with_for_update()
        end = (await connection.execute(query)).one()
        return ChainEnd(end.seq, end.hash, end.sealed_end)

    async def _newest(self, connection: AsyncConnection) -> ChainEnd:
        own = self._table.c
        query = select(own.seq, own.hash).order_by(own.seq.desc()).limit(1)
        row = (await connection.execute(query)).first()
        return ChainEnd() if row is None else ChainEnd(row.seq, row.hash)


class OperatorLog:
    """What operators did that is about no single order: never changed, chained, its end sealed."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._log = Log(operator_events, sealer)

    async def note(self, actor: str, event: str, details: Mapping[str, str], at: datetime) -> None:
        async with self._engine.begin() as connection:
            await self.add(connection, actor, event, details, at)

    async def add(
        self,
        connection: AsyncConnection,
        actor: str,
        event: str,
        details: Mapping[str, str],
        at: datetime,
    ) -> None:
        """Add in the caller's transaction; ids, counts and digests only, as in the audit log."""
        entry = {"at": at, "actor": actor, "event": event, "details": dict(details)}
        await self._log.add(connection, entry)


_ENDS = select(log_ends.c.seq, log_ends.c.hash, log_ends.c.sealed_end)
