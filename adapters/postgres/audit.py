"""The audit log: written with what it describes, chained per order, never changed.

Each hash covers the entry and the hash before it, so a changed, missing or added entry breaks the
chain; the order's row keeps the chain's end, so that a cut end is seen as well. The entries hold
ids and statuses only: personal data can be erased and the chain still proves itself.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.tables import audit_events, orders
from payments.changes import AuditEntry
from payments.errors import OrderUnknownError


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """The last entry of one order's chain."""

    seq: int = 0
    hash: bytes = bytes(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Who caused a change, by what, and when: the same for all its entries."""

    actor: str
    cause: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """The first entry that does not fit: `gap` for a missing one, `hash` for a changed one."""

    order_id: str
    seq: int
    problem: str


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    orders: int
    entries: int
    broken: BrokenRow | None = None


def chain(
    order_id: str, end: ChainEnd, why: Why, entries: Sequence[AuditEntry]
) -> tuple[ChainEnd, list[dict[str, Any]]]:
    """The rows that add these entries, and the chain's end behind them."""
    rows = []
    for entry in entries:
        row = {
            "order_id": order_id,
            "seq": end.seq + 1,
            "at": why.at,
            "actor": why.actor,
            "cause": why.cause,
            "event": entry.event,
            "details": dict(entry.details),
        }
        end = ChainEnd(end.seq + 1, chained(end.hash, row))
        rows.append({**row, "hash": end.hash})
    return end, rows


async def append(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store rows of `chain` in the caller's transaction, which keeps the end in the order's row."""
    await connection.execute(insert(audit_events), rows)


async def lock_end(connection: AsyncConnection, order_id: str) -> ChainEnd:
    """The chain's end, which nobody else can move before the transaction ends."""
    query = select(orders.c.audit_seq, orders.c.audit_hash).where(orders.c.order_id == order_id)
    last = (await connection.execute(query.with_for_update(key_share=True))).first()
    if last is None:
        raise OrderUnknownError(order_id)
    return ChainEnd(last.audit_seq, last.audit_hash)


async def note(
    connection: AsyncConnection, order_id: str, end: ChainEnd, why: Why, entry: AuditEntry
) -> None:
    """Add an entry about something that is no part of the payment itself."""
    end, rows = chain(order_id, end, why, (entry,))
    own = update(orders).where(orders.c.order_id == order_id)
    await connection.execute(own.values(audit_seq=end.seq, audit_hash=end.hash))
    await append(connection, rows)


async def note_once(
    connection: AsyncConnection, order_id: str, end: ChainEnd, why: Why, entry: AuditEntry
) -> None:
    """Add an entry unless this very cause has added it before."""
    own = audit_events.c
    query = select(own.seq).where(
        own.order_id == order_id,
        own.event == entry.event,
        own.actor == why.actor,
        own.cause == why.cause,
        own.at == why.at,
    )
    if (await connection.execute(query)).first() is None:
        await note(connection, order_id, end, why, entry)


def chained(previous: bytes, entry: Mapping[str, Any]) -> bytes:
    """The hash of an entry: over the hash before it and the entry as canonical JSON."""
    at = entry["at"].astimezone(UTC).isoformat(timespec="microseconds")
    canonical = json.dumps({**entry, "at": at}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + canonical.encode()).digest()


async def verify(engine: AsyncEngine, page: int = 1000) -> AuditVerdict:
    """Walk every chain; what was counted, and the first row that is broken."""
    orders_seen, entries_seen = 0, 0
    end, last = ChainEnd(), None
    async for row in _entries(engine, page):
        broken = None
        if last is None or row["order_id"] != last["order_id"]:
            broken, end = _cut_off(last), ChainEnd()
            orders_seen += 1
        broken = broken or _misfit(end, row)
        if broken:
            return AuditVerdict(orders_seen, entries_seen, broken)
        entries_seen, end, last = entries_seen + 1, ChainEnd(row["seq"], row["hash"]), row
    broken = _cut_off(last) or await _without_entries(engine)
    return AuditVerdict(orders_seen, entries_seen, broken)


def _misfit(end: ChainEnd, row: RowMapping) -> BrokenRow | None:
    if row["seq"] != end.seq + 1:
        return BrokenRow(row["order_id"], end.seq + 1, "gap")
    entry = {column.name: row[column.name] for column in _HASHED}
    if chained(end.hash, entry) != row["hash"]:
        return BrokenRow(row["order_id"], row["seq"], "hash")
    return None


def _cut_off(last: RowMapping | None) -> BrokenRow | None:
    """Whether an order's chain ends elsewhere than its row says, both read in one statement."""
    if last is None or (last["seq"], last["hash"]) == (last["audit_seq"], last["audit_hash"]):
        return None
    if last["seq"] < last["audit_seq"]:
        return BrokenRow(last["order_id"], last["seq"] + 1, "gap")
    return BrokenRow(last["order_id"], last["seq"], "hash")


_HASHED = tuple(column for column in audit_events.c if column.name != "hash")
_ENTRIES = (
    select(*_HASHED, audit_events.c.hash, orders.c.audit_seq, orders.c.audit_hash)
    .join(orders)
    .order_by(audit_events.c.order_id, audit_events.c.seq)
)


async def _entries(engine: AsyncEngine, page: int) -> AsyncIterator[RowMapping]:
    """All entries in order, page by page: no long transaction, however long the log is."""
    query = _ENTRIES.limit(page)
    while True:
        async with engine.connect() as connection:
            rows = (await connection.execute(query)).mappings().all()
        for row in rows:
            yield row
        if len(rows) < page:
            return
        key = tuple_(audit_events.c.order_id, audit_events.c.seq)
        place = (rows[-1]["order_id"], rows[-1]["seq"])
        query = _ENTRIES.where(key > place).limit(page)


async def _without_entries(engine: AsyncEngine) -> BrokenRow | None:
    query = select(orders.c.order_id).outerjoin(audit_events).where(audit_events.c.seq.is_(None))
    async with engine.connect() as connection:
        order_id = (await connection.execute(query.limit(1))).scalar()
    return None if order_id is None else BrokenRow(order_id, 1, "gap")
