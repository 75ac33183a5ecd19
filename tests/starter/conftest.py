"""The checkout API on real parts: PostgreSQL, Temporal, the workflow; only the gateway is played."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.gateway import GatewayActivities
from activities.records import RecordActivities
from adapters.keysets import load_aead, load_mac, new_aead_keyset, new_mac_keyset
from adapters.postgres.bank_details_store import BankDetailsStore
from adapters.postgres.credit_note_store import CreditNoteStore
from adapters.postgres.engine import create_engine
from adapters.postgres.invoice_store import InvoiceStore
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.schema import migrate
from adapters.postgres.sealing import Sealer
from adapters.rates import Rate
from adapters.temporal.converter import data_converter
from local_stack.alone import postgres_alone
from local_stack.postgres import Postgres
from payments.changes import Terms
from payments.invoice import Merchant
from payments.progress import Windows
from starter.api import create_api
from starter.client import PaymentClient, utc_now
from starter.keys import ApiKeys, key_hash
from starter.limits import RequestLimits
from starter.operators import OperatorClient
from starter.parts import BODY_WITHIN, ApiParts
from starter.pay_page.pages import PayPages
from tests.namespaces import namespace_of_its_own
from tests.payments.samples import TERMS
from tests.starter.books import Books
from tests.starter.gateway import MERCHANT_ID, PlannedGateway
from tests.starter.terminal import invoke
from workflows.names import PAYMENTS_QUEUE, workflow_id
from workflows.payment import PaymentWorkflow
from workflows.sandbox import RUNNER

KEY = "the-shop's-own-key"
READER_KEY = "finance's-key"
REFUND_KEY = "the-help-desk's-key"
KEYS = ApiKeys.parse(
    (
        f"checkout:{key_hash(KEY)}:start+read",
        f"finance:{key_hash(READER_KEY)}:read",
        f"support:{key_hash(REFUND_KEY)}:read+refund",
    )
)
RETURN_HOSTS = ("skaters.example",)
MERCHANT = Merchant(name="Skaters", address=("Jl. Kemang Raya 10",), email="halo@skaters.example")

PAGES = PayPages(MERCHANT, livemode=False)
PAY_URL = "http://api"
# Longer than in production: who is slow to answer here is a machine with too much to do.
PATIENCE = timedelta(minutes=1)
APPROVAL_ABOVE = 300_000


@dataclass(frozen=True, kw_only=True)
class Keysets:
    temporal: str
    database: str
    lookup: str


@dataclass(frozen=True, kw_only=True)
class Shop:
    """The parts of the service, and the API in front of them."""

    engine: AsyncEngine
    store: PaymentStore
    invoices: InvoiceStore
    credit_notes: CreditNoteStore
    bank_details: BankDetailsStore
    gateway: PlannedGateway
    temporal: Client

    def api(
        self,
        *,
        patience: timedelta = PATIENCE,
        task_queue: str = PAYMENTS_QUEUE,
        temporal: Client | None = None,
        now: Callable[[], datetime] = utc_now,
        limits: RequestLimits | None = None,
        body_within: timedelta = BODY_WITHIN,
    ) -> FastAPI:
        """The API in front of these parts."""
        client = PaymentClient(
            temporal or self.temporal,
            self.store,
            return_hosts=RETURN_HOSTS,
            patience=patience,
            task_queue=task_queue,
            now=now,
        )
        parts = ApiParts(
            client=client,
            lists=self.store,
            links=self.store,
            invoices=self.invoices,
            credit_notes=self.credit_notes,
            refund_forms=self.bank_details,
            keys=KEYS,
            limits=limits or generous(),
            pages=PAGES,
            pay_url=PAY_URL,
            livemode=False,
            now=now,
            body_within=body_within,
        )
        return create_api(parts)

    def http(self, *, key: str | None = KEY, **differing: Any) -> httpx.AsyncClient:
        """The API, differing as `api` has it, as somebody with this key calls it."""
        return http_of(self.api(**differing), key)

    def client(self, patience: timedelta = PATIENCE) -> PaymentClient:
        return PaymentClient(self.temporal, self.store, patience=patience)

    def operators(self) -> OperatorClient:
        return OperatorClient(self.temporal, self.store)

    async def has_run(self, order_id: str) -> bool:
        """Whether Temporal has ever heard of the order."""
        try:
            await self.temporal.get_workflow_handle(workflow_id(order_id)).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True

    async def knows(self, order_id: str) -> bool:
        """Whether anything at all was written about the order."""
        is_stored = await self.store.payment(order_id) is not None
        return is_stored or self.gateway.called[order_id] > 0 or await self.has_run(order_id)


def generous() -> RequestLimits:
    """Limits that no test meets by accident."""
    return RequestLimits(Rate.parse("100000/second"), Rate.parse("100000/second"))


def http_of(api: FastAPI, key: str | None = KEY) -> httpx.AsyncClient:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    # A crash must show as its answer, as it does behind a real server.
    transport = httpx.ASGITransport(app=api, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers)


@pytest.fixture(scope="session")
def keysets() -> Keysets:
    return Keysets(temporal=new_aead_keyset(), database=new_aead_keyset(), lookup=new_mac_keyset())


@pytest.fixture(scope="session")
def sealer(keysets: Keysets) -> Sealer:
    return Sealer(load_aead(keysets.database), load_mac(keysets.lookup))


@pytest.fixture(scope="session")
async def database_url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    directory: Path = tmp_path_factory.mktemp("starter")
    async with postgres_alone(directory) as postgres:
        url = await postgres.create_database("payments")
        await migrate(url)
        yield url


@pytest.fixture(scope="session")
def temporal_client(temporal: WorkflowEnvironment, keysets: Keysets) -> Client:
    config = temporal.client.config()
    config["data_converter"] = data_converter(
        load_aead(keysets.temporal), temporal.client.namespace
    )
    return Client(**config)


@asynccontextmanager
async def open_shop(
    database_url: str, temporal_client: Client, sealer: Sealer
) -> AsyncIterator[Shop]:
    """The service on a database and in a namespace, with a worker of its own."""
    engine = create_engine(database_url, application_name="tests", pool_size=20)
    terms = Terms(
        merchant_id=MERCHANT_ID, another_method=timedelta(hours=24), approval_above=APPROVAL_ABOVE
    )
    store = PaymentStore(engine, sealer, terms)
    gateway = PlannedGateway()
    shop = Shop(
        engine=engine,
        store=store,
        invoices=InvoiceStore(engine, sealer, MERCHANT),
        credit_notes=CreditNoteStore(engine, sealer),
        bank_details=BankDetailsStore(engine, sealer),
        gateway=gateway,
        temporal=temporal_client,
    )
    # What stays absent is soon believed to be, so that another method can be tried after it.
    records = RecordActivities(store, Windows(absence=timedelta(seconds=0.1)))
    at_gateway = GatewayActivities(gateway, store, store)
    worker = Worker(
        temporal_client,
        task_queue=PAYMENTS_QUEUE,
        workflows=[PaymentWorkflow],
        activities=[*records.all(), *at_gateway.all()],
        workflow_runner=RUNNER,
    )
    async with worker:
        yield shop
    await engine.dispose()


@pytest.fixture(scope="session")
async def shop(database_url: str, temporal_client: Client, sealer: Sealer) -> AsyncIterator[Shop]:
    async with open_shop(database_url, temporal_client, sealer) as shop:
        yield shop


@pytest.fixture
def order_id() -> str:
    return f"SKT-{secrets.token_hex(6)}"


@pytest.fixture
async def http(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """The API as the shop's checkout calls it."""
    async with shop.http() as client:
        yield client


