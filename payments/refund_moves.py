"""The steps that a refund goes through, whoever causes them, and what follows from each."""

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
    with_attempt,
    with_refund,
)
from payments.gateway import GatewayTransaction
from payments.payment import Payment, PaymentAttempt, attempt_status_from
from payments.refunds import (
    GIVEN_BACK,
    WAITING,
    Refund,
    RefundStatus,
)
from payments.status import AttemptStatus

# Instead of the gateway's code: why a refund that it never heard of is not made.
ELSEWHERE, CHARGED_BACK, REVERSED = "elsewhere", "charged_back", "reversed"


def refund_sent(payment: Payment, refund_key: str, at: datetime) -> Change:
    """From now on the gateway may know the refund; its key lives for 7 days from here."""
    refund = payment.refund(refund_key)
    if refund is None or refund.sent_at is not None or not refund.is_to_be_sent:
        return Change(payment)
    sent = replace(refund, sent_at=at)
    return Change(with_refund(payment, sent), (refund_entry("refund.sent", sent),))


def refund_stuck(payment: Payment, refund_key: str) -> Change:
    """Nobody has said for too long what became of the refund."""
    refund = payment.refund(refund_key)
    if refund is None or refund.status not in {RefundStatus.REQUESTED, RefundStatus.ACCEPTED}:
        return Change(payment)
    return needs_a_human(payment, refund_case(CaseCode.REFUND_STUCK, refund))


def stopped(payment: Payment, transaction_id: str, why: str) -> Change:
    """The money is not here any more, so what the gateway does not know yet will not go back."""
    change = Change(payment)
    for refund in payment.refunds:
        is_known_there = refund.status is RefundStatus.REQUESTED and refund.sent_at is not None
        is_waiting = refund.transaction_id == transaction_id and refund.status in WAITING
        if is_waiting and not is_known_there:
            refused = replace(refund, gateway_code=why)
            change = change.then(partial(refund_refused, refund=refused))
    return change


def approved(payment: Payment, refund: Refund, actor: str) -> Change:
    """A second person lets the refund go out."""
    changed = replace(refund, approved_by=actor)
    return Change(with_refund(payment, changed), (refund_entry("refund.approved", changed),))


def transferred(
    payment: Payment, refund: Refund, actor: str, reference: str, terms: Terms, at: datetime
) -> Change:
    """A third person has transferred the money by hand."""
    by_hand = replace(
        refund, transferred_by=actor, reference=reference, forget_at=at + terms.details_kept
    )
    return given_back(payment, by_hand, at, confirmed_at=at)


def made_manual(payment: Payment, refund: Refund) -> Change:
    """Somebody must transfer it: a case with the amount (DESIGN §6 row 10)."""
    manual = replace(refund, status=RefundStatus.MANUAL, approved_by=None)
    change = Change(with_refund(payment, manual), (refund_entry("refund.manual", manual),))
    change = change.then(lambda now: _cases_closed(now, manual))
    return change.then(lambda now: needs_a_human(now, refund_case(CaseCode.MANUAL_REFUND, manual)))


def refund_refused(payment: Payment, refund: Refund) -> Change:
    """The refund is not made; the money stays, unless it has left in another way."""
    refused = replace(refund, status=RefundStatus.REFUSED)
    change = Change(with_refund(payment, refused), (refund_entry("refund.refused", refused),))
    return change.then(lambda now: _cases_closed(now, refund))


def refund_made(payment: Payment, refund: Refund, at: datetime) -> Change:
    """The money is back with the customer, as a human was told."""
    return given_back(payment, refund, at, confirmed_at=at)


def case_key(code: CaseCode, refund: Refund) -> CaseKey:
    """The case of this kind that is about the refund."""
    return CaseKey(code=code, transaction_id=refund.transaction_id, about=refund.refund_key)


def details_forgotten(payment: Payment, refund_key: str) -> Change:
    """The customer's bank details are deleted."""
    refund = payment.refund(refund_key)
    if refund is None or refund.forget_at is None:
        return Change(payment)
    changed = replace(refund, forget_at=None)
    return Change(with_refund(payment, changed), (refund_entry("bank_details.deleted", changed),))


