"""Orders whose customers have still to pay, as many as wanted."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from payments.gateway import GatewayTransaction, InstructionKind, Instructions
from payments.methods import Integration, PaymentMethod
from payments.money import Currency, Money
from payments.payment import Payment, PaymentAttempt
from payments.request import Customer, LineItem, PaymentRequest
from payments.status import AttemptStatus, PaymentStatus

METHOD = PaymentMethod.BCA_VA
AMOUNT = Money(350_000, Currency.IDR)
LONG = timedelta(days=1)


def transaction_id_of(order_id: str) -> str:
    return f"transaction-of-{order_id}"


def open_attempts(first: int, end: int) -> Iterator[Payment]:
    """Those with the numbers from `first` to before `end`."""
    now = datetime.now(UTC)
    return (_payment(f"BENCH-{number:08}", now) for number in range(first, end))


def _payment(order_id: str, now: datetime) -> Payment:
    return Payment(
        request=_request(order_id),
        status=PaymentStatus.AWAITING_PAYMENT,
        version=1,
        created_at=now,
        updated_at=now,
        attempts=(_attempt(order_id, now),),
    )


def _request(order_id: str) -> PaymentRequest:
    return PaymentRequest(
        order_id=order_id,
        method=METHOD,
        integration=Integration.CORE,
        amount=AMOUNT,
        items=(LineItem("DECK-8", "Skate deck", AMOUNT.value, 1),),
        customer=Customer("Sari Dewi", "sari@example.com", "+62 812-3456-789"),
    )


def _attempt(order_id: str, now: datetime) -> PaymentAttempt:
    return PaymentAttempt(
        number=1,
        method=METHOD,
        integration=Integration.CORE,
        status=AttemptStatus.PENDING,
        nonce=f"nonce-of-{order_id}",
        idempotency_key=f"key-of-{order_id}",
        accepted_at=now,
        expires_at=now + LONG,
        instructions=Instructions(
            kind=InstructionKind.VIRTUAL_ACCOUNT, bank="bca", va_number="81278500253"
        ),
        transactions=(
            GatewayTransaction(
                transaction_id=transaction_id_of(order_id),
                payment_type="bank_transfer",
                status=AttemptStatus.PENDING,
                method=METHOD,
            ),
        ),
    )
