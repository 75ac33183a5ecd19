"""What operators are shown of all payments together: numbers and ages, nothing about any one.

Each query reads only what is open, or a few days, however many orders have ended.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.keyset_uses import keyset_uses
from adapters.postgres.reconciliation_tables import discrepancies, reconciliation_runs
from adapters.postgres.tables import cases, orders
from payments.status import PaymentStatus

OPEN_STATUSES = (
    PaymentStatus.PREPARING,
    PaymentStatus.AWAITING_PAYMENT,
    PaymentStatus.IN_REVIEW,
    PaymentStatus.CHECKING,
)
RUNS_WITHIN = timedelta(days=8)
# A process that runs tells of its keys every minute.
_RUNNING_WITHIN = timedelta(minutes=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """`unmoved`: how long the order has not changed that has not for longest, by status.

    Cases by code, discrepancies by kind, how long ago a reconciliation of a kind last ended, and
    how many keys of a keyset processes encrypt under.
    """

    open_orders: Mapping[tuple[str, str], int]
    unmoved: Mapping[str, timedelta]
    open_cases: Mapping[str, int]
    oldest_case: Mapping[str, timedelta]
    open_discrepancies: Mapping[str, int]
    since_reconciliation: Mapping[str, timedelta]
    keyset_primaries: Mapping[str, int]


class BusinessFigures:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def read(self, now: datetime) -> Figures:
        async with self._engine.connect() as connection:
            waiting = await _rows(connection, _OPEN_ORDERS)
            standing = await _rows(connection, _OPEN_CASES)
            differing = await _rows(connection, _OPEN_DISCREPANCIES)
            ran = await _rows(
                connection,
                _LAST_RUNS.where(reconciliation_runs.c.started_at > now - RUNS_WITHIN),
            )
            used = await _rows(
                connection, _PRIMARIES.where(keyset_uses.c.seen_at > now - _RUNNING_WITHIN)
            )
        return Figures(
            open_orders={(row.status, row.method): row.number for row in waiting},
            unmoved=_longest((row.status, now - row.since) for row in waiting),
            open_cases={row.code: row.number for row in standing},
            oldest_case={row.code: now - row.since for row in standing},
            open_discrepancies={row.kind: row.number for row in differing},
            since_reconciliation={row.kind: now - row.since for row in ran},
            keyset_primaries={row.keyset: row.number for row in used},
        )


async def _rows(connection: AsyncConnection, query: Select[Any]) -> Sequence[Row[Any]]:
    return list(await connection.execute(query))


def _longest(spans: Iterable[tuple[str, timedelta]]) -> dict[str, timedelta]:
    longest: dict[str, timedelta] = {}
    for name, span in spans:
        longest[name] = max(span, longest.get(name, span))
    return longest


_NUMBER = func.count().label("number")
_OPEN_ORDERS = (
    select(orders.c.status, orders.c.method, _NUMBER, func.min(orders.c.updated_at).label("since"))
    .where(orders.c.status.in_(OPEN_STATUSES))
    .group_by(orders.c.status, orders.c.method)
)
_OPEN_CASES = (
    select(cases.c.code, _NUMBER, func.min(cases.c.opened_at).label("since"))
    .where(cases.c.resolved_at.is_(None))
    .group_by(cases.c.code)
)
_OPEN_DISCREPANCIES = (
    select(discrepancies.c.kind, _NUMBER)
    .where(discrepancies.c.resolved_at.is_(None))
    .group_by(discrepancies.c.kind)
)
_PRIMARIES = select(
    keyset_uses.c.keyset,
    func.count(keyset_uses.c.primary_key_id.distinct()).label("number"),
).group_by(keyset_uses.c.keyset)
_LAST_RUNS = (
    select(reconciliation_runs.c.kind, func.max(reconciliation_runs.c.finished_at).label("since"))
    .where(reconciliation_runs.c.finished_at.is_not(None))
    .group_by(reconciliation_runs.c.kind)
)
