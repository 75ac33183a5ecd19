"""Reconciliation: ask the gateway about attempts by the batch, tell their orders, report."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from temporalio import activity

from activities.examining import Asked, Examiner, Key, heartbeats
from activities.failures import failures_for_temporal
from activities.gateway import Gateway
from payments.notice import Notice
from payments.payment import Payment
from payments.reconciliation import (
    Attempts,
    Batch,
    BatchResult,
    Examined,
    FinishedRun,
    RunReport,
    StartedRun,
    Tally,
)
from payments.reconciling import Discrepancy, DiscrepancyKind


class Runs(Protocol):
    """What reconciliation needs of the database; every method is harmless to repeat."""

    async def begin(self, started: StartedRun) -> None: ...

    async def attempts(self, batch: Batch) -> Attempts:
        """The attempts to be looked at next, always in the same order."""
        ...

    async def record(
        self, batch: Batch, examined: Sequence[Examined], unreadable: Sequence[Discrepancy] = ()
    ) -> Tally:
        """Keep what was found, each difference once, and what finance reads of each attempt.

        Differences of the same attempts that are no longer found are resolved as repaired.
        """
        ...

    async def payments_of(self, order_ids: Sequence[str]) -> Mapping[str, Payment]:
        """Those of the orders that are stored and can be read, as they are now."""
        ...

    async def seen_before(
        self, batch: Batch, gateway_order_ids: Collection[str]
    ) -> Collection[Key]:
        """What is open about these attempts since an earlier run."""
        ...

    async def to_recheck(self, batch: Batch) -> Attempts:
        """The attempts with open, repairable differences that this run has seen."""
        ...

    async def finish(self, finished: FinishedRun) -> RunReport:
        """Close the run and keep its report; the first report of a run stays."""
        ...

    async def overdue(self, since: datetime) -> Sequence["Numbered"]:
        """The first differences open since then or longer, of which nobody was alerted yet."""
        ...

    async def mark_alerted(self, discrepancy_ids: Collection[int], at: datetime) -> None: ...

    async def store_pdf(self, run_id: str, pdf: bytes) -> None: ...

    async def differences_csv(self, run_id: str) -> bytes:
        """What the run found, as finance's spreadsheet reads it."""
        ...


class Numbered(Protocol):
    @property
    def discrepancy_id(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerted:
    """Which differences the administrator was alerted of."""

    discrepancy_ids: tuple[int, ...]
    at: datetime


class Orders(Protocol):
    async def tell(self, notice: Notice) -> None:
        """Hand a hint to the order's run, started if need be; it asks the gateway itself."""
        ...


class ReportDrawer(Protocol):
    async def draw_report(self, report: RunReport) -> bytes: ...


class ReportMailer(Protocol):
    async def send_report(self, report: RunReport, pdf: bytes, differences: bytes) -> None:
        """Mail finance; the same run has the same Message-ID."""
        ...


class ReconciliationActivities:
    def __init__(
        self,
        gateway: Gateway,
        runs: Runs,
        orders: Orders,
        drawer: ReportDrawer,
        mailer: ReportMailer,
        rate_per_second: float,
    ) -> None:
        self._examiner = Examiner(gateway, rate_per_second)
        self._runs = runs
        self._orders = orders
        self._drawer = drawer
        self._mailer = mailer

    def all(self) -> list[Callable[..., Any]]:
        """Every activity of the payments' queue; the report is made where documents are."""
        return [
            self.begin_run,
            self.check_batch,
            self.recheck_batch,
            self.finish_run,
            self.find_overdue,
            self.mark_alerted,
        ]

    def documents(self) -> list[Callable[..., Any]]:
        return [self.send_report]

    @activity.defn
    async def begin_run(self, started: StartedRun) -> None:
        """Keep that the run has begun."""
        with failures_for_temporal():
            await self._runs.begin(started)

    @activity.defn
    async def check_batch(self, batch: Batch) -> BatchResult:
        """Ask about each attempt of the batch, keep what differs, and tell the orders of it."""
        async with _at_work():
            attempts = await self._runs.attempts(batch)
            asked = await self._asked(attempts.readable, batch)
            examined = [each.examined for each in asked]
            tally = await self._runs.record(batch, examined, attempts.unreadable)
            known = await self._runs.seen_before(batch, _overdue(asked))
            for notice in (notice for each in asked for notice in each.notices(batch, known)):
                await self._orders.tell(notice)
            return BatchResult(tally=tally, last=attempts.last)

    @activity.defn
    async def recheck_batch(self, batch: Batch) -> BatchResult:
        """Ask again, now that the orders' runs have had the time to repair what differed."""
        async with _at_work():
            attempts = await self._runs.to_recheck(batch)
            asked = await self._asked(attempts.readable, batch)
            tally = await self._runs.record(batch, [each.examined for each in asked])
            return BatchResult(tally=tally, last=attempts.last)

    @activity.defn
    async def finish_run(self, finished: FinishedRun) -> RunReport:
        """Close the run; its report."""
        with failures_for_temporal():
            return await self._runs.finish(finished)

    @activity.defn
    async def find_overdue(self, since: datetime) -> tuple[int, ...]:
        """The differences open since then or longer that nobody was alerted of."""
        with failures_for_temporal():
            overdue = await self._runs.overdue(since)
        return tuple(each.discrepancy_id for each in overdue)

    @activity.defn
    async def mark_alerted(self, alerted: Alerted) -> None:
        """Never alert of these again."""
        with failures_for_temporal():
            await self._runs.mark_alerted(alerted.discrepancy_ids, alerted.at)

    @activity.defn
    async def send_report(self, report: RunReport) -> None:
        """Draw the report, keep it, and mail it to finance."""
        with failures_for_temporal():
            pdf = await self._drawer.draw_report(report)
            await self._runs.store_pdf(report.run_id, pdf)
            differences = await self._runs.differences_csv(report.run_id)
            await self._mailer.send_report(report, pdf, differences)

    async def _asked(
        self, attempts: Sequence[tuple[Payment, int]], batch: Batch
    ) -> tuple[Asked, ...]:
        """An order's run may have gone on while the gateway was asked: what differs is read again."""
        asked = await self._examiner.examine(attempts, batch.at)
        order_ids = {each.examined.payment.order_id for each in asked if each.examined.found}
        now = await self._runs.payments_of(sorted(order_ids))
        return tuple(
            each.still(now.get(each.examined.payment.order_id, each.examined.payment), batch.at)
            for each in asked
        )


@asynccontextmanager
async def _at_work() -> AsyncIterator[None]:
    with failures_for_temporal():
        async with heartbeats():
            yield


def _overdue(asked: Sequence[Asked]) -> set[str]:
    found = (difference for each in asked for difference in each.examined.found)
    return {each.gateway_order_id for each in found if each.kind is DiscrepancyKind.OVERDUE}