def credit_noted(payment: Payment, refund_key: str, number: str) -> Change:
    """A credit note was issued for the refund."""
    refund = payment.refund(refund_key)
    if refund is None or refund.credit_note_number is not None:
        return Change(payment)
    changed = replace(refund, credit_note_number=number)
    entry = AuditEntry("credit_note.issued", {"credit_note_number": number, "refund": refund_key})
    return Change(with_refund(payment, changed), (entry,))


def needs_credit_note(payment: Payment, refund: Refund) -> bool:
    """Whether the refund takes back a part of what an invoice says."""
    return (
        refund.status in GIVEN_BACK
        and refund.credit_note_number is None
        and payment.invoice_number is not None
        and payment.paying is not None
        and payment.paying.transaction_id == refund.transaction_id
    )


def given_back(
    payment: Payment, refund: Refund, at: datetime, *, confirmed_at: datetime | None
) -> Change:
    is_confirmed = confirmed_at is not None
    given = replace(
        refund,
        status=RefundStatus.CONFIRMED if is_confirmed else RefundStatus.ACCEPTED,
        accepted_at=refund.accepted_at or at,
        confirmed_at=confirmed_at,
    )
    booked = _transaction_followed(with_refund(payment, given), given)
    change = Change(booked, (refund_entry(f"refund.{given.status}", given),))
    # Until the bank confirms it, a stuck refund stays somebody's; nothing else is left to decide.
    codes = _CASES if is_confirmed else _CASES - {CaseCode.REFUND_STUCK}
    return change.then(lambda now: _cases_closed(now, given, codes))


def _transaction_followed(payment: Payment, refund: Refund) -> Payment:
    """The transaction is as far refunded at the gateway as its refunds there say."""
    attempt = attempt_of(payment, refund.transaction_id)
    transaction = transaction_of(payment, refund.transaction_id)
    is_by_hand = refund.transferred_by is not None
    if is_by_hand or transaction.status not in _REFUNDABLE:
        return payment
    books = payment.books_of(transaction)
    at_gateway = books.refunded - payment.transferred_of(transaction)
    is_all = at_gateway.value >= books.captured.value
    status = AttemptStatus.REFUNDED if is_all else AttemptStatus.PARTIALLY_REFUNDED
    changed = attempt.with_changed(replace(transaction, status=status))
    return with_attempt(payment, replace(changed, status=attempt_status_from(changed)))


_REFUNDABLE = frozenset({AttemptStatus.PAID, AttemptStatus.PARTIALLY_REFUNDED})


_CASES = frozenset({CaseCode.MANUAL_REFUND, CaseCode.REFUND_APPROVAL, CaseCode.REFUND_STUCK})


def _cases_closed(payment: Payment, refund: Refund, codes: frozenset[CaseCode] = _CASES) -> Change:
    """Nobody needs to decide this about the refund any more."""
    change = Change(payment)
    for code in sorted(codes):
        key = case_key(code, refund)
        closed = partial(needs_nobody, key=key, resolution=Resolution.SUPERSEDED)
        change = change.then(closed)
    return change


def refund_case(code: CaseCode, refund: Refund) -> Case:
    details = {"cause": refund.cause.value}
    return Case(
        key=case_key(code, refund), attempt=refund.attempt, details=details, amount=refund.amount
    )


def refund_entry(event: str, refund: Refund) -> AuditEntry:
    code = {"gateway_code": refund.gateway_code} if refund.gateway_code else {}
    details = {
        "refund": refund.refund_key,
        "attempt": str(refund.attempt),
        "transaction_id": refund.transaction_id,
        "cause": refund.cause.value,
    }
    return AuditEntry(event, {**details, **code})


def attempt_of(payment: Payment, transaction_id: str) -> PaymentAttempt:
    return next(each for each in payment.attempts if each.transaction(transaction_id) is not None)


def transaction_of(payment: Payment, transaction_id: str) -> GatewayTransaction:
    transaction = attempt_of(payment, transaction_id).transaction(transaction_id)
    assert transaction is not None, "it was just found"
    return transaction
