"""Proving the audit logs: from the first entry to the last, and against what was exported."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.audit import order_seals
from adapters.postgres.audit_tables import log_ends, operator_events
from adapters.postgres.chain_sources import PAGE, LogChain, OrderChains, Source, links
from adapters.postgres.chain_walk import Broken, Link, Problem, Walk
from adapters.postgres.chains import ChainEnd
from adapters.postgres.logs import log_seals
from adapters.postgres.reconciliation_tables import finance_exports
from adapters.postgres.sealing import Sealer
from adapters.postgres.tables import audit_events, orders

AUDIT_EVENTS = audit_events.name
LOGS = (operator_events, finance_exports)


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that is wrong, of an order's chain; one of another log belongs to no order."""

    order_id: str
    seq: int
    problem: Problem
    log: str = AUDIT_EVENTS


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """What was counted, and the first row that is broken.

    What is `unsealed` was written by an earlier version, or by somebody without the keys.
    """

    orders: int
    entries: int
    broken: BrokenRow | None = None
    unsealed: int = 0
    first_unsealed: BrokenRow | None = None
    log_entries: int = 0

    @property
    def is_sound(self) -> bool:
        return self.broken is None and self.unsealed == 0


@dataclass(frozen=True, slots=True)
class ExportedEntry:
    """What an export has of one entry; `chain` is an order's id, or a log's name."""

    chain: str
    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was there when it was exported: entries in the order of the log, ends of other logs."""

    entries: Iterable[ExportedEntry] = ()
    log_ends: Mapping[str, ChainEnd] = field(default_factory=dict)

    def of_log(self, name: str) -> Iterator[ExportedEntry]:
        end = self.log_ends.get(name, ChainEnd())
        if end.seq > 0:
            yield ExportedEntry(name, end.seq, end.hash)


NOTHING_EXPORTED = Exported()


class Comparison:
    """Entries that were exported beside those that are stored, both in the same order."""

    def __init__(self, exported: Iterable[ExportedEntry]) -> None:
        self._exported = iter(exported)
        self._next = next(self._exported, None)

    def next(self, link: Link) -> Broken | None:
        here, then = (link.chain, link.seq), self._next
        if then is None or (then.chain, then.seq) > here:
            return None
        if (then.chain, then.seq) < here:
            return self.finish()
        if then.hash != link.hash:
            return Broken(link.chain, link.seq, Problem.REPLACED)
        self._next = next(self._exported, None)
        return None

    def finish(self) -> Broken | None:
        """Nothing more is stored, or nothing before what comes next was exported."""
        then = self._next
        return None if then is None else Broken(then.chain, then.seq, Problem.VANISHED)


def _nobody(_entries: int) -> None:
    """Looks at the progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which chain is walked, if not all; `moved` is told how many entries were read."""

    chain: str | None = None
    page: int = PAGE
    moved: Callable[[int], None] = _nobody


EVERYTHING = Scope()


async def verify(
    engine: AsyncEngine,
    sealer: Sealer | None = None,
    scope: Scope = EVERYTHING,
    exported: Exported = NOTHING_EXPORTED,
) -> AuditVerdict:
    """Walk every chain, or one order's; without keys, nothing is known about the seals."""
    walk = Walk(None if sealer is None else order_seals(sealer))
    broken = await walked(engine, OrderChains(), walk, scope, Comparison(exported.entries))
    row = None if broken is None else BrokenRow(broken.chain, broken.seq, broken.problem)
    row = row or await _without_entries(engine, scope)
    first = walk.first_unsealed
    verdict = AuditVerdict(
        orders=walk.chains,
        entries=walk.entries,
        broken=row,
        unsealed=walk.unsealed,
        first_unsealed=None if first is None else BrokenRow(first.chain, first.seq, first.problem),
    )
    if scope.chain is not None or row is not None:
        return verdict
    return await _with_logs(engine, sealer, scope, exported, verdict)


async def walked(
    engine: AsyncEngine, source: Source, walk: Walk, scope: Scope, compared: Comparison
) -> Broken | None:
    """Go on to the end, or to the first entry that is wrong."""
    async for link in links(engine, source, scope.chain, scope.page):
        broken = walk.next(link) or compared.next(link)
        if broken is not None:
            return await _understood(engine, source, walk, broken)
        if walk.entries % scope.page == 0:
            scope.moved(walk.entries)
    return walk.finish() or compared.finish()


async def _understood(engine: AsyncEngine, source: Source, walk: Walk, broken: Broken) -> Broken:
    """Whether what does not fit here is not wrong itself, but in the wrong place."""
    if broken.problem not in {Problem.CHANGED, Problem.MISSING}:
        return broken
    async with engine.connect() as connection:
        place = (broken.chain, broken.seq)
        later = await source.page(connection, place, broken.chain, PAGE)
    if any(link.fits_behind(walk.end, broken.seq) for link in later):
        return replace(broken, problem=Problem.REORDERED)
    return broken


async def _without_entries(engine: AsyncEngine, scope: Scope) -> BrokenRow | None:
    query = _ORDERS if scope.chain is None else _ORDERS.where(orders.c.order_id == scope.chain)
    after = ""
    while True:
        async with engine.connect() as connection:
            page = query.where(orders.c.order_id > after).limit(scope.page)
            found = (await connection.execute(page)).all()
        for order_id, has_entries in found:
            if not has_entries:
                return BrokenRow(order_id, 1, Problem.CUT_OFF)
        if len(found) < scope.page:
            return None
        after = found[-1].order_id


async def _with_logs(
    engine: AsyncEngine,
    sealer: Sealer | None,
    scope: Scope,
    exported: Exported,
    verdict: AuditVerdict,
) -> AuditVerdict:
    """The verdict with what is found in the logs that are one chain each."""
    walk = Walk(None if sealer is None else log_seals(sealer))
    broken: Broken | None = None
    for table in LOGS:
        ends = await _log_end(engine, table.name)
        compared = Comparison(exported.of_log(table.name))
        one = replace(scope, chain=table.name, moved=_nobody)
        broken = broken or await walked(engine, LogChain(table), walk, one, compared)
        if broken is None and walk.last_chain != table.name and ends != 0:
            broken = Broken(table.name, 1, Problem.END_MISSING if ends is None else Problem.CUT_OFF)
    first = walk.first_unsealed
    unsealed = None if first is None else BrokenRow("", first.seq, first.problem, first.chain)
    return replace(
        verdict,
        broken=None if broken is None else BrokenRow("", broken.seq, broken.problem, broken.chain),
        unsealed=verdict.unsealed + walk.unsealed,
        first_unsealed=verdict.first_unsealed or unsealed,
        log_entries=walk.entries,
    )


async def _log_end(engine: AsyncEngine, name: str) -> int | None:
    """The number of a log's last entry; read before the log, which may grow meanwhile."""
    async with engine.connect() as connection:
        query = select(log_ends.c.seq).where(log_ends.c.log == name)
        return (await connection.execute(query)).scalar()


_ORDERS = select(
    orders.c.order_id, exists().where(audit_events.c.order_id == orders.c.order_id).label("has")
).order_by(orders.c.order_id)
