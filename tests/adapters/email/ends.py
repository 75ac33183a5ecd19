"""Payments that ended without money, and where their mails lead to."""

from datetime import timedelta

from adapters.email.desk import Desk
from payments.methods import Integration, PaymentMethod
from payments.money import Currency, Money
from payments.payment import Payment, PaymentAttempt
from payments.request import PaymentRequest
from payments.status import AttemptStatus, PaymentStatus
from tests.adapters.invoice_pdf.invoices import INVOICE, PAID_AT

ACCEPTED_AT = PAID_AT
EXPIRES_AT = ACCEPTED_AT + timedelta(minutes=5)
RETRY_UNTIL = EXPIRES_AT + timedelta(hours=24)
TOKEN = "Zk3v-7gYw0m1hJqf9r2uXbTtLQ8sNcEo5PiVaKdW4_x"
LINK = f"https://pay.skaters.example/pay/{TOKEN}"
DESK = Desk(
    admin_email="admin@skaters.example",
    pay_url="https://pay.skaters.example",
    web_ui_url="https://temporal.skaters.example",
)

REQUEST = PaymentRequest(
    order_id=INVOICE.order_id,
    method=PaymentMethod.BCA_VA,
    integration=Integration.CORE,
    amount=INVOICE.total,
    items=INVOICE.items,
    customer=INVOICE.customer,
)
ATTEMPT = PaymentAttempt(
    number=1,
    method=PaymentMethod.BCA_VA,
    integration=Integration.CORE,
    status=AttemptStatus.PENDING,
    nonce="nonce",
    idempotency_key="key",
    accepted_at=ACCEPTED_AT,
    expires_at=EXPIRES_AT,
    link_token=TOKEN,
)


def ended(status: PaymentStatus) -> Payment:
    """The order after its only attempt, with a link to the next unless it was cancelled."""
    return Payment(
        request=REQUEST,
        status=status,
        version=3,
        created_at=ACCEPTED_AT,
        updated_at=EXPIRES_AT,
        attempts=(ATTEMPT,),
        refunded_amount=Money.zero(Currency.IDR),
        retry_until=None if status is PaymentStatus.CANCELLED else RETRY_UNTIL,
    )
