"""The order that these tests are about, and what the gateway may say of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from payments.changes import Terms
from payments.charging import NewAttempt, charge_opened, placed
from payments.commands import Answer, Closing, OpenedCharge, Placement
from payments.gateway import (
    ChargeOpened,
    ClosingCause,
    InstructionKind,
    Instructions,
    StatusReport,
)
from payments.invoice import Merchant
from payments.methods import Integration, PaymentMethod
from payments.money import Currency, Money
from payments.payment import Payment
from payments.request import Customer, LineItem, PaymentRequest
from payments.status import AttemptStatus

NOW = datetime(2026, 11, 23, 7, 0, 0, 123456, tzinfo=UTC)
MERCHANT = Merchant(name="Skaters", address=("Jl. Kemang Raya 10",), email="halo@skaters.example")
TERMS = Terms(merchant_id="G812785002", another_method=timedelta(hours=24))

REQUEST = PaymentRequest(
    order_id="SKT-1001",
    method=PaymentMethod.BCA_VA,
    integration=Integration.CORE,
    amount=Money(350_000, Currency.IDR),
    items=(
        LineItem("DECK-8", "Skate deck 8.0", 400_000, 1),
        LineItem("PROMO", "Diskon", -100_000, 1),
        LineItem("SHIP", "Ongkos kirim", 25_000, 2),
    ),
    customer=Customer("Sari Dewi", "Sari@Example.com", "+62 812-3456-789"),
    return_url="https://skaters.example/orders/SKT-1001",
)
SNAP_REQUEST = replace(REQUEST, method=PaymentMethod.ANY, integration=Integration.SNAP)
VIRTUAL_ACCOUNT = Instructions(
    kind=InstructionKind.VIRTUAL_ACCOUNT, bank="bca", va_number="81278500253"
)
SNAP_PAGE = Instructions(
    kind=InstructionKind.REDIRECT,
    token="66e4fa55-fdac-4ef9-91b5-733b97d1b862",
    redirect_url="https://app.midtrans.com/snap/v3/redirection/66e4fa55",
)


def after(**span: float) -> datetime:
    return NOW + timedelta(**span)


def attempt_of(request: PaymentRequest, number: int = 1) -> NewAttempt:
    return NewAttempt(
        number=number,
        method=request.method,
        integration=request.integration,
        nonce=f"nonce-of-{request.order_id}",
        idempotency_key=f"key-of-{request.order_id}",
        at=NOW,
        expires_at=after(minutes=5),
    )


def next_attempt_of(
    request: PaymentRequest,
    number: int = 2,
    method: PaymentMethod = PaymentMethod.QRIS,
    at: datetime | None = None,
) -> NewAttempt:
    """An attempt with another method, once the one before is over."""
    accepted_at = at or after(minutes=10)
    return replace(
        attempt_of(request, number),
        method=method,
        at=accepted_at,
        expires_at=accepted_at + timedelta(minutes=5),
    )


def report_of(
    request: PaymentRequest, status: AttemptStatus, transaction_id: str = "trx-1"
) -> StatusReport:
    """A report that fits the order's first attempt."""
    return StatusReport(
        gateway_order_id=f"{request.order_id}~1",
        transaction_id=transaction_id,
        status=status,
        payment_type="bank_transfer",
        method=PaymentMethod.BCA_VA,
        amount=request.amount,
        fee=Money.zero(Currency.IDR),
        merchant_id=TERMS.merchant_id,
        nonce=f"nonce-of-{request.order_id}",
        paid_at=after(minutes=1) if status is AttemptStatus.PAID else None,
    )


def opened_of(request: PaymentRequest) -> ChargeOpened:
    if request.integration is Integration.SNAP:
        return ChargeOpened(instructions=SNAP_PAGE, report=None)
    return ChargeOpened(
        instructions=VIRTUAL_ACCOUNT, report=report_of(request, AttemptStatus.PENDING)
    )


def awaiting_payment(request: PaymentRequest) -> Payment:
    """The order's payment once the customer has the instructions."""
    placed_payment = placed(request, attempt_of(request)).payment
    return charge_opened(placed_payment, 1, opened_of(request), TERMS, NOW).payment


def with_second_attempt(payment: Payment) -> Payment:
    """The payment after another method was chosen."""
    second = replace(
        awaiting_payment(payment.request).attempts[0],
        number=2,
        method=PaymentMethod.QRIS,
        transactions=(),
    )
    return replace(payment, attempts=(*payment.attempts, second), retry_until=None)


def placement_of(request: PaymentRequest) -> Placement:
    return Placement(request=request, attempt=attempt_of(request), actor="checkout")


def opening_of(request: PaymentRequest) -> OpenedCharge:
    return OpenedCharge(
        order_id=request.order_id, number=1, opened=opened_of(request), at=after(seconds=1)
    )


def answer_of(
    request: PaymentRequest,
    report: StatusReport | AttemptStatus | None,
    *,
    is_closed: bool = False,
    at: datetime | None = None,
) -> Answer:
    return Answer(
        order_id=request.order_id,
        number=1,
        report=report_of(request, report) if isinstance(report, AttemptStatus) else report,
        is_closed=is_closed,
        at=at or after(minutes=1),
    )


def closing_of(request: PaymentRequest, cause: ClosingCause, reason: str | None = None) -> Closing:
    return Closing(
        order_id=request.order_id,
        number=1,
        cause=cause,
        actor="checkout",
        at=after(minutes=5),
        reason=reason,
    )
