"""The audit logs as people use them: read, proven, sealed, and signed when they are taken out."""

from collections.abc import AsyncIterator, Callable

from sqlalchemy import Table, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.audit import end_values, lock_end, order_seals
from adapters.postgres.audit_tables import log_ends
from adapters.postgres.audit_verdict import (
    EVERYTHING,
    LOGS,
    NOTHING_EXPORTED,
    AuditVerdict,
    Exported,
    Scope,
    verify,
)
from adapters.postgres.chain_sources import PAGE, START, LogChain, OrderChains, Source, links
from adapters.postgres.chain_walk import Link, Walk
from adapters.postgres.chains import ChainEnd
from adapters.postgres.logs import log_seals
from adapters.postgres.sealing import Sealer
from adapters.postgres.tables import audit_events, orders

_SIGNED = "export"


class AuditLog:
    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer
        self._seals = order_seals(sealer)
        self._log_seals = log_seals(sealer)

    def entries(self, order_id: str | None = None) -> AsyncIterator[Link]:
        """Of all orders, by id and number, or of one."""
        return links(self._engine, OrderChains(), order_id)

    async def acts(self) -> list[Link]:
        """What is about no single order, of every log, the oldest first."""
        found = [
            each for log in LOGS async for each in links(self._engine, LogChain(log), log.name)
        ]
        return sorted(found, key=lambda link: link.entry["at"])

    async def knows(self, order_id: str) -> bool:
        query = select(orders.c.order_id).where(orders.c.order_id == order_id)
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).first() is not None

    async def about_how_many(self) -> int | None:
        """How many entries there are, as the database guesses; None when it cannot."""
        async with self._engine.connect() as connection:
            guess: float = (await connection.execute(_GUESS)).scalar_one()
        return int(guess) if guess > 0 else None

    async def log_ends(self) -> dict[str, ChainEnd]:
        """Where the logs end that are one chain each."""
        async with self._engine.connect() as connection:
            rows = (await connection.execute(select(log_ends))).all()
        return {row.log: ChainEnd(row.seq, row.hash) for row in rows}

    async def verify(
        self, scope: Scope = EVERYTHING, exported: Exported = NOTHING_EXPORTED
    ) -> AuditVerdict:
        return await verify(self._engine, self._sealer, scope, exported)

    async def seal(self, moved: Callable[[int], None]) -> int:
        """Seal every chain that is sound, and is not sealed to its end; how many that were.

        `moved` is told how many orders were looked at.
        """
        sealed, looked_at, after = 0, 0, START[0]
        while True:
            query = _ENDS.where(orders.c.order_id > after).limit(PAGE)
            async with self._engine.connect() as connection:
                found = (await connection.execute(query)).all()
            for row in found:
                end = ChainEnd(row.audit_seq, row.audit_hash, row.sealed_audit_end)
                if not self._seals.is_sealed(row.order_id, end):
                    sealed += await self._seal_order(row.order_id)
            looked_at += len(found)
            moved(looked_at)
            if len(found) < PAGE:
                return sealed + sum([await self._seal_log(each) for each in LOGS])
            after = found[-1].order_id

    def sign(self, statement: str) -> bytes:
        return self._sealer.digest(audit_events.c.hash, _SIGNED, statement)

    def is_signed(self, statement: str, signature: bytes) -> bool:
        """Whether the statement was signed under one of our keys."""
        return self._sealer.matches(signature, audit_events.c.hash, _SIGNED, statement)

    async def _seal_order(self, order_id: str) -> bool:
        async with self._engine.begin() as connection:
            end = await lock_end(connection, order_id)
            walk = Walk(self._seals)
            if not await _is_sound(connection, OrderChains(), walk, order_id):
                return False
            values = end_values(self._seals.sealed(order_id, end))
            own = orders.c.order_id == order_id
            await connection.execute(update(orders).where(own).values(values))
        return True

    async def _seal_log(self, log: Table) -> bool:
        name, own = log.name, log_ends.c.log == log.name
        async with self._engine.begin() as connection:
            query = select(log_ends).where(own).with_for_update()
            row = (await connection.execute(query)).one()
            end = ChainEnd(row.seq, row.hash, row.sealed_end)
            walk = Walk(self._log_seals)
            is_due = end.seq > 0 and not self._log_seals.is_sealed(name, end)
            if not is_due or not await _is_sound(connection, LogChain(log), walk, name):
                return False
            seal = self._log_seals.sealed(name, end).seal
            await connection.execute(update(log_ends).where(own).values(sealed_end=seal))
        return True


async def _is_sound(connection: AsyncConnection, source: Source, walk: Walk, chain: str) -> bool:
    """Whether the chain has nothing wrong but that it is not sealed."""
    after = (chain, 0)
    while True:
        found = await source.page(connection, after, chain, PAGE)
        if any(walk.next(link) is not None for link in found):
            return False
        if len(found) < PAGE:
            return walk.last_chain == chain and walk.finish() is None
        after = (chain, found[-1].seq)


_ENDS = select(
    orders.c.order_id, orders.c.audit_seq, orders.c.audit_hash, orders.c.sealed_audit_end
).order_by(orders.c.order_id)
_GUESS = text("SELECT reltuples FROM pg_class WHERE oid = 'audit_events'::regclass")
