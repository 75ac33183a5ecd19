"""A run over the last days that is started by hand, and how far it has come."""

import asyncio
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from adapters.postgres.runs import StoredRun
from payments.errors import PermanentError
from payments.reconciliation import RunReport, Tally
from payments.reconciling import RunKind
from starter.errors import UnavailableError
from workflows.names import PAYMENTS_QUEUE, reconciliation_id
from workflows.reconciliation import Reconciliation, ReconciliationWorkflow

_LOOK_EVERY = 1.0  # seconds


class StoredRuns(Protocol):
    async def run(self, run_id: str) -> StoredRun | None: ...


class RecentRun:
    def __init__(self, temporal: Client, runs: StoredRuns, alert_after: timedelta) -> None:
        self._temporal = temporal
        self._runs = runs
        self._alert_after = alert_after

    async def run(self, days: int, at: datetime, moved: Callable[[str], None]) -> RunReport:
        """Start it, wait for its end, and tell `moved` how far it has come."""
        try:
            run_id = await self._done(days, at, moved)
        except (RPCError, RuntimeError):
            raise UnavailableError("Temporal") from None
        stored = await self._runs.run(run_id)
        if stored is None or stored.report is None:
            raise PermanentError(f"run {run_id} has left no report")
        return stored.report

    async def _done(self, days: int, at: datetime, moved: Callable[[str], None]) -> str:
        own = f"{at:%Y-%m-%dT%H:%M:%SZ}-{secrets.token_hex(3)}"
        handle = await self._temporal.start_workflow(
            ReconciliationWorkflow.run,
            Reconciliation(kind=RunKind.RECENT, days=days, alert_after=self._alert_after),
            id=f"{reconciliation_id(RunKind.RECENT)}-{own}",
            task_queue=PAYMENTS_QUEUE,
            static_summary="Reconciliation, started by hand",
        )
        result = asyncio.create_task(handle.result())
        while not (await asyncio.wait({result}, timeout=_LOOK_EVERY))[0]:
            moved(await _progress(handle))
        await result
        return handle.id


async def _progress(handle: WorkflowHandle[ReconciliationWorkflow, Tally]) -> str:
    progress = await handle.query(ReconciliationWorkflow.progress)
    found = sum(progress.tally.found.values())
    return f"{progress.phase}: {progress.tally.checked} attempts, {found} differences"
