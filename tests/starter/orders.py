"""The order that most tests begin with: as JSON, as a request, as a stored payment."""

from datetime import UTC, datetime, timedelta
from typing import Any

from payments.believing import answered, closed
from payments.changes import Terms
from payments.charging import NewAttempt, charge_opened, closing_begun, placed
from payments.gateway import (
    ChargeOpened,
    ClosingCause,
    InstructionKind,
    Instructions,
    StatusReport,
)
from payments.methods import PaymentMethod
from payments.money import Money
from payments.payment import Payment
from payments.refunding import RefundWish, refund_requested
from payments.request import PaymentRequest
from payments.status import AttemptStatus
from starter.documents import PaymentDocument

NOW = datetime(2026, 11, 23, 7, 0, 0, 987654, tzinfo=UTC)
TERMS = Terms(merchant_id="G000000001", another_method=timedelta(hours=24))
VIRTUAL_ACCOUNT = Instructions(
    kind=InstructionKind.VIRTUAL_ACCOUNT, va_number="81278500253", bank="bca"
)


def order(order_id: str, **members: Any) -> dict[str, Any]:
    """What checkout sends; `members` replace its own."""
    return {
        "order_id": order_id,
        "method": "bca_va",
        "integration": "core",
        "locale": "id",
        "amount": {"value": 350000, "currency": "IDR"},
        "items": [
            {"id": "DECK-8", "name": "Skate deck 8.0", "price": 400000, "quantity": 1},
            {"id": "PROMO", "name": "Diskon", "price": -100000, "quantity": 1},
            {"id": "SHIP", "name": "Ongkos kirim", "price": 50000, "quantity": 1},
        ],
        "customer": {"name": "Sari Dewi", "email": "sari@example.com", "phone": "+628123456789"},
        "return_url": "https://skaters.example/orders/1",
        **members,
    }


def request_of(order_id: str, **members: Any) -> PaymentRequest:
    return PaymentDocument.model_validate(order(order_id, **members), strict=False).request()


def prepared(order_id: str, **members: Any) -> Payment:
    """A stored order whose charge is on its way."""
    request = request_of(order_id, **members)
    attempt = NewAttempt(
        number=1,
        method=request.method,
        integration=request.integration,
        nonce="nonce",
        idempotency_key="key",
        at=NOW,
        expires_at=NOW + timedelta(minutes=5),
    )
    return placed(request, attempt).payment


def awaiting(order_id: str, shown: Instructions | None = VIRTUAL_ACCOUNT) -> Payment:
    """A stored order whose customer is to pay."""
    opened = ChargeOpened(instructions=shown, report=None)
    return charge_opened(prepared(order_id), 1, opened, TERMS, NOW).payment


def reported(
    payment: Payment, status: AttemptStatus, method: PaymentMethod | None = None
) -> Payment:
    """The payment after the gateway has told this of its first attempt's transaction."""
    first = payment.attempts[0]
    amount = payment.request.amount
    report = StatusReport(
        gateway_order_id=f"{payment.order_id}~1",
        transaction_id=f"T-{payment.order_id}",
        status=status,
        payment_type="bank_transfer",
        method=method or first.method,
        amount=amount,
        fee=Money.zero(amount.currency),
        merchant_id=TERMS.merchant_id,
        nonce=first.nonce,
    )
    return answered(payment, 1, report, TERMS, NOW).payment


def paid(order_id: str = "SKT-1", method: PaymentMethod = PaymentMethod.BCA_VA) -> Payment:
    """A paid order."""
    return reported(awaiting(order_id), AttemptStatus.PAID, method)


def refunding(payment: Payment, **wish: Any) -> Payment:
    """The payment after somebody has asked for money back; `wish` replaces what is asked for."""
    asked = {"refund_key": "K-1", "amount": None, "reason": "too small", "actor": "ani", **wish}
    return refund_requested(payment, RefundWish(**asked), TERMS, NOW).payment


def paid_too_late(order_id: str = "SKT-1") -> Payment:
    """An order that was cancelled before its money came, by a method that returns it by hand."""
    closing = closing_begun(awaiting(order_id), 1, ClosingCause.CANCEL, TERMS, NOW).payment
    return reported(closed(closing, 1, TERMS, NOW).payment, AttemptStatus.PAID)
