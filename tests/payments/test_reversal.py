"""A settlement that the bank takes back: the order is not paid any more."""

from dataclasses import replace

import pytest

from payments.believing import answered
from payments.cases import CaseCode, Resolution
from payments.changes import Change
from payments.charging import another_attempt, closing_begun
from payments.errors import NotRefundableError
from payments.gateway import ClosingCause
from payments.mails import Mail, MailKind
from payments.methods import PaymentMethod
from payments.payment import Payment
from payments.progress import NO_REFUND, progress_of
from payments.refunds import RefundOutcome, RefundStatus
from tests.payments.causes import P, S, events
from tests.payments.refund_causes import (
    DAY_LATER,
    answered_with,
    asked,
    paid_by,
    rupiah,
    sent,
    the_refund,
    told,
    transferred,
)
from tests.payments.samples import SNAP_REQUEST, TERMS, after, next_attempt_of

PERMATA = PaymentMethod.PERMATA_VA
PAID = paid_by(PERMATA)
INVOICED = replace(PAID, invoice_number="INV-2026-000001")


def taken_back(payment: Payment, transaction_id: str = "trx-1") -> Change:
    report = told(S.DENIED, PERMATA, transaction_id)
    return answered(payment, 1, report, TERMS, DAY_LATER)


def paid_again(payment: Payment, transaction_id: str = "trx-2") -> Payment:
    report = told(S.PAID, PERMATA, transaction_id)
    return answered(payment, 1, report, TERMS, DAY_LATER).payment


REVERSED = taken_back(INVOICED).payment


def test_the_order_is_unpaid() -> None:
    change = taken_back(PAID)

    payment = change.payment
    assert payment.status is P.REVERSED
    assert (payment.paying, payment.paid_at, payment.paid_with) == (None, None, None)
    assert not payment.is_fulfillable(after(days=9))
    assert events(change) == ["transaction.reversed", "order.reversed"]


def test_hearing_it_again_changes_nothing() -> None:
    assert taken_back(REVERSED) == Change(REVERSED)


def test_what_was_taken_back_cannot_be_given_back() -> None:
    with pytest.raises(NotRefundableError, match="not paid"):
        asked(REVERSED, 1)


def test_the_books_hold_nothing() -> None:
    books = REVERSED.books_of(REVERSED.attempts[0].transactions[0])

    assert books.captured == books.kept == rupiah(0)


def test_its_invoice_is_cancelled_before_the_customer_hears_of_it() -> None:
    assert (REVERSED.invoice_number, REVERSED.cancelled_invoice) == (None, "INV-2026-000001")
    assert progress_of(REVERSED, ()).credit_notes_due == (NO_REFUND,)
    assert progress_of(REVERSED, ()).mails_due == ()

    cancelled = replace(REVERSED, cancelled_invoice=None)
    assert progress_of(cancelled, ()).mails_due == (Mail(MailKind.REVERSAL, 1),)


def test_without_an_invoice_there_is_nothing_to_cancel() -> None:
    assert progress_of(taken_back(PAID).payment, ()).credit_notes_due == ()


def test_it_may_be_paid_again_and_gets_a_new_invoice() -> None:
    new = next_attempt_of(SNAP_REQUEST, method=PaymentMethod.QRIS, at=after(hours=25))
    tried = another_attempt(REVERSED, new).payment
    report = replace(told(S.PAID, PaymentMethod.QRIS, "trx-2"), gateway_order_id="SKT-1001~2")

    paid = answered(tried, 2, report, TERMS, after(hours=25)).payment

    assert (paid.status, paid.paid_attempt) == (P.PAID, 2)
    assert not progress_of(paid, ()).invoice_due, "the old one is cancelled first"
    cancelled = progress_of(replace(paid, cancelled_invoice=None), ())
    assert cancelled.invoice_due
    assert cancelled.mails_due == (Mail(MailKind.RECEIPT, 2),)


def test_a_second_receipt_of_one_attempt_is_another_mail() -> None:
    paid = replace(paid_again(REVERSED), cancelled_invoice=None)

    assert progress_of(paid, (Mail(MailKind.RECEIPT, 1),)).mails_due == (
        Mail(MailKind.RECEIPT, 1, "trx-2"),
    )


def test_an_invoice_that_is_still_to_be_cancelled_is_not_forgotten() -> None:
    twice = taken_back(paid_again(REVERSED), "trx-2").payment

    assert twice.status is P.REVERSED
    assert twice.cancelled_invoice == "INV-2026-000001"


def test_nobody_can_pay_it_again_once_the_shop_cancels_it() -> None:
    cancelled = closing_begun(REVERSED, 1, ClosingCause.CANCEL, TERMS, DAY_LATER).payment

    assert cancelled.status is P.CANCELLED
    assert progress_of(cancelled, ()).credit_notes_due == (NO_REFUND,)


def test_a_transfer_that_waits_is_stopped() -> None:
    reversed_ = taken_back(asked(PAID)).payment

    refund = the_refund(reversed_)
    assert (refund.status, refund.gateway_code) == (RefundStatus.REFUSED, "reversed")
    assert [case.resolution for case in reversed_.cases] == [Resolution.SUPERSEDED]


def test_money_that_was_transferred_and_then_taken_back_is_told() -> None:
    reversed_ = taken_back(transferred(asked(PAID, 100_000))).payment

    assert reversed_.status is P.REVERSED
    assert [(case.code, case.amount) for case in reversed_.cases if case.is_open] == [
        (CaseCode.CONTRADICTION, rupiah(100_000))
    ]
    books = reversed_.books_of(reversed_.attempts[0].transactions[0])
    assert books.kept == rupiah(-100_000)


def test_a_second_payment_that_was_taken_back_leaves_the_order_paid() -> None:
    both = paid_again(INVOICED)

    reversed_ = taken_back(both, "trx-2").payment

    assert (reversed_.status, reversed_.invoice_number) == (P.PAID, "INV-2026-000001")
    assert the_refund(reversed_, "return-trx-2").status is RefundStatus.REFUSED
    assert reversed_.open_cases == ()


def test_a_denial_of_what_was_given_back_is_a_contradiction() -> None:
    given = answered_with(sent(asked(paid_by(PaymentMethod.QRIS))), RefundOutcome.ACCEPTED)

    assert taken_back(given.payment).payment.attention is CaseCode.CONTRADICTION
