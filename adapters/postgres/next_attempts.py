"""Which attempts a run looks at next: what a page reads does not grow with what is stored."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    literal,
    select,
    tuple_,
    union,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.discrepancies import FILE_ONLY
from adapters.postgres.reconciliation_tables import discrepancies
from adapters.postgres.tables import cases, payment_attempts, refunds
from payments.cases import CaseCode
from payments.reconciliation import Batch
from payments.reconciling import REPAIRABLE, RunKind
from payments.refunds import RefundStatus
from payments.request import split_gateway_order_id
from payments.status import OPEN

Key = tuple[str, int]


async def next_attempts(connection: AsyncConnection, batch: Batch) -> Sequence[Key]:
    """Open ones by their names; recent ones as they were accepted, then older ones by name."""
    if batch.kind is not RunKind.OPEN:
        return await _recent_and_older(connection, batch)
    still_open = _BY_NAME.where(_OWN.status.in_(_OPEN), *_behind(batch.after))
    return await _keys(connection, still_open.limit(batch.size))


async def seen_before(connection: AsyncConnection, batch: Batch) -> Sequence[Key]:
    """Those with repairable differences that the run has seen and that were open before this
    batch, so that the batch can be repeated."""
    theirs = discrepancies.c
    seen = _DIFFERING.where(
        theirs.kind.in_(sorted(REPAIRABLE)),
        theirs.last_run_id == batch.run_id,
        theirs.resolved_at.is_(None)
        | and_(theirs.resolved_by == batch.run_id, theirs.resolved_at == batch.at),
    )
    return await _keys(connection, _among(seen, batch.after).limit(batch.size))


async def _recent_and_older(connection: AsyncConnection, batch: Batch) -> Sequence[Key]:
    last = await _place_of(connection, batch.after)
    are_recent_done = batch.after != "" and (last is None or last[0] < batch.since)
    recent = [] if are_recent_done else await _keys(connection, _recent(batch, last))
    if len(recent) >= batch.size:
        return recent
    older = _among(_NOT_SETTLED, batch.after if are_recent_done else "")
    older = older.where(_OWN.accepted_at < batch.since)
    return [*recent, *await _keys(connection, older.limit(batch.size - len(recent)))]


async def _place_of(connection: AsyncConnection, name: str) -> tuple[Any, ...] | None:
    key = split_gateway_order_id(name)
    if key is None:
        return None
    own = _OWN.order_id == key[0], _OWN.number == key[1]
    row = (await connection.execute(select(*_PLACE).where(*own))).first()
    return None if row is None else tuple(row)


def _recent(batch: Batch, last: tuple[Any, ...] | None) -> Select[Any]:
    # One lower bound only: of two, PostgreSQL may begin to read at the one further away.
    begin = _OWN.accepted_at >= batch.since if last is None else tuple_(*_PLACE) > last
    query = select(_OWN.order_id, _OWN.number).where(begin).order_by(*_PLACE)
    if batch.until is not None:
        query = query.where(_OWN.accepted_at < batch.until)
    return query.limit(batch.size)


def _among(few: Any, after: str) -> Select[Any]:
    """Read as a whole, for they are few: a page that ends early must not tempt PostgreSQL to walk
    along all attempts instead."""
    own = few.cte("few").prefix_with("MATERIALIZED")
    is_same = and_(own.c.order_id == _OWN.order_id, own.c.number == _OWN.number)
    found = _BY_NAME.select_from(payment_attempts.join(own, is_same))
    return found.where(*_behind(after)).distinct()


def _behind(after: str) -> Sequence[ColumnElement[bool]]:
    key, own = split_gateway_order_id(after), tuple_(_OWN.order_id, _OWN.number)
    return () if key is None else (own > key,)


async def _keys(connection: AsyncConnection, query: Select[Any]) -> list[Key]:
    return [(row.order_id, row.number) for row in await connection.execute(query)]


_OWN = payment_attempts.c
_PLACE = (_OWN.accepted_at, _OWN.order_id, _OWN.number)
_BY_NAME = select(_OWN.order_id, _OWN.number).order_by(_OWN.order_id, _OWN.number)
# Written out in the statement: only then is it known to be what the partial indexes are of.
_OPEN: BindParameter[Any] = bindparam("open", sorted(OPEN), expanding=True, literal_execute=True)
_ACCEPTED = literal(RefundStatus.ACCEPTED, literal_execute=True)
_NAME = _OWN.order_id + "~" + cast(_OWN.number, Text)
_DIFFERING = select(_OWN.order_id, _OWN.number).join_from(
    discrepancies,
    payment_attempts,
    and_(discrepancies.c.order_id == _OWN.order_id, discrepancies.c.gateway_order_id == _NAME),
)
_NOT_SETTLED = union(
    select(refunds.c.order_id, refunds.c.attempt.label("number")).where(
        refunds.c.status == _ACCEPTED
    ),
    select(cases.c.order_id, cases.c.attempt.label("number")).where(
        cases.c.code == CaseCode.UNMATCHED_MONEY, cases.c.resolved_at.is_(None)
    ),
    _DIFFERING.where(
        discrepancies.c.resolved_at.is_(None), discrepancies.c.kind.not_in(sorted(FILE_ONLY))
    ),
)
