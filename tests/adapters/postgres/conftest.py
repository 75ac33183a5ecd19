"""One PostgreSQL per test run, one migrated database in it; each test uses orders of its own."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tink import mac

from adapters.keysets import AeadKeyset, load_aead, load_mac, new_aead_keyset, new_mac_keyset
from adapters.postgres.engine import create_engine
from adapters.postgres.invoice_store import InvoiceStore
from adapters.postgres.mail_ledger import MailLedger
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.schema import migrate
from adapters.postgres.sealing import Sealer
from local_stack.ports import Ports
from local_stack.postgres import Postgres, run_postgres
from payments.progress import Progress
from payments.request import PaymentRequest
from tests.payments.samples import MERCHANT, REQUEST, SNAP_REQUEST, TERMS, opening_of, placement_of


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "postgres" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.postgres)


@pytest.fixture(scope="session")
async def postgres(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Postgres]:
    directory = tmp_path_factory.mktemp("postgres")
    async with run_postgres(directory, port=Ports().choose(), throw_away=True) as postgres:
        yield postgres


@pytest.fixture(scope="session")
async def database_url(postgres: Postgres) -> str:
    url = await postgres.create_database("payments")
    await migrate(url)
    return url


@pytest.fixture(scope="session")
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(database_url, application_name="tests", pool_size=20, max_overflow=30)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
def keyset() -> AeadKeyset:
    return load_aead(new_aead_keyset())


@pytest.fixture(scope="session")
def lookup() -> mac.Mac:
    return load_mac(new_mac_keyset())


@pytest.fixture(scope="session")
def sealer(keyset: AeadKeyset, lookup: mac.Mac) -> Sealer:
    return Sealer(keyset, lookup)


@pytest.fixture
def store(engine: AsyncEngine, sealer: Sealer) -> PaymentStore:
    return PaymentStore(engine, sealer, TERMS)


@pytest.fixture
def invoices(engine: AsyncEngine, sealer: Sealer) -> InvoiceStore:
    return InvoiceStore(engine, sealer, MERCHANT)


@pytest.fixture
def ledger(engine: AsyncEngine) -> MailLedger:
    return MailLedger(engine, "skaters.example")


@pytest.fixture
def new_order() -> Callable[[], PaymentRequest]:
    """Orders that no other test has, through Core API."""
    return lambda: replace(REQUEST, order_id=f"SKT-{secrets.token_hex(6)}")


@pytest.fixture
def order(new_order: Callable[[], PaymentRequest]) -> PaymentRequest:
    return new_order()


@pytest.fixture
def snap_order() -> PaymentRequest:
    return replace(SNAP_REQUEST, order_id=f"SKT-{secrets.token_hex(6)}")


@pytest.fixture
def opened(store: PaymentStore) -> Callable[[PaymentRequest], Awaitable[Progress]]:
    """Bring an order to the point where its customer can pay."""

    async def open_order(request: PaymentRequest) -> Progress:
        await store.place(placement_of(request))
        return await store.record_opened(opening_of(request))

    return open_order
