"""One order, one charge, one report: the values that workflow tests begin with."""

from datetime import UTC, datetime
from itertools import count

from payments.gateway import Charge, InstructionKind, Instructions, StatusReport
from payments.methods import Integration, PaymentMethod
from payments.money import Currency, Money
from payments.request import Customer, LineItem, PaymentRequest, gateway_order_id
from payments.status import AttemptStatus

_NUMBERS = count()
MERCHANT_ID = "G000000001"
AMOUNT = Money(350_000, Currency.IDR)


def request(
    order_id: str, *, price: int = 350_000, method: PaymentMethod = PaymentMethod.BCA_VA
) -> PaymentRequest:
    return PaymentRequest(
        order_id=order_id,
        method=method,
        integration=Integration.CORE,
        amount=Money(price, Currency.IDR),
        items=(LineItem("DECK-8", "Skate deck 8.0", price, 1),),
        customer=Customer("Sari Dewi", "sari@example.com", "+628123456789"),
    )


def instructions() -> Instructions:
    return Instructions(kind=InstructionKind.VIRTUAL_ACCOUNT, va_number="81278500253", bank="bca")


def report(charge: Charge, status: AttemptStatus) -> StatusReport:
    return StatusReport(
        gateway_order_id=charge.gateway_order_id,
        transaction_id=f"T-{charge.gateway_order_id}",
        status=status,
        payment_type="bank_transfer",
        method=charge.method,
        amount=charge.request.amount,
        fee=Money.zero(Currency.IDR),
        merchant_id=MERCHANT_ID,
        nonce=charge.nonce,
    )


def notice(order_id: str, status: AttemptStatus, number: int = 1) -> dict[str, str]:
    name = gateway_order_id(order_id, number)
    return {
        "gateway": "midtrans",
        "gateway_order_id": name,
        "transaction_id": f"T-{name}",
        "status": status.value,
        "received_at": datetime.now(UTC).isoformat(),
        "raw": f"notice {next(_NUMBERS)}",
    }
