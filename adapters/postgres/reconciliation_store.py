"""Reconciliation: which attempts are next, what was found of them, and what runs came to.

Whatever a run does may be repeated: a batch that is recorded again counts the same, and changes
nothing else.
"""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres import audit
from adapters.postgres.audit import Why, order_seals
from adapters.postgres.chains import ChainEnd
from adapters.postgres.discrepancies import Discrepancies, Sight, is_open, seen_by, unsettled
from adapters.postgres.discrepancy_rows import StoredDiscrepancy
from adapters.postgres.gateway_reports import heard_of_money
from adapters.postgres.logs import OperatorLog
from adapters.postgres.payment_pages import PaymentPages
from adapters.postgres.reconciliation_tables import discrepancies
from adapters.postgres.run_rows import differences_csv, gateway_id, rows_header, tally_of
from adapters.postgres.runs import Runs, StoredRun
from adapters.postgres.sealing import Sealer
from payments.changes import AuditEntry
from payments.errors import OrderUnknownError
from payments.gateway import GatewayTransaction
from payments.money import Money
from payments.payment import Payment
from payments.reconciliation import (
    Attempts,
    Batch,
    Examined,
    FinishedRun,
    RunReport,
    StartedRun,
    Tally,
)
from payments.reconciling import Discrepancy, DiscrepancyKind

_PAGE = 500


