"""Who reconciles in a test: real workflow and activities, everything else in memory."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from activities.documents import DocumentActivities, DocumentParts
from activities.reconciliation import Orders, ReconciliationActivities
from adapters.keysets import load_aead, new_aead_keyset
from adapters.temporal.converter import data_converter
from payments.changes import Terms
from payments.reconciliation import Tally
from payments.reconciling import RunKind
from tests.workflows.memory import MemoryRecords
from tests.workflows.paper import MemoryCreditNotes
from tests.workflows.reconciling import (
    AskedGateway,
    Books,
    MemoryOrders,
    MemoryReports,
    MemoryRuns,
)
from tests.workflows.samples import MERCHANT_ID
from workflows.names import DOCUMENTS_QUEUE, reconciliation_id
from workflows.reconciliation import Reconciliation, ReconciliationWorkflow
from workflows.sandbox import RUNNER

FAST = 1000.0
NO_TIME = timedelta(milliseconds=1)


@dataclass
class Office:
    """The parts of one test: who reconciles which books with which gateway."""

    client: Client
    queue: str
    runs: MemoryRuns
    gateway: AskedGateway
    orders: MemoryOrders
    reports: MemoryReports

    def worker(self, rate: float = FAST, orders: Orders | None = None) -> Worker:
        return Worker(
            self.client,
            task_queue=self.queue,
            workflows=[ReconciliationWorkflow],
            activities=self.activities(rate, orders).all(),
            workflow_runner=RUNNER,
        )

    def documents(self) -> Worker:
        return Worker(
            self.client,
            task_queue=DOCUMENTS_QUEUE,
            activities=[*self.activities().documents(), *_documents(self.reports).all()],
        )

    def activities(
        self, rate: float = FAST, orders: Orders | None = None
    ) -> ReconciliationActivities:
        return ReconciliationActivities(
            self.gateway, self.runs, orders or self.orders, self.reports, self.reports, rate
        )

    async def start(
        self, kind: RunKind = RunKind.OPEN, batch_size: int = 100, settle: timedelta = NO_TIME
    ) -> WorkflowHandle[Any, Tally]:
        return await self.client.start_workflow(
            ReconciliationWorkflow.run,
            Reconciliation(kind=kind, batch_size=batch_size, settle=settle),
            id=f"{reconciliation_id(kind)}-{uuid.uuid4().hex[:8]}",
            task_queue=self.queue,
        )

    async def reconcile(self, kind: RunKind = RunKind.OPEN, batch_size: int = 100) -> Tally:
        """One run from its beginning to its end."""
        async with self.worker(), self.documents():
            return await (await self.start(kind, batch_size)).result()


def office_at(client: Client, books: Books) -> Office:
    """An office whose worker takes its tasks from a fresh queue, encrypted in any case."""
    config = client.config()
    if config["data_converter"].payload_codec is None:
        keyset = load_aead(new_aead_keyset())
        config["data_converter"] = data_converter(keyset, client.namespace)
    records = MemoryRecords(Terms(merchant_id=MERCHANT_ID, another_method=timedelta(days=1)))
    return Office(
        client=Client(**config),
        queue=f"reconciliation-{uuid.uuid4().hex[:8]}",
        runs=MemoryRuns(books),
        gateway=AskedGateway.of(books),
        orders=MemoryOrders(books),
        reports=MemoryReports(records),
    )


def _documents(reports: MemoryReports) -> DocumentActivities:
    return DocumentActivities(
        DocumentParts(
            payments=reports,
            invoices=reports,
            credit_notes=MemoryCreditNotes(reports.records),
            drawer=reports,
            ledger=reports,
            mailer=reports,
        )
    )
