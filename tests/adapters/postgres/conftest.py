"""One PostgreSQL per test run, one migrated database in it; each test uses orders of its own."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tink import mac

from adapters.keysets import AeadKeyset, load_aead, load_mac, new_aead_keyset, new_mac_keyset
from adapters.postgres.bank_details_store import BankDetailsStore
from adapters.postgres.credit_note_store import CreditNoteStore
from adapters.postgres.engine import create_engine
from adapters.postgres.invoice_store import InvoiceStore
from adapters.postgres.mail_ledger import MailLedger
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.reconciliation_store import ReconciliationStore
from adapters.postgres.schema import migrate
from adapters.postgres.sealing import Sealer
from local_stack.ports import Ports
from local_stack.postgres import Postgres, run_postgres
from payments.methods import PaymentMethod
from payments.progress import Progress
from payments.request import PaymentRequest
from payments.status import AttemptStatus
from tests.adapters.postgres.rows import report_by
from tests.payments.samples import (
    MERCHANT,
    REQUEST,
    SNAP_REQUEST,
    TERMS,
    answer_of,
    opening_of,
    placement_of,
)


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


@pytest.fixture
async def fresh_engine(postgres: Postgres) -> AsyncIterator[AsyncEngine]:
    """A database in which nobody else has orders."""
    url = await postgres.create_database(f"fresh_{secrets.token_hex(6)}")
    await migrate(url)
    engine = create_engine(url, application_name="tests")
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
def credit_notes(engine: AsyncEngine, sealer: Sealer) -> CreditNoteStore:
    return CreditNoteStore(engine, sealer)


@pytest.fixture
def details(engine: AsyncEngine, sealer: Sealer) -> BankDetailsStore:
    return BankDetailsStore(engine, sealer)


@pytest.fixture
def reconciliation(engine: AsyncEngine, sealer: Sealer) -> ReconciliationStore:
    return ReconciliationStore(engine, sealer)


@pytest.fixture
def ledger(engine: AsyncEngine, sealer: Sealer) -> MailLedger:
    return MailLedger(engine, sealer, "skaters.example")


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


@pytest.fixture
def paid(
    store: PaymentStore, opened: Callable[[PaymentRequest], Awaitable[Progress]]
) -> Callable[[PaymentRequest], Awaitable[Progress]]:
    """Bring an order to the point where it is paid, by its own method."""

    async def pay(request: PaymentRequest) -> Progress:
        await opened(request)
        return await store.record_answer(answer_of(request, report_by(request, AttemptStatus.PAID)))

    return pay


@pytest.fixture
async def paid_by_gopay(
    order: PaymentRequest, paid: Callable[[PaymentRequest], Awaitable[Progress]]
) -> PaymentRequest:
    """A paid order whose money the gateway can give back."""
    by_gopay = replace(order, method=PaymentMethod.GOPAY)
    await paid(by_gopay)
    return by_gopay


@pytest.fixture
async def paid_by_transfer(
    order: PaymentRequest, paid: Callable[[PaymentRequest], Awaitable[Progress]]
) -> PaymentRequest:
    """A paid order whose money somebody must transfer back."""
    await paid(order)
    return order