class ReconciliationStore:
    def __init__(
        self, engine: AsyncEngine, sealer: Sealer, overdue_after: timedelta = timedelta(hours=24)
    ) -> None:
        self._engine = engine
        self._pages = PaymentPages(engine, sealer)
        self._runs = Runs(sealer)
        self._discrepancies = Discrepancies(sealer)
        self._seals = order_seals(sealer)
        self._operators = OperatorLog(engine, sealer)
        self._overdue_after = overdue_after

    async def begin(self, started: StartedRun) -> None:
        async with self._engine.begin() as connection:
            await self._runs.begin(connection, started)

    async def attempts(self, batch: Batch) -> Attempts:
        """The attempts to be looked at next, always in the same order."""
        return await self._pages.attempts(batch)

    async def to_recheck(self, batch: Batch) -> Attempts:
        """The attempts with open, repairable differences that this run has seen."""
        return await self._pages.with_differences(batch)

    async def record(
        self, batch: Batch, examined: Sequence[Examined], unreadable: Sequence[Discrepancy] = ()
    ) -> Tally:
        """Keep what was found, each difference once, and what finance reads of each attempt."""
        if not examined and not unreadable:
            return Tally()
        sight = Sight(batch.run_id, batch.at)
        async with self._engine.begin() as connection:
            await self._discrepancies.lock_recording(connection)
            names = {gateway_id(each) for each in examined}
            names |= {each.gateway_order_id for each in unreadable}
            known = await self._discrepancies.known(connection, names, batch.run_id)
            examined = [replace(one, found=unsettled(one.found, known)) for one in examined]
            unread = unsettled(unreadable, known)
            found = [*(each for one in examined for each in one.found), *unread]
            await self._discrepancies.keep(connection, sight, found, known)
            gone = _gone(examined, known)
            repaired = await self._discrepancies.repaired(connection, sight, gone)
            heard = await heard_of_money(connection, {one.payment.order_id for one in examined})
            if not batch.is_recheck:
                await self._runs.keep_rows(connection, batch, examined, heard)
        tally = tally_of(examined, heard, repaired + _repaired_before(known, sight))
        return tally.plus(Tally(found=Counter(each.kind.value for each in unread)))

    async def seen_before(
        self, batch: Batch, gateway_order_ids: Collection[str]
    ) -> set[tuple[str, str, str]]:
        """What is open about these attempts since an earlier run."""
        async with self._engine.begin() as connection:
            known = await self._discrepancies.known(connection, gateway_order_ids, batch.run_id)
        return {
            each.found.key for each in known if each.is_open and each.first_run_id != batch.run_id
        }

    async def record_file(
        self, run_id: str, discrepancies: Sequence[Discrepancy], at: datetime
    ) -> dict[str, int]:
        """Keep each difference once; how many were not open yet, by kind."""
        names = {each.gateway_order_id for each in discrepancies}
        async with self._engine.begin() as connection:
            await self._discrepancies.lock_recording(connection)
            known = await self._discrepancies.known(connection, names, run_id)
            found = unsettled(discrepancies, known)
            await self._discrepancies.keep(connection, Sight(run_id, at), found, known)
        open_before = {each.found.key for each in known if each.is_open}
        new = {each.key: each for each in found if each.key not in open_before}
        kinds = sorted(each.kind.value for each in new.values())
        return {kind: kinds.count(kind) for kind in kinds}

    async def record_fees(self, run_id: str, fees: Mapping[tuple[str, str], Money]) -> None:
        """Keep what the gateway took, by gateway order id and transaction id; the newest counts."""
        async with self._engine.begin() as connection:
            await self._discrepancies.lock_recording(connection)
            await self._runs.keep_fees(connection, run_id, fees)

    async def finish(self, finished: FinishedRun) -> RunReport:
        """Close the run and keep its report; the first report of a run stays."""
        overdue = discrepancies.c.first_seen_at <= finished.at - self._overdue_after
        async with self._engine.begin() as connection:
            still_open = await self._discrepancies.count(connection, is_open())
            too_long = await self._discrepancies.count(connection, is_open(), overdue)
            found = await self._found_by(connection, finished.run_id)
            return await self._runs.finish(connection, finished, (still_open, too_long), found)

    async def store_pdf(self, run_id: str, pdf: bytes) -> None:
        """Keep the first PDF of a run: what was sent once is never replaced."""
        async with self._engine.begin() as connection:
            await self._runs.store_pdf(connection, run_id, pdf)

    async def differences_csv(self, run_id: str) -> bytes:
        """What the run found: as it was at its end or, while it goes on, as it is now."""
        async with self._engine.connect() as connection:
            kept = await self._runs.differences(connection, run_id)
            return kept or differences_csv(await self._found_by(connection, run_id))

    async def runs(self, limit: int = 50) -> tuple[StoredRun, ...]:
        """The newest first."""
        async with self._engine.connect() as connection:
            return await self._runs.newest(connection, limit)

    async def run(self, run_id: str) -> StoredRun | None:
        async with self._engine.connect() as connection:
            return await self._runs.find(connection, run_id)

    async def pdf(self, run_id: str) -> bytes | None:
        async with self._engine.connect() as connection:
            return await self._runs.pdf(connection, run_id)

    async def rows_csv(self, run_id: str) -> AsyncIterator[bytes]:
        """What finance reads of each attempt of the run, in pieces: the header, then each batch."""
        yield rows_header()
        after: str | None = None
        while True:
            async with self._engine.connect() as connection:
                piece = await self._runs.next_rows(connection, run_id, after)
            if piece is None:
                return
            after, rows = piece
            yield rows

    async def discrepancies(
        self, *, open_only: bool = True, after: int = 0, limit: int = 100
    ) -> tuple[StoredDiscrepancy, ...]:
        """Those with a greater number than `after`, the oldest first."""
        which = (is_open(),) if open_only else ()
        async with self._engine.connect() as connection:
            return await self._discrepancies.page(connection, *which, after=after, limit=limit)

    async def overdue(self, since: datetime, limit: int = 100) -> tuple[StoredDiscrepancy, ...]:
        """Those open since then or longer, of which nobody was alerted yet.

        What cannot be read is overdue at once: it does not repair itself, and may be an attack.
        """
        own = discrepancies.c
        is_due = or_(own.first_seen_at <= since, own.kind == DiscrepancyKind.UNREADABLE)
        which = (is_open(), is_due, own.alerted_at.is_(None))
        async with self._engine.connect() as connection:
            return await self._discrepancies.page(connection, *which, after=0, limit=limit)

    async def mark_alerted(self, discrepancy_ids: Collection[int], at: datetime) -> None:
        own = discrepancies.c
        once = update(discrepancies).where(
            own.discrepancy_id.in_(sorted(discrepancy_ids)), own.alerted_at.is_(None)
        )
        async with self._engine.begin() as connection:
            await connection.execute(once.values(alerted_at=at))

    async def resolve_discrepancy(
        self, discrepancy_id: int, actor: str, note: str, at: datetime
    ) -> StoredDiscrepancy:
        """Close a difference as a human decided; one that is closed already stays as it is."""
        why = Why(actor=actor, cause="resolve_discrepancy", at=at)
        async with self._engine.begin() as connection:
            order_id = (await self._discrepancies.one(connection, discrepancy_id)).found.order_id
            # The order is always locked first.
            end = await _chain_end(connection, order_id)
            stored = await self._discrepancies.one(connection, discrepancy_id, locked=True)
            if stored.is_open:
                await self._discrepancies.resolve(connection, stored, actor, note, at)
                entry = _entry(stored)
                if order_id is not None and end is not None:
                    await audit.note(connection, self._seals, order_id, end, why, entry)
                else:
                    await self._operators.add(connection, actor, entry.event, entry.details, at)
            return await self._discrepancies.one(connection, discrepancy_id)

    async def payments_of(self, order_ids: Sequence[str]) -> dict[str, Payment]:
        """Those of the orders that are stored, and can be read."""
        return await self._pages.of(order_ids)

    async def unreadable_of(self, order_ids: Sequence[str]) -> set[str]:
        """Those of the orders that are stored, but cannot be read."""
        return await self._pages.unreadable(order_ids)

    async def paid_between(
        self, start: datetime, end: datetime
    ) -> AsyncIterator[tuple[Payment, int, GatewayTransaction]]:
        """The transactions whose money came in [start, end) and that can be read, by the page."""
        async for page in self._pages.paid_between(start, end, without_unreadable=True):
            for each in page:
                yield each

    async def _found_by(self, connection: AsyncConnection, run_id: str) -> list[StoredDiscrepancy]:
        """What the run saw, read page by page."""
        found, after = list[StoredDiscrepancy](), 0
        while True:
            which = seen_by(run_id)
            page = await self._discrepancies.page(connection, which, after=after, limit=_PAGE)
            found.extend(page)
            if len(page) < _PAGE:
                return found
            after = page[-1].discrepancy_id


