"""One PostgreSQL per test run, one migrated database in it; each test uses orders of its own."""

import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.keysets import load_aead, load_mac, new_aead_keyset, new_mac_keyset
from adapters.postgres.engine import create_engine
from adapters.postgres.invoice_store import InvoiceStore
from adapters.postgres.mail_ledger import MailLedger
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.schema import migrate
from adapters.postgres.sealing import Sealer
from local_stack.ports import Ports
from local_stack.postgres import Postgres, run_postgres
from payments.changes import NewAttempt, Terms
from payments.commands import OpenedCharge, Placement
from payments.gateway import ChargeOpened, InstructionKind, Instructions, StatusReport
from payments.invoice import Merchant
from payments.methods import Integration, PaymentMethod
from payments.money import Currency, Money
from payments.request import Customer, LineItem, PaymentRequest
from payments.status import AttemptStatus

NOW = datetime(2026, 11, 23, 7, 0, 0, 123456, tzinfo=UTC)
MERCHANT = Merchant(name="Skaters", address=("Jl. Kemang Raya 10",), email="halo@skaters.example")
TERMS = Terms(merchant_id="G812785002", another_method=timedelta(hours=24))


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def request_of(order_id: str) -> PaymentRequest:
    return PaymentRequest(
        order_id=order_id,
        method=PaymentMethod.BCA_VA,
        integration=Integration.CORE,
        amount=Money(350_000, Currency.IDR),
        items=(
            LineItem("DECK-8", "Skate deck 8.0", 400_000, 1),
            LineItem("PROMO", "Diskon", -50_000, 1),
        ),
        customer=Customer("Sari Dewi", "Sari@Example.com", "+62 812-3456-789"),
        return_url="https://skaters.example/orders/1",
    )


def placement_of(request: PaymentRequest) -> Placement:
    attempt = NewAttempt(
        number=1,
        method=request.method,
        integration=request.integration,
        nonce="nonce-" + request.order_id,
        idempotency_key="key-" + request.order_id,
        at=NOW,
        expires_at=after(300),
    )
    return Placement(request=request, attempt=attempt, actor="checkout")


def report_of(request: PaymentRequest, status: AttemptStatus) -> StatusReport:
    """A report that fits the order's first attempt; tests replace what should not fit."""
    return StatusReport(
        gateway_order_id=f"{request.order_id}~1",
        transaction_id="trx-1",
        status=status,
        payment_type="bank_transfer",
        method=PaymentMethod.BCA_VA,
        amount=request.amount,
        fee=Money.zero(request.amount.currency),
        merchant_id=TERMS.merchant_id,
        nonce="nonce-" + request.order_id,
        paid_at=after(60) if status is AttemptStatus.PAID else None,
    )


def opened_of(request: PaymentRequest, **instructions: str) -> OpenedCharge:
    shown = Instructions(kind=InstructionKind.VIRTUAL_ACCOUNT, bank="bca", va_number="81278500253")
    return OpenedCharge(
        order_id=request.order_id,
        number=1,
        opened=ChargeOpened(
            instructions=replace(shown, **instructions),
            report=report_of(request, AttemptStatus.PENDING),
        ),
        at=after(1),
    )


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
def sealer() -> Sealer:
    return Sealer(load_aead(new_aead_keyset()), load_mac(new_mac_keyset()))


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
def new_request() -> Callable[[], PaymentRequest]:
    return lambda: request_of(f"SKT-{secrets.token_hex(6)}")


@pytest.fixture
def request_(new_request: Callable[[], PaymentRequest]) -> PaymentRequest:
    return new_request()
