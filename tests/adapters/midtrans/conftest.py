import ssl
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from adapters.midtrans.client import MidtransClient
from adapters.midtrans.gateway import MidtransGateway
from adapters.midtrans.options import MidtransOptions
from adapters.midtrans.transport import Deadline
from payments.gateway import AttemptRef, Charge
from payments.methods import Integration, PaymentMethod
from payments.money import Currency, Money
from payments.refunds import RefundOrder, gateway_key
from payments.request import Customer, LineItem, PaymentRequest
from tests.adapters.midtrans.planned_server import PlannedServer
from tests.adapters.midtrans.simulator_process import MERCHANT_ID, SERVER_KEY, SimulatorProcess


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("midtrans") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="session")
def certificate(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and certificate of 127.0.0.1 in one file."""
    path = tmp_path_factory.mktemp("midtrans") / "server.pem"
    issued = authority.issue_cert("127.0.0.1", "localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(str(path))
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    """What a planned server speaks; a test may spoil it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def server(tls: ssl.SSLContext) -> Iterator[PlannedServer]:
    server = PlannedServer(tls)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def running_simulator(certificate: Path, ca_file: Path) -> Iterator[SimulatorProcess]:
    simulator = SimulatorProcess(certificate, ca_file)
    yield simulator
    simulator.stop()


@pytest.fixture
def simulator(running_simulator: SimulatorProcess) -> SimulatorProcess:
    """The simulator, as if just started."""
    running_simulator.control("POST", "/reset")
    return running_simulator


@pytest.fixture
def options(ca_file: Path) -> MidtransOptions:
    """Impatient; the address is for the test to replace."""
    return MidtransOptions(
        server_key=SERVER_KEY,
        merchant_id=MERCHANT_ID,
        core_url="https://127.0.0.1:9",
        snap_url="https://127.0.0.1:9/snap/v1",
        ca_file=ca_file,
        connect_timeout=timedelta(seconds=1),
        read_timeout=timedelta(seconds=0.5),
        total_timeout=timedelta(seconds=2),
        pool_size=4,
    )


@pytest.fixture
def planned_options(options: MidtransOptions, server: PlannedServer) -> MidtransOptions:
    return replace(options, core_url=server.url, snap_url=f"{server.url}/snap/v1")


@pytest.fixture
def planned_client(planned_options: MidtransOptions) -> Iterator[MidtransClient]:
    client = MidtransClient(planned_options)
    yield client
    client.close()


@pytest.fixture
def planned_gateway(planned_options: MidtransOptions) -> Iterator[MidtransGateway]:
    gateway = MidtransGateway(planned_options)
    yield gateway
    gateway.shut_down()


@pytest.fixture
def gateway(options: MidtransOptions, simulator: SimulatorProcess) -> Iterator[MidtransGateway]:
    patient = replace(
        options,
        core_url=simulator.url,
        snap_url=f"{simulator.url}/snap/v1",
        read_timeout=timedelta(seconds=5),
        total_timeout=timedelta(seconds=8),
    )
    gateway = MidtransGateway(patient)
    yield gateway
    gateway.shut_down()


@pytest.fixture
def payment_request() -> PaymentRequest:
    return PaymentRequest(
        order_id=f"SKT-{uuid.uuid4().hex[:12]}",
        method=PaymentMethod.BCA_VA,
        amount=Money(350_000, Currency.IDR),
        items=(
            LineItem("DECK-8", "Skate deck 8.0", 400_000, 1),
            LineItem("PROMO", "Diskon", -100_000, 1),
            LineItem("SHIP", "Ongkos kirim", 25_000, 2),
        ),
        customer=Customer("Sari Dewi", "sari.dewi@example.com", "+628123456789"),
        integration=Integration.CORE,
        return_url="https://skaters.example/orders/SKT-1001",
    )


@pytest.fixture
def charge(payment_request: PaymentRequest) -> Charge:
    """A BCA virtual account through Core API, open for five minutes."""
    now = datetime.now(UTC)
    return Charge(
        request=payment_request,
        number=1,
        method=PaymentMethod.BCA_VA,
        integration=Integration.CORE,
        nonce=uuid.uuid4().hex,
        idempotency_key=str(uuid.uuid4()),
        accepted_at=now,
        expires_at=now + timedelta(minutes=5),
    )


@pytest.fixture
def snap_charge(charge: Charge) -> Charge:
    return replace(charge, integration=Integration.SNAP)


@pytest.fixture
def attempt(charge: Charge) -> AttemptRef:
    return AttemptRef(
        order_id=charge.request.order_id, number=charge.number, integration=Integration.CORE
    )


@pytest.fixture
def snap_attempt(attempt: AttemptRef) -> AttemptRef:
    return replace(attempt, integration=Integration.SNAP)


@pytest.fixture
def pending(charge: Charge) -> dict[str, object]:
    """What Midtrans holds of the charge."""
    return {
        "status_code": "201",
        "transaction_id": "T-1",
        "order_id": charge.gateway_order_id,
        "merchant_id": MERCHANT_ID,
        "gross_amount": "350000.00",
        "currency": "IDR",
        "payment_type": "bank_transfer",
        "transaction_status": "pending",
        "va_numbers": [{"bank": "bca", "va_number": "81278500253"}],
        "custom_field1": charge.nonce,
    }


@pytest.fixture
def wanted(charge: Charge) -> RefundOrder:
    """A part of the charge's 350,000 rupiah back."""
    return RefundOrder(
        order_id=charge.request.order_id,
        attempt=charge.number,
        transaction_id="T-1",
        gateway_key=gateway_key("T-1", "r1"),
        method=PaymentMethod.QRIS,
        amount=Money(100_000, Currency.IDR),
        reason="the deck was broken",
        is_whole=False,
        sent_at=None,
    )


@pytest.fixture
def deadline() -> Deadline:
    return Deadline.after(timedelta(seconds=2))


@pytest.fixture
def client_of() -> Iterator[Callable[[MidtransOptions], MidtransClient]]:
    """Make clients that are closed when the test is over."""
    with ExitStack() as clients:
        yield lambda options: clients.enter_context(closing(MidtransClient(options)))
