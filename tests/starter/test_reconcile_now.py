"""`starter reconcile` without a file: a run over the last days, started by hand."""

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from temporalio.worker import Worker

from activities.reconciliation import ReconciliationActivities
from adapters.invoice_pdf.report_drawer import ReportPdfDrawer
from adapters.postgres.reconciliation_store import ReconciliationStore
from adapters.postgres.reconciliation_tables import finance_exports
from payments.errors import GatewayUnreachableError
from payments.gateway import AttemptRef, StatusReport
from payments.reconciliation import RunReport
from starter.client import utc_now
from tests.payments.samples import MERCHANT, NOW
from tests.starter.books import Books
from tests.starter.gateway import PlannedGateway
from tests.starter.terminal import invoke
from workflows.names import DOCUMENTS_QUEUE, PAYMENTS_QUEUE
from workflows.orders import OrderSignals
from workflows.reconciliation import Reconciliation, ReconciliationWorkflow
from workflows.sandbox import RUNNER

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]


@dataclass
class Answering(PlannedGateway):
    """It has nothing, or cannot be asked."""

    is_away: bool = False

    async def ask_about(self, attempt: AttemptRef, transaction_id: str) -> StatusReport | None:
        if self.is_away:
            raise GatewayUnreachableError("no answer")
        return await super().ask_about(attempt, transaction_id)


@dataclass
class Finance:
    gateway: Answering = field(default_factory=Answering)
    mailed: list[str] = field(default_factory=list)

    async def send_report(self, report: RunReport, pdf: bytes, differences: bytes) -> None:
        self.mailed.append(report.run_id)


@pytest.fixture
async def finance(books: Books) -> AsyncIterator[Finance]:
    """A worker that reconciles the books with a gateway that has nothing."""
    finance = Finance()
    activities = ReconciliationActivities(
        finance.gateway,
        ReconciliationStore(books.engine, books.sealer),
        OrderSignals(books.temporal, "nobody"),
        ReportPdfDrawer(MERCHANT),
        finance,
        1000,
    )
    payments = Worker(
        books.temporal,
        task_queue=PAYMENTS_QUEUE,
        workflows=[ReconciliationWorkflow],
        activities=activities.all(),
        workflow_runner=RUNNER,
    )
    documents = Worker(
        books.temporal, task_queue=DOCUMENTS_QUEUE, activities=activities.documents()
    )
    async with payments, documents:
        yield finance


async def test_the_last_days_are_reconciled_now(books: Books, finance: Finance) -> None:
    result = await books.starter("reconcile", "--json")

    assert result.exit_code == 0, result.stderr
    summary = json.loads(result.stdout)
    assert (summary["kind"], summary["checked"], summary["found"]) == ("recent", 0, {})
    assert finance.mailed == [summary["run_id"]]


async def test_what_differs_now_is_shown_and_fails_the_command(
    books: Books, finance: Finance, tmp_path: Path
) -> None:
    await books.paid("SKT-1")
    days = (utc_now() - NOW).days + 2
    file = tmp_path / "run.csv"

    settings = {**books.environment, "PAYMENTS_RECONCILE_DAYS": str(max(days, 1))}
    result = await invoke("reconcile", environment=settings)
    [run] = json.loads((await books.starter("reconcile", "runs", "--json")).stdout)
    written = await books.starter("reconcile", "report", run["run_id"], "--csv", str(file))

    assert result.exit_code == 1
    assert "Missing at the gateway" in result.stdout
    assert [each["kind"] for each in await books.differences()] == ["theirs_missing"]
    assert written.exit_code == 0
    assert "SKT-1~1,trx-SKT-1,paid,bca_va,350000,0," in file.read_text()
    async with books.engine.connect() as connection:
        [noted] = (await connection.execute(select(finance_exports))).all()
    assert noted.actor.startswith("cli:")
    assert (noted.rows, noted.digest) == (1, hashlib.sha256(file.read_bytes()).digest())
    assert noted.exported_from.isoformat(timespec="seconds")[:19] == run["started_at"][:19]


async def test_a_gateway_that_does_not_answer_fails_the_command(
    books: Books, finance: Finance
) -> None:
    await books.paid("SKT-1")
    finance.gateway.is_away = True
    days = (utc_now() - NOW).days + 2

    settings = {**books.environment, "PAYMENTS_RECONCILE_DAYS": str(max(days, 1))}
    result = await invoke("reconcile", "--json", environment=settings)

    summary = json.loads(result.stdout)
    assert (summary["unanswered"], summary["open_discrepancies"]) == (1, 0)
    assert result.exit_code == 1


async def test_a_run_by_hand_alerts_after_the_time_that_the_settings_say(
    books: Books, finance: Finance
) -> None:
    assert finance.mailed == []
    settings = {**books.environment, "PAYMENTS_DISCREPANCY_ALERT_HOURS": "5"}

    result = await invoke("reconcile", "--json", environment=settings)

    handle = books.temporal.get_workflow_handle(json.loads(result.stdout)["run_id"])
    started = (await handle.fetch_history()).events[0]
    payloads = started.workflow_execution_started_event_attributes.input.payloads
    [order] = await books.temporal.data_converter.decode(payloads, [Reconciliation])
    assert order.alert_after == timedelta(hours=5)


async def test_a_cluster_that_is_away_is_one_line(books: Books) -> None:
    away = {**books.environment, "TEMPORAL_ADDRESS": "127.0.0.1:9"}

    result = await invoke("reconcile", environment=away)

    assert result.exit_code == 1
    assert result.stderr == (
        "asking the gateway\nerror: Temporal cannot be reached at the moment\n"
    )
