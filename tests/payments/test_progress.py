from dataclasses import replace
from datetime import timedelta

import pytest

from payments.believing import answered
from payments.charging import charge_refused, closing_begun, placed
from payments.gateway import ChargeFailure, ClosingCause
from payments.mails import Mail, MailKind
from payments.payment import Payment
from payments.progress import Windows, progress_of
from payments.status import AttemptStatus
from tests.payments.causes import CANCELLED, CORE, EXPIRED, PAID, PLACED, heard
from tests.payments.samples import (
    NOW,
    REQUEST,
    TERMS,
    attempt_of,
    report_of,
    with_second_attempt,
)

RECEIPT = Mail(MailKind.RECEIPT, 1)
FAILURE = Mail(MailKind.FAILURE, 1)
REFUSED = charge_refused(PLACED, 1, "402", TERMS, NOW).payment


def test_the_workflow_sees_ids_statuses_and_times() -> None:
    progress = progress_of(CORE, ())

    assert progress.open_attempt == progress.latest_attempt
    assert progress.attempt(1) == progress.latest_attempt
    assert progress.attempt(0) is progress.attempt(2) is None
    assert progress.latest_attempt.knows("trx-1", AttemptStatus.PENDING)
    assert not progress.latest_attempt.knows("trx-1", AttemptStatus.PAID)
    assert not progress.waits_for_a_human


def test_the_gateway_is_asked_about_the_transaction_heard_of_last() -> None:
    attempt = progress_of(CORE, ()).latest_attempt

    assert attempt.ref("SKT-1001").gateway_order_id == "SKT-1001~1"
    assert attempt.ref("SKT-1001").transaction_id == "trx-1"
    assert attempt.ref("SKT-1001", "trx-2").transaction_id == "trx-2"
    assert progress_of(PLACED, ()).latest_attempt.ref("SKT-1001").transaction_id is None


def test_whether_the_customer_can_pay_is_seen() -> None:
    assert progress_of(CORE, ()).latest_attempt.has_instructions
    assert not progress_of(PLACED, ()).latest_attempt.has_instructions


def test_why_a_charge_failed_is_seen() -> None:
    closing = closing_begun(
        placed(REQUEST, attempt_of(REQUEST)).payment,
        1,
        ClosingCause.CHARGE_FAILED,
        TERMS,
        NOW,
        ChargeFailure.UNKNOWN,
    ).payment

    attempt = progress_of(closing, ()).latest_attempt

    assert (attempt.closing, attempt.failure) == (
        ClosingCause.CHARGE_FAILED,
        ChargeFailure.UNKNOWN,
    )


def test_a_paid_order_has_no_open_attempt() -> None:
    assert progress_of(PAID, ()).open_attempt is None


def test_an_invoice_is_due_once() -> None:
    assert progress_of(PAID, ()).invoice_due
    assert not progress_of(replace(PAID, invoice_number="INV-2026-000001"), ()).invoice_due
    assert not progress_of(CORE, ()).invoice_due


@pytest.mark.parametrize(
    ("payment", "sent", "due"),
    [
        (PLACED, (), None),
        (CORE, (), None),
        (PAID, (), RECEIPT),
        (PAID, (RECEIPT,), None),
        (REFUSED, (), FAILURE),
        (REFUSED, (FAILURE,), None),
        (EXPIRED, (), Mail(MailKind.EXPIRY, 1)),
        (CANCELLED, (), Mail(MailKind.CANCELLATION, 1)),
    ],
)
def test_each_mail_is_due_once(payment: Payment, sent: tuple[Mail, ...], due: Mail | None) -> None:
    assert progress_of(payment, sent).mail_due == due


def test_the_failure_of_another_attempt_is_another_mail() -> None:
    failed = replace(with_second_attempt(REFUSED), status=REFUSED.status)

    assert progress_of(failed, (FAILURE,)).mail_due == Mail(MailKind.FAILURE, 2)


def test_the_receipt_is_about_the_attempt_that_paid() -> None:
    paid = heard(with_second_attempt(EXPIRED), AttemptStatus.PAID)

    assert progress_of(paid, ()).mail_due == RECEIPT


def test_a_doubted_attempt_waits_for_a_human() -> None:
    report = replace(report_of(REQUEST, AttemptStatus.PAID), nonce="another")

    doubted = answered(CORE, 1, report, TERMS, NOW).payment

    assert progress_of(doubted, ()).waits_for_a_human


def test_a_customer_has_five_minutes() -> None:
    assert Windows().payment == timedelta(minutes=5)
