from dataclasses import replace
from datetime import timedelta

import pytest

from payments.believing import answered
from payments.cases import CaseCode, Resolution
from payments.charging import charge_refused, closing_begun, placed
from payments.gateway import ChargeFailure, ClosingCause
from payments.mails import Mail, MailKind
from payments.methods import PaymentMethod
from payments.payment import Payment
from payments.progress import Windows, progress_of
from payments.refund_moves import credit_noted, details_forgotten, refund_stuck
from payments.refunds import RefundOutcome
from payments.status import AttemptStatus
from tests.payments.causes import CANCELLED, CORE, EXPIRED, PAID, PLACED, heard
from tests.payments.refund_causes import answered_with, asked, paid_by, sent, transferred
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
    assert progress.latest_attempt.holds("trx-1")
    assert not progress.latest_attempt.holds("trx-2")
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
    assert progress_of(payment, sent).mails_due == (() if due is None else (due,))


def test_the_failure_of_another_attempt_is_another_mail() -> None:
    failed = replace(with_second_attempt(REFUSED), status=REFUSED.status)

    assert progress_of(failed, (FAILURE,)).mails_due == (Mail(MailKind.FAILURE, 2),)


def test_the_receipt_is_about_the_attempt_that_paid() -> None:
    paid = heard(with_second_attempt(EXPIRED), AttemptStatus.PAID)

    assert progress_of(paid, ()).mails_due == (RECEIPT,)


def test_a_doubted_attempt_waits_for_a_human() -> None:
    report = replace(report_of(REQUEST, AttemptStatus.PAID), nonce="another")

    doubted = answered(CORE, 1, report, TERMS, NOW).payment

    assert progress_of(doubted, ()).waits_for_a_human


def test_a_customer_has_five_minutes() -> None:
    assert Windows().payment == timedelta(minutes=5)


class TestRefunds:
    MANUAL = asked(paid_by(PaymentMethod.BCA_VA), 100_000)
    SENT = sent(asked(paid_by(PaymentMethod.QRIS), 100_000))
    TAKEN = answered_with(SENT, RefundOutcome.ACCEPTED).payment

    def test_the_workflow_sees_what_is_awaited(self) -> None:
        (refund,) = progress_of(self.SENT, ()).refunds

        assert (refund.refund_key, refund.transaction_id) == ("r-1", "trx-1")
        assert refund.sent_at is not None
        assert refund.is_to_be_sent
        assert refund.is_at_the_gateway
        assert not refund.is_stuck

    def test_what_was_not_sent_is_not_at_the_gateway(self) -> None:
        (refund,) = progress_of(self.MANUAL, ()).refunds

        assert not refund.is_at_the_gateway

    def test_a_stuck_refund_is_told_once(self) -> None:
        stuck = refund_stuck(self.TAKEN, "r-1").payment

        (refund,) = progress_of(stuck, ()).refunds
        assert refund.is_stuck
        assert refund.is_at_the_gateway
        assert progress_of(stuck, ()).open_cases == (CaseCode.REFUND_STUCK,)

    def test_a_refund_that_is_over_is_awaited_no_more(self) -> None:
        refused = answered_with(self.SENT, RefundOutcome.REFUSED).payment

        assert progress_of(refused, ()).refunds == ()

    def test_a_transfer_is_awaited_until_the_bank_details_are_deleted(self) -> None:
        done = transferred(self.MANUAL)
        assert len(progress_of(done, ()).refunds) == 1

        assert progress_of(details_forgotten(done, "r-1").payment, ()).refunds == ()


class TestDocuments:
    INVOICED = replace(paid_by(PaymentMethod.QRIS), invoice_number="INV-2026-000001")
    GIVEN = answered_with(sent(asked(INVOICED, 100_000)), RefundOutcome.ACCEPTED).payment
    REFUND = Mail(MailKind.REFUND, 1, "r-1")

    def test_a_credit_note_is_due_once(self) -> None:
        assert progress_of(self.GIVEN, ()).credit_notes_due == ("r-1",)

        noted = credit_noted(self.GIVEN, "r-1", "CN-2026-000001").payment
        assert progress_of(noted, ()).credit_notes_due == ()

    def test_nothing_is_credited_before_it_was_given_back(self) -> None:
        assert progress_of(asked(self.INVOICED), ()).credit_notes_due == ()

    def test_the_customer_hears_of_a_refund_with_its_credit_note(self) -> None:
        assert progress_of(self.GIVEN, (RECEIPT,)).mails_due == ()

        noted = credit_noted(self.GIVEN, "r-1", "CN-2026-000001").payment
        assert progress_of(noted, (RECEIPT,)).mails_due == (self.REFUND,)
        assert progress_of(noted, (RECEIPT, self.REFUND)).mails_due == ()

    def test_a_refund_waits_for_the_invoice_too(self) -> None:
        progress = progress_of(replace(self.GIVEN, invoice_number=None), (RECEIPT,))

        assert progress.invoice_due
        assert progress.has_documents_due
        assert not progress.credit_notes_due
        assert not progress.mails_due

    def test_the_customer_is_asked_where_a_manual_refund_goes(self) -> None:
        manual = asked(paid_by(PaymentMethod.BCA_VA), 100_000)

        assert progress_of(manual, (RECEIPT,)).mails_due == (Mail(MailKind.BANK_DETAILS, 1, "r-1"),)

    def test_money_that_came_too_late_has_no_invoice_to_credit(self) -> None:
        late = heard(CANCELLED, AttemptStatus.PAID)
        done = transferred(late, "return-trx-1")

        progress = progress_of(done, (Mail(MailKind.CANCELLATION, 1),))

        assert not progress.invoice_due
        assert progress.credit_notes_due == ()
        assert progress.mails_due == (Mail(MailKind.REFUND, 1, "return-trx-1"),)

    @pytest.mark.parametrize("amount", [100_000, None])
    def test_whoever_paid_gets_the_receipt_also_when_money_went_back(
        self, amount: int | None
    ) -> None:
        given = answered_with(sent(asked(self.INVOICED, amount)), RefundOutcome.ACCEPTED).payment

        assert RECEIPT in progress_of(given, ()).mails_due

    def test_nothing_due_is_nothing_due(self) -> None:
        assert not progress_of(self.INVOICED, (RECEIPT,)).has_documents_due


def test_an_operator_sees_which_open_cases_can_be_decided() -> None:
    waiting = asked(paid_by(PaymentMethod.QRIS), 100_000, by_transfer=True)
    (case,) = waiting.cases
    stored = replace(waiting, cases=(replace(case, case_id=7),))
    closed = replace(case, case_id=7, resolution=Resolution.REJECTED)

    (shown,) = progress_of(stored, ()).cases

    assert (shown.case_id, shown.code, shown.about) == (7, CaseCode.MANUAL_REFUND, "r-1")
    assert progress_of(waiting, ()).cases == ()
    assert progress_of(replace(waiting, cases=(closed,)), ()).cases == ()
