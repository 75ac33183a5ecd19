"""What we tell the gateway and what it tells us, in our own words."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from payments.methods import Integration, PaymentMethod
from payments.money import Money
from payments.refunds import ReportedRefund
from payments.request import PaymentRequest, gateway_order_id
from payments.status import AttemptStatus

GATEWAY = "midtrans"


class InstructionKind(StrEnum):
    REDIRECT = "redirect"
    VIRTUAL_ACCOUNT = "virtual_account"
    BILL = "bill"
    QR = "qr"
    DEEPLINK = "deeplink"
    PAYMENT_CODE = "payment_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instructions:
    """What the customer needs to pay; members that the kind does not use are None."""

    kind: InstructionKind
    token: str | None = None
    redirect_url: str | None = None
    va_number: str | None = None
    bank: str | None = None
    bill_key: str | None = None
    biller_code: str | None = None
    qr_string: str | None = None
    qr_url: str | None = None
    deeplink_url: str | None = None
    payment_code: str | None = None
    store: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRef:
    """Which attempt is meant, without any personal datum.

    `transaction_id` is the one heard of last, if any: some methods answer to nothing else
    (fact sheet §5).
    """

    order_id: str
    number: int
    integration: Integration
    transaction_id: str | None = None

    @property
    def gateway_order_id(self) -> str:
        return gateway_order_id(self.order_id, self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """The request that opens an attempt; repeating it with the same ids never charges twice.

    `method` and `integration` are the attempt's own, which may differ from the first request's.
    """

    request: PaymentRequest
    number: int
    method: PaymentMethod
    integration: Integration
    nonce: str
    idempotency_key: str
    accepted_at: datetime
    expires_at: datetime

    @property
    def gateway_order_id(self) -> str:
        return gateway_order_id(self.request.order_id, self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """The gateway's answer about one of its transactions.

    `amount` is what the customer pays, `fee` the part of it that the customer bears on top of
    the order. `method` is None where the gateway's words fit none of ours. `settled` tells a
    final settlement from a card still in capture. `refunds` are those it lists, `refunded` is
    their sum as it reckons. `is_partial` tells a chargeback of a part, whose amount the gateway
    does not say. Members are None where the gateway is silent.
    """

    gateway_order_id: str
    transaction_id: str
    status: AttemptStatus
    payment_type: str
    method: PaymentMethod | None
    amount: Money
    fee: Money
    merchant_id: str | None = None
    nonce: str | None = None
    settled: bool = False
    paid_at: datetime | None = None
    refunds: tuple[ReportedRefund, ...] = ()
    refunded: Money | None = None
    is_partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayTransaction:
    """One transaction that the gateway made for an attempt; Snap may make several.

    `captured` is what the order got of it, without `customer_fee`, which the customer bore on top;
    None before money came, and where there was no such fee. `charged_back` is what a human recorded of a dispute; None while that is open or all.
    """

    transaction_id: str
    payment_type: str
    status: AttemptStatus
    method: PaymentMethod | None = None
    captured: Money | None = None
    customer_fee: Money | None = None
    charged_back: Money | None = None
    paid_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeOpened:
    """A successful charge: what the customer needs, and the transaction where one exists yet.

    Snap has no transaction before the customer chooses a method (fact sheet §2.4).
    """

    instructions: Instructions | None
    report: StatusReport | None


class ClosingCause(StrEnum):
    """Why an open attempt is being closed at the gateway."""

    DEADLINE = "deadline"
    CANCEL = "cancel"
    CHARGE_FAILED = "charge_failed"
    OTHER_METHOD = "other_method"


ENDS_AS = {
    ClosingCause.DEADLINE: AttemptStatus.EXPIRED,
    ClosingCause.CANCEL: AttemptStatus.CANCELLED,
    ClosingCause.CHARGE_FAILED: AttemptStatus.FAILED,
    ClosingCause.OTHER_METHOD: AttemptStatus.CANCELLED,
}


class ChargeFailure(StrEnum):
    """Why a charge did not open an attempt: refused, never sent, or nobody knows."""

    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


class ReviewDecision(StrEnum):
    """What an operator decides about a payment in review."""

    APPROVE = "approve"
    DENY = "deny"


class Mismatch(StrEnum):
    """In what a report differs from what we asked for; nothing is paid then (DESIGN §6 row 6)."""

    GATEWAY_ORDER_ID = "gateway_order_id"
    MERCHANT = "merchant"
    NONCE = "nonce"
    CURRENCY = "currency"
    AMOUNT = "amount"


def mismatches(charge: Charge, merchant_id: str, report: StatusReport) -> tuple[Mismatch, ...]:
    """Compare a report with the charge it should answer; silence of the gateway is no mismatch.

    The expected amount is the order's plus the fee that the report declares (fact sheet §2.6).
    """
    amount = charge.request.amount
    found = {
        Mismatch.GATEWAY_ORDER_ID: report.gateway_order_id != charge.gateway_order_id,
        Mismatch.MERCHANT: report.merchant_id not in (None, merchant_id),
        Mismatch.NONCE: report.nonce not in (None, charge.nonce),
        Mismatch.CURRENCY: report.amount.currency is not amount.currency,
        Mismatch.AMOUNT: report.amount.value - report.fee.value != amount.value,
    }
    return tuple(mismatch for mismatch, differs in found.items() if differs)
