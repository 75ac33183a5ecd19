"""What banks take back: a settlement that is reversed, a card payment that is charged back."""

from dataclasses import replace
from datetime import datetime
from functools import partial

from payments.cases import Case, CaseCode, CaseKey, Resolution
from payments.changes import (
    AuditEntry,
    Change,
    Terms,
    needs_a_human,
    needs_nobody,
    restated,
    with_attempt,
)
from payments.gateway import GatewayTransaction, StatusReport
from payments.money import Money
from payments.payment import Payment
from payments.refund_moves import CHARGED_BACK, REVERSED, stopped
from payments.status import PaymentStatus


def settlement_reversed(
    payment: Payment, transaction: GatewayTransaction, terms: Terms, at: datetime
) -> Change:
    """The bank took the money back: the order is unpaid, and may be paid again."""
    change = stopped(payment, transaction.transaction_id, REVERSED)
    change = change.then(lambda now: _lost_after_refund(now, transaction))
    paying = payment.paying
    if paying is None or paying.transaction_id != transaction.transaction_id:
        return change
    unpaid = replace(
        change.payment,
        status=PaymentStatus.REVERSED,
        paid_attempt=None,
        paid_transaction_id=None,
        paid_with=None,
        paid_at=None,
        retry_until=at + terms.another_method,
        invoice_number=None,
        cancelled_invoice=payment.invoice_number or payment.cancelled_invoice,
    )
    return Change(unpaid, (*change.audit, AuditEntry("order.reversed")))


def _lost_after_refund(payment: Payment, transaction: GatewayTransaction) -> Change:
    """Money that was transferred back to the customer, and then taken back by the bank."""
    kept = payment.books_of(transaction).kept
    if kept.value >= 0:
        return Change(payment)
    key = CaseKey(
        code=CaseCode.CONTRADICTION, transaction_id=transaction.transaction_id, about="refunded"
    )
    number = next(
        each.number for each in payment.attempts if each.transaction(transaction.transaction_id)
    )
    details, lost = {"reported": "reversed"}, Money.zero(kept.currency) - kept
    return needs_a_human(payment, Case(key=key, attempt=number, details=details, amount=lost))


def charged_back(
    payment: Payment, number: int, report: StatusReport, terms: Terms, at: datetime
) -> Change:
    """The card's issuer took money back: a case, in which evidence can be given in time."""
    transaction_id = report.transaction_id
    key = CaseKey(
        code=CaseCode.CHARGEBACK,
        transaction_id=transaction_id,
        about="partial" if report.is_partial else "full",
    )
    if payment.case(key) is not None or payment.case(replace(key, about="full")) is not None:
        return Change(payment)
    attempt = payment.attempts[number - 1]
    transaction = attempt.transaction(transaction_id)
    assert transaction is not None, "a report is followed once its transaction is stored"
    # A new dispute is about all that is left, until a human records what it came to.
    disputed = replace(transaction, charged_back=None)
    held = with_attempt(payment, attempt.with_changed(disputed))
    change = needs_nobody(held, replace(key, about="partial"), Resolution.SUPERSEDED)
    change = change.then(partial(stopped, transaction_id=transaction_id, why=CHARGED_BACK))
    due = (at + terms.evidence_within).isoformat(timespec="seconds")
    case = Case(
        key=key,
        attempt=number,
        details={"evidence_due": due},
        amount=change.payment.books_of(disputed).charged_back,
    )
    return change.then(lambda now: needs_a_human(restated(now), case))
