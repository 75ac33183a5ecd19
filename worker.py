"""The composition root of the worker: `python -m worker` reads as a list of its parts."""

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, NoReturn

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette
from temporalio.client import Client
from temporalio.common import WorkerDeploymentVersion
from temporalio.runtime import Runtime
from temporalio.service import RPCError
from temporalio.worker import PollerBehaviorAutoscaling, Worker

from activities.documents import DocumentActivities, DocumentParts
from activities.gateway import GatewayActivities
from activities.reconciliation import ReconciliationActivities
from activities.records import RecordActivities
from adapters.email.mailer import SmtpMailer
from adapters.health import Check, Readiness, health_routes
from adapters.http_server import served_beside
from adapters.invoice_pdf.drawer import InvoicePdfDrawer
from adapters.invoice_pdf.report_drawer import ReportPdfDrawer
from adapters.lifetime import live
from adapters.midtrans.gateway import MidtransGateway
from adapters.postgres.clock import database_time
from adapters.postgres.credit_note_store import CreditNoteStore
from adapters.postgres.engine import create_engine
from adapters.postgres.invoice_store import InvoiceStore
from adapters.postgres.keyset_uses import KeysetUses
from adapters.postgres.mail_ledger import MailLedger
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.reconciliation_store import ReconciliationStore
from adapters.postgres.sealing import Sealer
from adapters.telemetry import configure_logging
from adapters.temporal.client import connect
from adapters.temporal.deployments import pinned, version_in
from adapters.temporal.pollers import Tasks
from adapters.temporal.presence import Presence
from adapters.temporal.runtime import WorkerMetrics, sdk_runtime
from adapters.tracing import tracing
from settings import Settings, SettingsError, load_settings
from workflows.names import DOCUMENTS_QUEUE, PAYMENTS_QUEUE
from workflows.orders import OrderSignals
from workflows.payment import PaymentWorkflow
from workflows.reconciliation import ReconciliationWorkflow
from workflows.sandbox import RUNNER

GRACE = timedelta(seconds=10)
# Activities that are cancelled when the grace is over have as long again to end.
LIMIT = 2 * GRACE
LOOK_AGAIN = timedelta(seconds=10)
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

    @property
    def tasks(self) -> Sequence[Tasks]:
        return (Tasks.WORKFLOWS, Tasks.ACTIVITIES) if self.workflows else (Tasks.ACTIVITIES,)


def duties(
    settings: Settings,
    engine: AsyncEngine,
    gateway: MidtransGateway,
    client: Client,
    metrics: WorkerMetrics | None = None,
) -> dict[str, Duties]:
    """Every task queue and who serves it."""
    keysets = settings.keysets
    sealer = Sealer(keysets.database, keysets.lookup)
    counts = metrics or WorkerMetrics()
    store = PaymentStore(engine, sealer, settings.terms, counts.payment_changed)
    records = RecordActivities(store, settings.windows)
    at_gateway = GatewayActivities(gateway, store, store)
    smtp = settings.smtp
    mailer = SmtpMailer(smtp, settings.merchant, settings.desk, counts.mail_sent)
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
            ledger=MailLedger(engine, sealer, smtp.domain),
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


def worker_on(
    client: Client, queue: str, duty: Duties, version: WorkerDeploymentVersion | None = None
) -> Worker:
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
        deployment_config=pinned(version),
    )


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Serve the task queues of the settings until `stop` is set, then drain."""
    _check(settings)
    engine = create_engine(settings.secret("database_url"), application_name="payments-worker")
    keysets = settings.keysets
    runtime = _runtime(settings)
    metrics = WorkerMetrics(runtime.metric_meter)
    gateway = MidtransGateway(settings.midtrans, metrics.gateway_called)
    presence = Presence(_version())
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        stack.callback(gateway.shut_down)
        probes = _probes(presence, engine, stop)
        await stack.enter_async_context(
            served_beside(probes, settings.worker_host, settings.worker_port)
        )
        traces = await stack.enter_async_context(tracing(settings.traces_url, "payments-worker"))
        connecting = partial(
            connect, keysets.temporal, interceptors=traces.interceptors, runtime=runtime
        )
        client = await _connected(connecting, stop)
        if client is None:
            return
        served = duties(settings, engine, gateway, client, metrics)
        mine = {queue: served[queue] for queue in settings.task_queues}
        presence.begin(client, {queue: duty.tasks for queue, duty in mine.items()})
        workers = [worker_on(client, *each, presence.version) for each in mine.items()]
        telling = KeysetUses(engine).told("worker", keysets.by_name(), build=_build(presence))
        await stack.enter_async_context(telling)
        for worker in workers:
            await stack.enter_async_context(worker)
        await stack.enter_async_context(_watching(presence))
        logger.info("worker.started", extra={"task_queues": settings.task_queues})
        await stop.wait()
        logger.info("worker.draining")
        await asyncio.gather(*(worker.shutdown() for worker in workers))
    logger.info("worker.stopped")


def _build(presence: Presence) -> str | None:
    return None if presence.version is None else presence.version.build_id


def _check(settings: Settings) -> None:
    settings.require(*REQUIRED)
    unknown = set(settings.task_queues) - set(QUEUES)
    if unknown or not settings.task_queues:
        raise SettingsError(f"PAYMENTS_TASK_QUEUES: name some of {', '.join(QUEUES)}")


def _runtime(settings: Settings) -> Runtime:
    try:
        return sdk_runtime(settings.metrics_address)
    except ValueError as error:
        raise SettingsError(f"PAYMENTS_METRICS_ADDRESS: {error}") from None


def _version() -> WorkerDeploymentVersion | None:
    try:
        return version_in(os.environ)
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _probes(presence: Presence, engine: AsyncEngine, stop: asyncio.Event) -> Starlette:
    checks: Mapping[str, Check] = {
        "temporal": presence.reach_temporal,
        "pollers": presence.poll,
        "database": partial(database_time, engine),
    }
    return Starlette(routes=health_routes(Readiness(checks, stop, presence.facts)))


async def _connected(
    connecting: Callable[[], Awaitable[Client]], stop: asyncio.Event
) -> Client | None:
    """Wait for a Temporal that is not there yet; None when told to end first."""
    told = asyncio.create_task(stop.wait())
    while not told.done():
        trying = asyncio.ensure_future(connecting())
        # A Temporal that is silent must not keep us from ending.
        await asyncio.wait((trying, told), return_when=asyncio.FIRST_COMPLETED)
        if not trying.done():
            break
        try:
            return trying.result()
        except RuntimeError as error:  # so the SDK reports that it cannot connect
            logger.warning("worker.waiting", extra={"reason": str(error)})
        await asyncio.wait((told,), timeout=LOOK_AGAIN.total_seconds())
    return None


@asynccontextmanager
async def _watching(presence: Presence) -> AsyncIterator[None]:
    """Keep an eye on whether this version gets any work, as long as the context lasts."""

    async def watch() -> None:
        while True:
            with suppress(RPCError):
                await presence.look_at_version()
            await asyncio.sleep(LOOK_AGAIN.total_seconds())

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()


def main() -> NoReturn:
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.exit(f"worker: {error}")
    configure_logging(settings.log_level)
    live("worker", partial(serve, settings), limit=LIMIT, expected=SettingsError)


if __name__ == "__main__":
    main()
