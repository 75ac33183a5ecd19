"""The documents that the checkout API answers with; members may be added, never renamed."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer
from pydantic.config import JsonDict

from payments.cases import CaseCode
from payments.gateway import InstructionKind
from payments.methods import Integration, PaymentMethod
from payments.money import Currency
from payments.refunds import RefundCause, RefundStatus
from payments.status import AttemptStatus, PaymentStatus
from starter.problems import Message


def in_utc(instant: datetime) -> str:
    """`2026-11-23T07:00:00Z`: every instant to the second, a fraction cut off."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Instant = Annotated[datetime, PlainSerializer(in_utc, return_type=str, when_used="json")]


class Body(BaseModel):
    model_config = ConfigDict(frozen=True)


REFUND_EXAMPLE: JsonDict = {
    "refund_key": "SKT-1001-return-1",
    "amount": {"value": 50000, "currency": "IDR"},
    "status": "confirmed",
    "reason": "one wheel was missing",
    "created_at": "2026-11-24T03:00:00Z",
    "confirmed_at": "2026-11-24T03:02:00Z",
    "credit_note_number": "CN-2026-000001",
    "transaction_id": "9aed5972-5b6a-401e-894b-a32c91ed1a3a",
    "cause": "requested",
}


class MoneyBody(Body):
    value: int
    currency: Currency


class InstructionsBody(Body):
    """What the customer needs to pay; members that the kind does not use are null."""

    kind: InstructionKind
    token: str | None
    redirect_url: str | None
    va_number: str | None
    bank: str | None
    bill_key: str | None
    biller_code: str | None
    qr_string: str | None
    qr_url: str | None
    deeplink_url: str | None
    payment_code: str | None
    store: str | None


class TransactionBody(Body):
    transaction_id: str
    payment_type: str
    status: AttemptStatus


class AttemptBody(Body):
    attempt: int
    method: PaymentMethod
    gateway: str
    gateway_order_id: str
    status: AttemptStatus
    transactions: tuple[TransactionBody, ...]


class RefundBody(Body):
    """Money that goes back. The gateway has taken it when `accepted`, the bank when `confirmed`."""

    model_config = ConfigDict(json_schema_extra={"example": REFUND_EXAMPLE})

    refund_key: str
    amount: MoneyBody
    status: RefundStatus
    reason: str
    created_at: Instant
    confirmed_at: Instant | None
    credit_note_number: str | None
    transaction_id: str
    cause: RefundCause


class PaymentBody(Body):
    """How an order's payment stands. Ship when `fulfillable` is true, and only then."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "order_id": "SKT-1001",
                "status": "awaiting_payment",
                "version": 3,
                "livemode": False,
                "attempt": 1,
                "method": "bca_va",
                "paid_with": None,
                "amount": {"value": 350000, "currency": "IDR"},
                "refunded_amount": {"value": 0, "currency": "IDR"},
                "created_at": "2026-11-23T07:00:00Z",
                "expires_at": "2026-11-23T07:05:00Z",
                "paid_at": None,
                "retry_until": None,
                "methods": ["qris", "gopay", "bca_va"],
                "fulfillable": False,
                "fulfil_after": None,
                "payment_url": "https://pay.skaters.example/pay/one-time-token",
                "instructions": {
                    "kind": "virtual_account",
                    "token": None,
                    "redirect_url": None,
                    "va_number": "81278500253",
                    "bank": "bca",
                    "bill_key": None,
                    "biller_code": None,
                    "qr_string": None,
                    "qr_url": None,
                    "deeplink_url": None,
                    "payment_code": None,
                    "store": None,
                },
                "message": {
                    "id": "Silakan transfer Rp350.000 ke BCA Virtual Account …",
                    "en": "Please transfer Rp350.000 to BCA Virtual Account …",
                },
                "invoice_number": None,
                "attempts": [
                    {
                        "attempt": 1,
                        "method": "bca_va",
                        "gateway": "midtrans",
                        "gateway_order_id": "SKT-1001~1",
                        "status": "pending",
                        "transactions": [
                            {
                                "transaction_id": "9aed5972-5b6a-401e-894b-a32c91ed1a3a",
                                "payment_type": "bank_transfer",
                                "status": "pending",
                            }
                        ],
                    }
                ],
                "refunds": [],
                "attention": None,
            }
        }
    )

    order_id: str
    status: PaymentStatus
    version: int
    livemode: bool
    attempt: int
    method: PaymentMethod
    paid_with: PaymentMethod | None
    amount: MoneyBody
    refunded_amount: MoneyBody
    created_at: Instant
    expires_at: Instant
    paid_at: Instant | None
    retry_until: Instant | None
    methods: tuple[PaymentMethod, ...]
    fulfillable: bool
    fulfil_after: Instant | None
    payment_url: str | None
    instructions: InstructionsBody | None
    message: Message
    invoice_number: str | None
    attempts: tuple[AttemptBody, ...]
    refunds: tuple[RefundBody, ...]
    attention: CaseCode | None


class PaymentsBody(Body):
    """Newest first; `next_cursor` is null on the last page."""

    payments: tuple[PaymentBody, ...]
    next_cursor: str | None


class EventBody(Body):
    """One change of status, with the payment as it was then."""

    cursor: str
    order_id: str
    type: str
    version: int
    at: Instant
    payment: PaymentBody


class EventsBody(Body):
    """In order per order id; ask again with `after=next_cursor`, also when there is none yet."""

    events: tuple[EventBody, ...]
    next_cursor: str | None


class MethodBody(Body):
    """What one payment method allows; null where there is no limit, or Midtrans sets its own."""

    method: PaymentMethod
    name: Message
    integrations: tuple[Integration, ...]
    amount_min: MoneyBody
    amount_max: MoneyBody | None
    expiry_min_seconds: int | None
    expiry_max_seconds: int | None
    refundable: bool
    partial_refund: bool
    refund_window_seconds: int | None
    fulfilment_hold_seconds: int


class MethodsBody(Body):
    methods: tuple[MethodBody, ...]


class HealthBody(Body):
    status: str
