"""Which keys each running process has: nobody may write under a key that another cannot read.

A process tells when it starts and every minute; what was not told for a day is forgotten.
"""

import asyncio
import logging
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from sqlalchemy import ARRAY, BigInteger, Column, Row, Table, Text, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.keysets import HeldKeys
from adapters.postgres.tables import Id, Instant, metadata

EVERY = timedelta(minutes=1)
_AGAIN = timedelta(seconds=5)  # after the database was away
_KEPT = timedelta(days=1)
_AWAY = (OSError, SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError)

log = logging.getLogger(__name__)

keyset_uses = Table(
    "keyset_uses",
    metadata,
    # Random, for processes in containers often have the same name and number.
    Column("instance", Id, primary_key=True),
    Column("keyset", Text, primary_key=True),
    Column("process", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("build", Text),
    Column("key_ids", ARRAY(BigInteger), nullable=False),
    Column("primary_key_id", BigInteger, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysetUse:
    """What one process has said of one keyset; the newest key is the last."""

    process: str
    host: str
    build: str | None
    keyset: str
    key_ids: tuple[int, ...]
    primary_key_id: int
    started_at: datetime
    seen_at: datetime


class KeysetUses:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def within(self, span: timedelta) -> tuple[KeysetUse, ...]:
        """What was told in this last span, by process, host and start."""
        own = keyset_uses.c
        order = (own.process, own.host, own.started_at, own.instance, own.keyset)
        # By the database's clock on both sides: those of two machines may differ.
        query = select(keyset_uses).where(own.seen_at >= func.now() - span).order_by(*order)
        async with self._engine.connect() as connection:
            return tuple(_use(row) for row in await connection.execute(query))

    @asynccontextmanager
    async def told(
        self,
        process: str,
        keysets: Mapping[str, HeldKeys],
        *,
        build: str | None = None,
        every: timedelta = EVERY,
    ) -> AsyncIterator[None]:
        """Tell what this process has for as long as it runs; a database that is away is no harm."""
        own: dict[str, Any] = {
            "instance": secrets.token_hex(8),
            "process": process,
            "host": socket.gethostname(),
            "build": build,
        }
        # Before anything is written under these keys.
        pause = await self._try(own, keysets, every)
        telling = asyncio.create_task(self._tell_again(own, keysets, every, pause))
        try:
            yield
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling
            with suppress(*_AWAY):
                await self._forget(own["instance"])

    async def _tell_again(
        self,
        own: Mapping[str, Any],
        keysets: Mapping[str, HeldKeys],
        every: timedelta,
        pause: timedelta,
    ) -> None:
        while True:
            await asyncio.sleep(pause.total_seconds())
            pause = await self._try(own, keysets, every)

    async def _try(
        self, own: Mapping[str, Any], keysets: Mapping[str, HeldKeys], every: timedelta
    ) -> timedelta:
        """Tell; how long to wait before telling again."""
        try:
            await self._tell(own, keysets)
        except _AWAY as error:
            log.warning("keyset_uses.not_told", extra={"error": type(error).__name__})
            return min(every, _AGAIN)
        return every

    async def _tell(self, own: Mapping[str, Any], keysets: Mapping[str, HeldKeys]) -> None:
        rows = [
            {
                **own,
                "keyset": name,
                "key_ids": list(held.key_ids),
                "primary_key_id": held.primary_key_id,
                "started_at": func.now(),
                "seen_at": func.now(),
            }
            for name, held in keysets.items()
        ]
        tell = insert(keyset_uses).values(rows)
        again = {"seen_at": tell.excluded.seen_at}
        long_ago = keyset_uses.c.seen_at < func.now() - _KEPT
        async with self._engine.begin() as connection:
            await connection.execute(
                tell.on_conflict_do_update(constraint=keyset_uses.primary_key, set_=again)
            )
            await connection.execute(delete(keyset_uses).where(long_ago))

    async def _forget(self, instance: str) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(delete(keyset_uses).where(keyset_uses.c.instance == instance))


def _use(row: Row[Any]) -> KeysetUse:
    return KeysetUse(
        process=row.process,
        host=row.host,
        build=row.build,
        keyset=row.keyset,
        key_ids=tuple(row.key_ids),
        primary_key_id=row.primary_key_id,
        started_at=row.started_at,
        seen_at=row.seen_at,
    )
