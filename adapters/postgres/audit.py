"""The audit log: written with what it describes, chained per order, never changed.

The order's row keeps the chain's end, and a seal over it. The entries hold ids and statuses only:
personal data can be erased and the chain still proves itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.chains import ChainEnd, Seals, chained
from adapters.postgres.sealing import Sealer
from adapters.postgres.tables import audit_events, orders
from payments.changes import AuditEntry
from payments.errors import OrderUnknownError


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Who caused a change, by what, and when: the same for all its entries."""

    actor: str
    cause: str
    at: datetime


def order_seals(sealer: Sealer) -> Seals:
    """The seals over the ends of the orders' chains."""
    return Seals(sealer, orders.c.sealed_audit_end)


def end_values(end: ChainEnd) -> dict[str, Any]:
    """A chain's end as its order's row keeps it."""
    return {"audit_seq": end.seq, "audit_hash": end.hash, "sealed_audit_end": end.seal}


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
    query = _END.where(orders.c.order_id == order_id).with_for_update(key_share=True)
    last = (await connection.execute(query)).first()
    if last is None:
        raise OrderUnknownError(order_id)
    return ChainEnd(last.audit_seq, last.audit_hash, last.sealed_audit_end)


async def note(
    connection: AsyncConnection,
    seals: Seals,
    order_id: str,
    before: ChainEnd,
    why: Why,
    entry: AuditEntry,
) -> None:
    """Add an entry about something that is no part of the payment itself."""
    end, rows = chain(order_id, before, why, (entry,))
    own = update(orders).where(orders.c.order_id == order_id)
    await connection.execute(own.values(end_values(seals.renewed(order_id, before, end))))
    await append(connection, rows)


async def note_once(
    connection: AsyncConnection,
    seals: Seals,
    order_id: str,
    before: ChainEnd,
    why: Why,
    entry: AuditEntry,
) -> None:
    """Add an entry unless it only repeats the last one of this cause.

    Whoever is asked anew because a worker died asks at another time.
    """
    own = audit_events.c
    query = (
        select(own.event, own.actor, own.details)
        .where(own.order_id == order_id, own.cause == why.cause)
        .order_by(own.seq.desc())
        .limit(1)
    )
    last = (await connection.execute(query)).first()
    if last is None or tuple(last) != (entry.event, why.actor, entry.details):
        await note(connection, seals, order_id, before, why, entry)


_END = select(orders.c.audit_seq, orders.c.audit_hash, orders.c.sealed_audit_end)
