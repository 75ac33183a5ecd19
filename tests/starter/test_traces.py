"""One trace from the checkout's call to the customer's mail, on a real Temporal server.

The worker keeps no run in memory, so that each of its tasks replays all that went before.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.documents import DocumentActivities, DocumentParts
from activities.gateway import GatewayActivities
from activities.records import RecordActivities
from adapters.invoice_pdf.drawer import InvoicePdfDrawer
from adapters.keysets import load_aead
from adapters.postgres.mail_ledger import MailLedger
from adapters.postgres.sealing import Sealer
from adapters.temporal.client import connect, ensure_search_attributes
from adapters.tracing import tracing
from payments.commands import AlertOrder
from payments.credit_note import Credit
from payments.invoice import Invoice
from payments.mails import Mail
from payments.payment import Payment
from payments.progress import Windows
from tests.namespaces import namespace_of_its_own
from tests.observability.collector import Collector, attributes_of, has_failed, running_collector
from tests.starter.conftest import KEY, Keysets, Shop
from tests.starter.gateway import VA_NUMBER, PlannedGateway
from tests.starter.orders import order
from tests.webhook_bridge.notifications import SERVER_KEY, notification
from webhook_bridge.app import create_app
from webhook_bridge.inbox import Inbox
from workflows.names import DOCUMENTS_QUEUE, PAYMENTS_QUEUE, SEARCH_ATTRIBUTES
from workflows.payment import PaymentWorkflow
from workflows.sandbox import RUNNER

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE, CALLERS_SPAN = CALLER.split("-")[1:3]
SARI = ("Sari Dewi", "sari@example.com", "+628123456789")
AMOUNTS = ("350000", "350.000")
QUOTED = "the server says: sari@example.com is unknown"


@dataclass
class Postbox:
    """A mailer whose server refuses the first mail, in words that quote the customer."""

    sent: asyncio.Event = field(default_factory=asyncio.Event)
    refused: int = 0

    async def send_receipt(self, invoice: Invoice, pdf: bytes, message_id: str) -> None:
        if not self.refused:
            self.refused += 1
            raise ValueError(QUOTED)
        self.sent.set()

    async def send_notice(
        self, mail: Mail, payment: Payment, credit: Credit | None, message_id: str
    ) -> None: ...

    async def send_alert(self, alert: AlertOrder) -> None: ...


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with running_collector() as collector:
        yield collector


@pytest.fixture(scope="module")
async def namespace(temporal: WorkflowEnvironment, keysets: Keysets) -> Client:
    client = await namespace_of_its_own(temporal.client, load_aead(keysets.temporal).aead)
    await ensure_search_attributes(client, SEARCH_ATTRIBUTES)
    return client


@pytest.fixture(scope="module")
async def traced(
    shop: Shop, sealer: Sealer, keysets: Keysets, namespace: Client, collector: Collector
) -> Collector:
    """What the collector holds once an order was started, paid, told of, invoiced and mailed."""
    gateway, postbox = PlannedGateway(), Postbox()
    async with tracing(collector.url, "tests") as traces:
        client = await connect(
            load_aead(keysets.temporal),
            environment={
                "TEMPORAL_ADDRESS": namespace.service_client.config.target_host,
                "TEMPORAL_NAMESPACE": namespace.namespace,
            },
            interceptors=traces.interceptors,
        )
        api = traces.traced(shop.api(temporal=client), continues=True)
        bridge = traces.traced(create_app(Inbox(client, (SERVER_KEY,))))
        async with (
            Worker(
                client,
                task_queue=PAYMENTS_QUEUE,
                workflows=[PaymentWorkflow],
                activities=[
                    *RecordActivities(shop.store, Windows()).all(),
                    *GatewayActivities(gateway, shop.store, shop.store).all(),
                ],
                workflow_runner=RUNNER,
                max_cached_workflows=0,
            ),
            Worker(
                client,
                task_queue=DOCUMENTS_QUEUE,
                activities=documents(shop, sealer, postbox).all(),
            ),
            calling(api) as checkout,
            calling(bridge) as midtrans,
        ):
            await checkout.post("/v1/payments", json=order(ORDER), headers={"traceparent": CALLER})
            gateway.pay(f"{ORDER}~1")
            await midtrans.post("/webhooks/midtrans", content=notification(f"{ORDER}~1"))
            await asyncio.wait_for(postbox.sent.wait(), timeout=60)
            await checkout.get("/v1/payments/sari@example.com")
            await checkout.get("/pay/a-secret-token")
    return collector


ORDER = "SKT-TRACED"


def documents(shop: Shop, sealer: Sealer, postbox: Postbox) -> DocumentActivities:
    return DocumentActivities(
        DocumentParts(
            payments=shop.store,
            invoices=shop.invoices,
            credit_notes=shop.credit_notes,
            drawer=InvoicePdfDrawer(),
            ledger=MailLedger(shop.engine, sealer, "skaters.example"),
            mailer=postbox,
        )
    )


def calling(app: object) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]  # httpx has a type of its own
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers)


async def test_one_trace_leads_from_the_checkout_to_the_mail(traced: Collector) -> None:
    spans = traced.trace(TRACE)

    assert {
        "POST /v1/payments",
        "StartUpdateWithStartWorkflow:PaymentWorkflow",
        "RunWorkflow:PaymentWorkflow",
        "RunActivity:place_order",
        "RunActivity:open_charge",
        "RunActivity:record_opened",
        "RunActivity:record_answer",
        "RunActivity:issue_invoice",
        "RunActivity:send_mail",
    } <= {span.name for span in spans}
    known = {span.span_id.hex() for span in spans} | {CALLERS_SPAN}
    assert {span.parent_span_id.hex() for span in spans} <= known


async def test_the_webhook_is_linked_to_the_run_that_it_moved(traced: Collector) -> None:
    [received] = traced.named("POST /webhooks/midtrans")
    [sent] = traced.named("SignalWorkflow:gateway_reported")
    [handled] = traced.named("HandleSignal:gateway_reported")

    assert sent.parent_span_id == received.span_id
    assert [link.span_id for link in handled.links] == [sent.span_id]
    assert handled.trace_id.hex() == TRACE


async def test_a_replay_adds_no_span(traced: Collector) -> None:
    times = Counter(span.name for span in traced.spans)

    once = [name for name in times if name.startswith(("Handle", "Validate", "StartActivity"))]
    assert {name: times[name] for name in (*once, "RunWorkflow:PaymentWorkflow")} == dict.fromkeys(
        (*once, "RunWorkflow:PaymentWorkflow"), 1
    )


async def test_spans_name_the_order_and_nothing_of_its_customer(traced: Collector) -> None:
    told = b"".join(traced.bodies).decode(errors="replace")

    for secret in (*SARI, *AMOUNTS, VA_NUMBER, KEY, "a-secret-token", QUOTED):
        assert secret not in told
    mailing = [attributes_of(span) for span in traced.named("RunActivity:send_mail")]
    assert {each["order_id"] for each in mailing} == {ORDER}


async def test_an_error_is_told_by_its_kind_only(traced: Collector) -> None:
    refused, sent = traced.named("RunActivity:send_mail")

    assert has_failed(refused)
    assert not has_failed(sent)
    assert refused.status.message == ""
    [event] = refused.events
    assert [(each.key, each.value.string_value) for each in event.attributes] == [
        ("exception.type", "ValueError")
    ]
