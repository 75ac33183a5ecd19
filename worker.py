"""The composition root of the worker: `python -m worker` reads as a list of its parts."""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.worker import PollerBehaviorAutoscaling, Worker

from activities.documents import DocumentActivities, DocumentParts
from activities.gateway import GatewayActivities
from activities.reconciliation import ReconciliationActivities
from activities.records import RecordActivities
from adapters.email.mailer import SmtpMailer
from adapters.invoice_pdf.drawer import InvoicePdfDrawer
from adapters.invoice_pdf.report_drawer import ReportPdfDrawer
from adapters.keysets import load_aead, load_mac
from adapters.midtrans.gateway import MidtransGateway
from adapters.postgres.credit_note_store import CreditNoteStore
from adapters.postgres.engine import create_engine
from adapters.postgres.invoice_store import InvoiceStore
from adapters.postgres.mail_ledger import MailLedger
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.reconciliation_store import ReconciliationStore
from adapters.postgres.sealing import Sealer
from adapters.telemetry import configure_logging
from adapters.temporal.client import connect
from settings import Settings, SettingsError, load_settings
from workflows.names import DOCUMENTS_QUEUE, PAYMENTS_QUEUE
from workflows.orders import OrderSignals
from workflows.payment import PaymentWorkflow
from workflows.reconciliation import ReconciliationWorkflow
from workflows.sandbox import RUNNER

GRACE = timedelta(seconds=10)
QUEUES = (PAYMENTS_QUEUE, DOCUMENTS_QUEUE)
REQUIRED = (
    "database_url",
    "keyset_temporal",
    "keyset_database",
    "keyset_lookup",
    "midtrans_server_key",
    "midtrans_merchant_id",
    "smtp_url",
)

logger = logging.getLogger("worker")


@dataclass(frozen=True, slots=True)
class Duties:
    """What is served on one task queue."""

    workflows: Sequence[type]
    activities: Sequence[Callable[..., Any]]


def duties(
    settings: Settings, engine: AsyncEngine, gateway: MidtransGateway, client: Client
) -> dict[str, Duties]:
    """Every task queue and who serves it."""
    sealer = Sealer(
        load_aead(settings.secret("keyset_database")), load_mac(settings.secret("keyset_lookup"))
    )
    store = PaymentStore(engine, sealer, settings.terms)
    records = RecordActivities(store, settings.windows)
    at_gateway = GatewayActivities(gateway, store, store)
    smtp = settings.smtp
    mailer = SmtpMailer(smtp, settings.merchant, settings.desk)
    reconciliation = ReconciliationActivities(
        gateway,
        ReconciliationStore(engine, sealer, overdue_after=settings.discrepancy_alert_after),
        OrderSignals(client),
        ReportPdfDrawer(settings.merchant),
        mailer,
        settings.reconcile_rate,
    )
    documents = DocumentActivities(
        DocumentParts(
            payments=store,
            invoices=InvoiceStore(engine, sealer, settings.merchant),
            credit_notes=CreditNoteStore(engine, sealer),
            drawer=InvoicePdfDrawer(),
            ledger=MailLedger(engine, smtp.domain),
            mailer=mailer,
        )
    )
    return {
        PAYMENTS_QUEUE: Duties(
            [PaymentWorkflow, ReconciliationWorkflow],
            [*records.all(), *at_gateway.all(), *reconciliation.all()],
        ),
        DOCUMENTS_QUEUE: Duties([], [*documents.all(), *reconciliation.documents()]),
    }


def worker_on(client: Client, queue: str, duty: Duties) -> Worker:
    return Worker(
        client,
        task_queue=queue,
        workflows=duty.workflows,
        activities=duty.activities,
        workflow_runner=RUNNER,
        # Fair to new runs under load; the default starves them (temporal facts, §3.2).
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
        graceful_shutdown_timeout=GRACE,
    )


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Serve the task queues of the settings until `stop` is set, then drain."""
    settings.require(*REQUIRED)
    engine = create_engine(settings.secret("database_url"), application_name="payments-worker")
    gateway = MidtransGateway(settings.midtrans)
    unknown = set(settings.task_queues) - set(QUEUES)
    if unknown or not settings.task_queues:
        raise SettingsError(f"PAYMENTS_TASK_QUEUES: name some of {', '.join(QUEUES)}")
    client = await connect(load_aead(settings.secret("keyset_temporal")))
    served = duties(settings, engine, gateway, client)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        stack.callback(gateway.shut_down)
        for queue in settings.task_queues:
            await stack.enter_async_context(worker_on(client, queue, served[queue]))
        logger.info("worker.started", extra={"task_queues": settings.task_queues})
        await stop.wait()
        logger.info("worker.draining")
    logger.info("worker.stopped")


async def main() -> None:
    settings = load_settings()
    configure_logging(settings.log_level)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(settings, stop)
    # The SDK's threads must be gone before the interpreter is, or it may crash on its way out.
    gc.collect()
    await asyncio.sleep(0.05)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except SettingsError as error:
        sys.exit(f"worker: {error}")
