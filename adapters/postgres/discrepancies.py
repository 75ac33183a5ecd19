"""Differences: of one kind, attempt and transaction there is never a second open one."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, exists, func, insert, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.discrepancy_rows import (
    DiscrepancyResolution,
    DiscrepancyRows,
    StoredDiscrepancy,
)
from adapters.postgres.reconciliation_tables import discrepancies, reconciliation_runs
from adapters.postgres.sealing import Sealer
from payments.errors import DiscrepancyUnknownError
from payments.reconciling import REPAIRABLE, Discrepancy, DiscrepancyKind, RunKind

# Any number will do, as long as every version of this service uses the same one.
_RECORDING = 7_266_352_018
FILE_ONLY = frozenset({DiscrepancyKind.FEE_UNEXPECTED, DiscrepancyKind.DUPLICATE_ROW})


@dataclass(frozen=True, slots=True)
class Sight:
    """Which run looked, and when."""

    run_id: str
    at: datetime


class Discrepancies:
    """Reads and writes in the caller's transaction."""

    def __init__(self, sealer: Sealer) -> None:
        self._rows = DiscrepancyRows(sealer)

    async def lock_recording(self, connection: AsyncConnection) -> None:
        """One run records at a time: two that see the same must not wait for each other in a ring,
        nor keep it twice."""
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _RECORDING})

    async def known(
        self, connection: AsyncConnection, gateway_order_ids: Collection[str], run_id: str
    ) -> tuple[StoredDiscrepancy, ...]:
        """What is open about these attempts, what a human resolved, and what this run has seen
        repaired."""
        if not gateway_order_ids:
            return ()
        own = discrepancies.c
        query = (
            select(discrepancies)
            .where(own.gateway_order_id.in_(sorted(gateway_order_ids)))
            .where(or_(own.resolved_at.is_(None), own.resolved_by == run_id, _BY_A_HUMAN))
            .order_by(own.discrepancy_id)
            # A human may be resolving one of them.
            .with_for_update()
        )
        return tuple(self._rows.stored(row) for row in await connection.execute(query))

    async def keep(
        self,
        connection: AsyncConnection,
        sight: Sight,
        found: Iterable[Discrepancy],
        known: Iterable[StoredDiscrepancy],
    ) -> None:
        """Keep each difference once; one that is open already was seen again."""
        before = {each.found.key: each for each in known if each.is_open}
        now = {each.key: each for each in found}
        new = [self._rows.new(now[key], *_of(sight)) for key in sorted(now.keys() - before.keys())]
        seen = [
            {
                _ID: before[key].discrepancy_id,
                "last_run_id": sight.run_id,
                "last_seen_at": max(sight.at, before[key].last_seen_at),
                "sealed_details": self._rows.seen_again(before[key], now[key]),
            }
            for key in sorted(now.keys() & before.keys())
        ]
        if new:
            await connection.execute(insert(discrepancies), new)
        if seen:
            await connection.execute(_SEEN, seen)

    async def repaired(
        self, connection: AsyncConnection, sight: Sight, gone: Sequence[StoredDiscrepancy]
    ) -> int:
        """Close those that a look at the gateway did not find again; how many were closed."""
        ids = [each.discrepancy_id for each in gone if each.found.kind not in FILE_ONLY]
        if not ids:
            return 0
        own = discrepancies.c
        close = update(discrepancies).where(own.discrepancy_id.in_(ids), _SEEN_AT_THE_GATEWAY)
        closed = close.values(
            resolved_at=sight.at,
            resolution=DiscrepancyResolution.REPAIRED,
            resolved_by=sight.run_id,
        )
        return len((await connection.execute(closed.returning(own.discrepancy_id))).all())

    async def resolve(
        self,
        connection: AsyncConnection,
        stored: StoredDiscrepancy,
        actor: str,
        note: str,
        at: datetime,
    ) -> None:
        own = discrepancies.c.discrepancy_id == stored.discrepancy_id
        values = {
            "resolved_at": at,
            "resolution": DiscrepancyResolution.RESOLVED,
            "resolved_by": actor,
            "sealed_note": self._rows.note(stored.discrepancy_id, note),
        }
        await connection.execute(update(discrepancies).where(own).values(values))

    async def one(
        self, connection: AsyncConnection, discrepancy_id: int, *, locked: bool = False
    ) -> StoredDiscrepancy:
        """DiscrepancyUnknownError when it is not there."""
        query = select(discrepancies).where(discrepancies.c.discrepancy_id == discrepancy_id)
        query = query.with_for_update() if locked else query
        row = (await connection.execute(query)).first()
        if row is None:
            raise DiscrepancyUnknownError(discrepancy_id)
        return self._rows.stored(row)

    async def page(
        self, connection: AsyncConnection, *which: ColumnElement[bool], after: int, limit: int
    ) -> tuple[StoredDiscrepancy, ...]:
        """The next ones of these, the oldest first."""
        own = discrepancies.c.discrepancy_id
        query = select(discrepancies).where(*which, own > after).order_by(own).limit(limit)
        return tuple(self._rows.stored(row) for row in await connection.execute(query))

    async def count(self, connection: AsyncConnection, *which: ColumnElement[bool]) -> int:
        query = select(func.count()).select_from(discrepancies).where(*which)
        return (await connection.execute(query)).scalar_one()


def is_open() -> ColumnElement[bool]:
    return discrepancies.c.resolved_at.is_(None)


def seen_by(run_id: str) -> ColumnElement[bool]:
    """Those that the run found first or last, or found repaired."""
    own = discrepancies.c
    return or_(own.first_run_id == run_id, own.last_run_id == run_id, own.resolved_by == run_id)


def unsettled(
    found: Iterable[Discrepancy], known: Iterable[StoredDiscrepancy]
) -> tuple[Discrepancy, ...]:
    """Without those that a human has resolved as they are."""
    settled = {each.found for each in known if each.is_settled}
    return tuple(each for each in found if each not in settled)


def _of(sight: Sight) -> tuple[str, datetime]:
    return sight.run_id, sight.at


_BY_A_HUMAN = discrepancies.c.resolution == DiscrepancyResolution.RESOLVED
_ID = "of_discrepancy"
_SEEN = (
    update(discrepancies)
    .where(discrepancies.c.discrepancy_id == bindparam(_ID))
    .values(
        last_run_id=bindparam("last_run_id"),
        last_seen_at=bindparam("last_seen_at"),
        sealed_details=bindparam("sealed_details"),
    )
)
# What a file says is not refuted by the gateway's answer, except where the order's run repairs it.
_IN_A_FILE = exists().where(
    reconciliation_runs.c.run_id == discrepancies.c.last_run_id,
    reconciliation_runs.c.kind == RunKind.FILE,
)
_SEEN_AT_THE_GATEWAY = or_(
    discrepancies.c.kind.in_(sorted({*REPAIRABLE, DiscrepancyKind.UNREADABLE})),
    ~_IN_A_FILE,
)
