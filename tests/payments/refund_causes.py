"""Payments of each kind whose money can go back, and how it does."""

from dataclasses import replace
from datetime import datetime

from payments.believing import answered
from payments.cases import CaseCode, CaseKey, Resolution
from payments.changes import Change, Terms
from payments.deciding import Decision, case_decided
from payments.gateway import StatusReport
from payments.methods import PaymentMethod
from payments.money import Currency, Money
from payments.payment import Payment
from payments.refund_moves import case_key, refund_sent
from payments.refund_reports import refund_answered
from payments.refunding import RefundWish, refund_requested
from payments.refunds import (
    RETURNS,
    Refund,
    RefundAnswer,
    RefundCause,
    RefundOutcome,
    ReportedRefund,
)
from payments.status import AttemptStatus
from tests.payments.causes import SNAP
from tests.payments.samples import SNAP_REQUEST, TERMS, after, report_of

ASKED = after(minutes=30)
DAY_LATER = after(days=1)
LIMITED = replace(TERMS, approval_above=200_000)


def rupiah(value: int) -> Money:
    return Money(value, Currency.IDR)


def told(
    status: AttemptStatus,
    method: PaymentMethod = PaymentMethod.QRIS,
    transaction_id: str = "trx-1",
    *refunds: ReportedRefund,
) -> StatusReport:
    """What the gateway says of a transaction of the Snap page."""
    report = report_of(SNAP_REQUEST, status, transaction_id)
    return replace(report, method=method, refunds=refunds)


def paid_by(method: PaymentMethod) -> Payment:
    report = told(AttemptStatus.PAID, method)
    return answered(SNAP, 1, report, TERMS, after(minutes=1)).payment


def wish_of(
    amount: int | None = None, refund_key: str = "r-1", *, by_transfer: bool = False
) -> RefundWish:
    return RefundWish(
        refund_key=refund_key,
        amount=None if amount is None else rupiah(amount),
        reason="wheels are missing",
        actor="ani",
        by_transfer=by_transfer,
    )


def asked(
    payment: Payment,
    amount: int | None = None,
    refund_key: str = "r-1",
    *,
    by_transfer: bool = False,
    terms: Terms = TERMS,
    at: datetime = ASKED,
) -> Payment:
    wish = wish_of(amount, refund_key, by_transfer=by_transfer)
    return refund_requested(payment, wish, terms, at).payment


def sent(payment: Payment, refund_key: str = "r-1") -> Payment:
    return refund_sent(payment, refund_key, after(minutes=31)).payment


def answered_with(
    payment: Payment, outcome: RefundOutcome, refund_key: str = "r-1", code: str | None = None
) -> Change:
    answer = RefundAnswer(outcome=outcome, gateway_code=code)
    return refund_answered(payment, refund_key, answer, after(minutes=32))


def the_refund(payment: Payment, refund_key: str = "r-1") -> Refund:
    refund = payment.refund(refund_key)
    assert refund is not None
    return refund


def listed(payment: Payment, refund_key: str = "r-1", *, confirmed: bool = False) -> ReportedRefund:
    """Our refund as the gateway lists it."""
    refund = the_refund(payment, refund_key)
    confirmed_at = DAY_LATER if confirmed else None
    return ReportedRefund(key=refund.gateway_key, amount=refund.amount, confirmed_at=confirmed_at)


def decided(
    payment: Payment,
    key: CaseKey,
    resolution: Resolution,
    actor: str = "budi",
    *,
    reference: str | None = None,
    amount: int | None = None,
) -> Change:
    decision = Decision(
        resolution=resolution,
        actor=actor,
        at=DAY_LATER,
        reference=reference,
        amount=None if amount is None else rupiah(amount),
    )
    return case_decided(payment, key, decision, TERMS)


def about(payment: Payment, code: CaseCode, refund_key: str = "r-1") -> CaseKey:
    return case_key(code, the_refund(payment, refund_key))


def transferred(payment: Payment, refund_key: str = "r-1") -> Payment:
    """One operator approves, another one transfers."""
    key = about(payment, CaseCode.MANUAL_REFUND, refund_key)
    approved = decided(payment, key, Resolution.APPROVED, "budi").payment
    return decided(approved, key, Resolution.TRANSFERRED, "citra", reference="TRF-1").payment


def returned_because(payment: Payment) -> RefundCause | None:
    """Why money goes back that came too late or twice, if any did."""
    causes = [each.cause for each in payment.refunds if each.cause in RETURNS]
    return causes[-1] if causes else None
