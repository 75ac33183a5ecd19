"""Payments that ended or whose money goes back, and where their mails lead to."""

from dataclasses import replace
from datetime import timedelta

from adapters.email.desk import Desk
from payments.gateway import GatewayTransaction
from payments.mails import MAILS, Mail, MailKind
from payments.methods import Integration, PaymentMethod
from payments.money import Currency, Money
from payments.payment import Payment, PaymentAttempt
from payments.refunds import Refund, RefundCause, RefundStatus
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
REFUND_LINK = f"https://pay.skaters.example/refund/{TOKEN}"

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
        retry_until=None if status is PaymentStatus.CANCELLED else RETRY_UNTIL,
    )


REFUND = Refund(
    refund_key="wheels-back",
    gateway_key="8a1b",
    attempt=1,
    transaction_id="trx-1",
    amount=Money(111_000, Currency.IDR),
    reason="the customer is hard to please",
    cause=RefundCause.REQUESTED,
    status=RefundStatus.ACCEPTED,
    requested_by="cashier",
    created_at=EXPIRES_AT,
    accepted_at=EXPIRES_AT,
)
MANUAL = replace(REFUND, status=RefundStatus.MANUAL, accepted_at=None, link_token=TOKEN)
TRANSFERRED = replace(
    MANUAL,
    status=RefundStatus.CONFIRMED,
    transferred_by="treasurer",
    reference="BCA-778812",
    confirmed_at=EXPIRES_AT,
)


def paid(method: PaymentMethod, *refunds: Refund) -> Payment:
    """The order paid by its only attempt, and what goes back of that."""
    transaction = GatewayTransaction(
        transaction_id="trx-1",
        payment_type="any",
        status=AttemptStatus.PAID,
        method=method,
        captured=REQUEST.amount,
        paid_at=PAID_AT,
    )
    attempt = replace(
        ATTEMPT, method=method, status=AttemptStatus.PAID, transactions=(transaction,)
    )
    return replace(
        ended(PaymentStatus.PAID),
        attempts=(attempt,),
        refunds=refunds,
        paid_with=method,
        paid_at=PAID_AT,
        paid_attempt=1,
        paid_transaction_id="trx-1",
        retry_until=None,
    )


def mail_of(payment: Payment) -> Mail:
    """The mail about how the payment ended."""
    kind = MAILS[payment.status]
    assert kind is not None
    return Mail(kind, payment.latest_attempt.number)


def mail_about(refund: Refund) -> Mail:
    is_manual = refund.status is RefundStatus.MANUAL
    kind = MailKind.BANK_DETAILS if is_manual else MailKind.REFUND
    return Mail(kind, refund.attempt, refund.refund_key)
