"""One run of reconciliation: every attempt asked about, what differs repaired, a report."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from activities.documents import DocumentActivities
from activities.reconciliation import Alerted, ReconciliationActivities
from payments.alerts import AlertCode
from payments.commands import AlertOrder
from payments.reconciliation import Batch, BatchResult, FinishedRun, RunReport, StartedRun, Tally
from payments.reconciling import REPAIRABLE, RunKind
from workflows.names import RECONCILIATION_WORKFLOW
from workflows.options import DAILY_REPORT, FREQUENT_REPORT, RECONCILE_BATCH, SLOW_WRITE
from workflows.versions import move_on, should_move_on

S = TypeVar("S")
A = TypeVar("A")


class Phase(StrEnum):
    CHECKING = "checking"
    SETTLING = "settling"
    RECHECKING = "rechecking"
    REPORTING = "reporting"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """What to reconcile and, when a run goes on as a new one, how far it has come.

    `settle` is the time that orders' runs get to repair what was found. A difference open for
    longer than `alert_after` is alerted about. `is_left`: something was found that no order's run
    repairs, or has. The run's id is the workflow's, which stays the same.
    """

    kind: RunKind
    days: int = 7
    batch_size: int = 100
    settle: timedelta = timedelta(seconds=60)
    alert_after: timedelta = timedelta(hours=24)
    started_at: datetime | None = None
    phase: Phase = Phase.CHECKING
    after: str = ""
    tally: Tally = field(default_factory=Tally)
    is_left: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationProgress:
    phase: Phase
    tally: Tally


@workflow.defn(name=RECONCILIATION_WORKFLOW)
class ReconciliationWorkflow:
    """Holds numbers only: what they count is in the database."""

    @workflow.init
    def __init__(self, order: Reconciliation) -> None:
        self._run_id = workflow.info().workflow_id
        self._started_at = order.started_at or workflow.now()
        self._now = replace(order, started_at=self._started_at)

    @workflow.run
    async def run(self, order: Reconciliation) -> Tally:
        """Check, let the orders repair, check again, report; what the run came to."""
        if order.started_at is None:
            await self._begin()
        if self._now.phase is Phase.CHECKING:
            await self._check()
        if self._now.phase is Phase.SETTLING:
            await self._settle()
        if self._now.phase is Phase.RECHECKING:
            await self._recheck()
        report = await self._finish()
        if self._is_worth_a_mail():
            await self._send(report)
        if report.overdue_discrepancies:
            await self._alert()
        self._enter(Phase.DONE)
        return report.tally

    @workflow.query
    def progress(self) -> ReconciliationProgress:
        """How far the run has come."""
        return ReconciliationProgress(phase=self._now.phase, tally=self._now.tally)

    async def _begin(self) -> None:
        self._show()
        started = StartedRun(run_id=self._run_id, kind=self._now.kind, at=self._started_at)
        await workflow.execute_activity_method(
            ReconciliationActivities.begin_run, started, **SLOW_WRITE, summary="keep that it began"
        )

    async def _check(self) -> None:
        while True:
            result = await workflow.execute_activity_method(
                ReconciliationActivities.check_batch,
                self._batch(),
                **RECONCILE_BATCH,
                summary=f"ask Midtrans about {self._which()}",
            )
            is_left = any(kind not in REPAIRABLE for kind in result.tally.found)
            if not self._counted(result, result.tally, is_left=is_left):
                break
        is_repairable = any(kind in REPAIRABLE for kind in self._now.tally.found)
        self._enter(Phase.SETTLING if is_repairable else Phase.REPORTING)

    async def _settle(self) -> None:
        await workflow.sleep(self._now.settle, summary="the orders' runs repair what differs")
        self._enter(Phase.RECHECKING)

    async def _recheck(self) -> None:
        """Only what was repaired is counted: everything else was, the first time."""
        while True:
            result = await workflow.execute_activity_method(
                ReconciliationActivities.recheck_batch,
                self._batch(),
                **RECONCILE_BATCH,
                summary=f"ask again about {self._which()}",
            )
            repaired = Tally(repaired=result.tally.repaired)
            if not self._counted(result, repaired, is_left=bool(result.tally.found)):
                break
        self._enter(Phase.REPORTING)

    async def _finish(self) -> RunReport:
        finished = FinishedRun(run_id=self._run_id, tally=self._now.tally, at=workflow.now())
        return await workflow.execute_activity_method(
            ReconciliationActivities.finish_run, finished, **SLOW_WRITE, summary="close the run"
        )

    async def _send(self, report: RunReport) -> None:
        what = "draw the report and mail it to finance"
        await self._delivered(ReconciliationActivities.send_report, report, what)

    def _is_worth_a_mail(self) -> bool:
        """Every day's report is sent; of the runs in between, those that leave something to a human
        which the schedule's last run did not find as well."""
        if self._now.kind is RunKind.RECENT:
            return True
        last = workflow.get_last_completion_result(Tally)
        return self._now.is_left and (last is None or last.found != self._now.tally.found)

    async def _alert(self) -> None:
        """Once about each difference, however many runs see it."""
        overdue = await workflow.execute_activity_method(
            ReconciliationActivities.find_overdue,
            workflow.now() - self._now.alert_after,
            **SLOW_WRITE,
            summary="find what is open for too long",
        )
        if overdue and await self._alerted():
            alerted = Alerted(discrepancy_ids=overdue, at=workflow.now())
            await workflow.execute_activity_method(
                ReconciliationActivities.mark_alerted,
                alerted,
                **SLOW_WRITE,
                summary="keep what was alerted about",
            )

    async def _alerted(self) -> bool:
        code = AlertCode.DISCREPANCY_OPEN
        alert = AlertOrder(order_id=self._run_id, code=code, sent=0, at=workflow.now())
        return await self._delivered(DocumentActivities.send_alert, alert, f"alert: {code}")

    async def _delivered(
        self, activity: Callable[[S, A], Awaitable[None]], argument: A, what: str
    ) -> bool:
        """Whether it was mailed: a mail server or a worker that is away must not hold up the next runs."""
        options = DAILY_REPORT if self._now.kind is RunKind.RECENT else FREQUENT_REPORT
        try:
            await workflow.execute_activity_method(activity, argument, **options, summary=what)
        except ActivityError as failure:
            if is_cancelled_exception(failure):
                raise
            workflow.logger.warning("mail.given_up", extra={"mail": what})
            return False
        return True

    def _batch(self) -> Batch:
        return Batch(
            run_id=self._run_id,
            kind=self._now.kind,
            since=self._started_at - timedelta(days=self._now.days),
            after=self._now.after,
            size=self._now.batch_size,
            at=workflow.now(),
            until=self._started_at,
            is_recheck=self._now.phase is Phase.RECHECKING,
        )

    def _which(self) -> str:
        size, after = self._now.batch_size, self._now.after
        return f"up to {size} attempts after {after}" if after else f"the first {size} attempts"

    def _counted(self, result: BatchResult, tally: Tally, *, is_left: bool) -> bool:
        """Add what a batch came to; whether another batch follows, perhaps in a new run."""
        self._now = replace(
            self._now,
            tally=self._now.tally.plus(tally),
            after=result.last or self._now.after,
            is_left=self._now.is_left or is_left,
        )
        self._show()
        if result.last is None:
            return False
        if should_move_on(to_newer=True):
            move_on(self._now)
        return True

    def _enter(self, phase: Phase) -> None:
        self._now = replace(self._now, phase=phase, after="")
        self._show()

    def _show(self) -> None:
        workflow.set_current_details(_details(self._now))


def _details(now: Reconciliation) -> str:
    tally = now.tally
    lines = [
        f"**{_SAYS[now.phase]}**",
        f"- {tally.checked} attempts checked, {tally.unanswered} without an answer",
        f"- {sum(tally.found.values())} differences found, {tally.repaired} repaired",
        *(f"- {kind}: {count}" for kind, count in sorted(tally.found.items())),
    ]
    return "\n".join(lines)


_SAYS = {
    Phase.CHECKING: "Asking Midtrans about each attempt",
    Phase.SETTLING: "Waiting while the orders' runs repair what differs",
    Phase.RECHECKING: "Asking again about what differed",
    Phase.REPORTING: "Closing the run and reporting",
    Phase.DONE: "Done",
}