def _gone(
    examined: Iterable[Examined], known: Iterable[StoredDiscrepancy]
) -> list[StoredDiscrepancy]:
    """What was open about attempts that the gateway answered for, and was not found again."""
    answered = {gateway_id(each): each for each in examined if each.was_answered}
    found = {each.key for one in answered.values() for each in one.found}
    return [
        each
        for each in known
        if each.is_open and each.found.gateway_order_id in answered and each.found.key not in found
    ]


def _repaired_before(known: Iterable[StoredDiscrepancy], sight: Sight) -> int:
    """How many this very batch has closed, when it is repeated."""
    return sum(_is_repaired_by(each, sight) for each in known)


def _is_repaired_by(each: StoredDiscrepancy, sight: Sight) -> bool:
    resolved = each.resolved
    return resolved is not None and (resolved.actor, resolved.at) == (sight.run_id, sight.at)


async def _chain_end(connection: AsyncConnection, order_id: str | None) -> ChainEnd | None:
    """The end of the order's audit chain; None when the order is not stored."""
    if order_id is None:
        return None
    try:
        return await audit.lock_end(connection, order_id)
    except OrderUnknownError:
        return None


def _entry(stored: StoredDiscrepancy) -> AuditEntry:
    details = {
        "discrepancy": str(stored.discrepancy_id),
        "kind": stored.found.kind.value,
        "gateway_order_id": stored.found.gateway_order_id,
        "transaction_id": stored.found.transaction_id,
    }
    return AuditEntry("discrepancy.resolved", details)