@pytest.fixture
async def customer(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """A customer's browser: without any key, and never sent elsewhere by itself."""
    async with shop.http(key=None) as client:
        yield client


@pytest.fixture
def keyset_settings(keysets: Keysets) -> dict[str, str]:
    return {
        "PAYMENTS_KEYSET_TEMPORAL": keysets.temporal,
        "PAYMENTS_KEYSET_DATABASE": keysets.database,
        "PAYMENTS_KEYSET_LOOKUP": keysets.lookup,
    }


@pytest.fixture
def environment(
    shop: Shop, database_url: str, temporal: WorkflowEnvironment, keyset_settings: dict[str, str]
) -> dict[str, str]:
    """What a process is told that works on the same parts."""
    return {
        **keyset_settings,
        "PAYMENTS_DATABASE_URL": database_url,
        "TEMPORAL_ADDRESS": temporal.client.service_client.config.target_host,
        "TEMPORAL_NAMESPACE": temporal.client.namespace,
        "COLUMNS": "200",
    }


@pytest.fixture(scope="session")
async def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Postgres]:
    """For tests that count everything that is stored, each in a database of its own."""
    async with postgres_alone(tmp_path_factory.mktemp("books")) as postgres:
        yield postgres


@pytest.fixture
async def books(
    own_postgres: Postgres,
    temporal: WorkflowEnvironment,
    keysets: Keysets,
    keyset_settings: dict[str, str],
    tmp_path: Path,
) -> AsyncIterator[Books]:
    """An empty service that no worker works for, so that what it is told stays to be seen."""
    url = await own_postgres.create_database(f"books_{secrets.token_hex(4)}")
    client = await namespace_of_its_own(temporal.client, load_aead(keysets.temporal))
    environment = {
        **keyset_settings,
        "PAYMENTS_DATABASE_URL": url,
        "TEMPORAL_ADDRESS": client.service_client.config.target_host,
        "TEMPORAL_NAMESPACE": client.namespace,
        "COLUMNS": "240",
    }
    migrated = await invoke("migrate", environment=environment)
    assert migrated.exit_code == 0, migrated.stderr
    engine = create_engine(url, application_name="tests")
    sealer = Sealer(load_aead(keysets.database), load_mac(keysets.lookup))
    yield Books(
        engine=engine,
        sealer=sealer,
        store=PaymentStore(engine, sealer, TERMS),
        temporal=client,
        environment=environment,
        file=tmp_path / "export.csv",
    )
    await engine.dispose()
