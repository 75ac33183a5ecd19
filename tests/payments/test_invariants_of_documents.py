from dataclasses import replace
from typing import Any

import pytest

from payments.evidence import OrderEvidence, Series, WholeEvidence
from payments.gateway import InstructionKind, Instructions
from payments.mails import Mail, MailKind
from payments.reconciling import OVERDUE_AFTER
from payments.status import AttemptStatus as S
from payments.status import PaymentStatus as P
from tests.payments.refund_causes import rupiah
from tests.payments.samples import after
from tests.payments.test_invariants import expired, paid, transferred
from tests.payments.witnessed import Witnessed, said

PAID = paid().evidence()
BACK = paid().asks_back(100_000).gives_back().finishes().evidence()
EXPIRED = expired().evidence()


def being(evidence: OrderEvidence, **changed: Any) -> OrderEvidence:
    return replace(evidence, payment=replace(evidence.payment, **changed))


def invoiced(**changed: Any) -> OrderEvidence:
    [invoice] = PAID.invoices
    return replace(PAID, invoices=(replace(invoice, **changed),))


def credited(**changed: Any) -> OrderEvidence:
    [note] = BACK.credit_notes
    return replace(BACK, credit_notes=(replace(note, **changed),))


def refunding(**changed: Any) -> OrderEvidence:
    return being(BACK, refunds=(replace(BACK.payment.refunds[0], **changed),))


class TestOneInvoicePerPaidOrder:
    def test_a_paid_order_has_one(self) -> None:
        without = replace(being(PAID, invoice_number=None), invoices=())

        assert said("I6", without) == ["is paid, and has no invoice"]
        assert said("I6", replace(without, due_before=without.payment.updated_at)) == []

    def test_the_one_it_names_is_issued(self) -> None:
        found = said("I6", replace(PAID, invoices=()))

        assert found == ["it names INV-2026-000001, and none stands"]

    def test_no_second_one_stands(self) -> None:
        [invoice] = PAID.invoices
        second = replace(invoice, number="INV-2026-000002", serial=2)

        found = said("I6", replace(PAID, invoices=(invoice, second)))

        assert found == ["it names INV-2026-000001, and INV-2026-000001, INV-2026-000002 stands"]

    def test_an_unpaid_order_has_none(self) -> None:
        found = said("I6", being(PAID, status=P.EXPIRED))

        assert found == ["is expired, and has invoice INV-2026-000001"]

    def test_it_is_of_the_orders_amount(self) -> None:
        assert said("I6", invoiced(amount=rupiah(1))) == [
            "INV-2026-000001 is not of the order's amount"
        ]

    @pytest.mark.parametrize("changed", [{"serial": 2}, {"issued_at": after(days=365)}])
    def test_its_number_is_of_its_year_and_serial(self, changed: dict[str, Any]) -> None:
        assert said("I6", invoiced(**changed)) == [
            "INV-2026-000001 is not the number of its year and serial"
        ]

    def test_it_was_drawn(self) -> None:
        assert said("I6", invoiced(has_pdf=False)) == ["INV-2026-000001 has no PDF"]

    def test_a_reversed_one_is_cancelled(self) -> None:
        story = paid().hears(S.DENIED)
        pending = story.evidence()

        assert said("I6", pending) == ["its cancelled invoice has no credit note"]
        assert said("I6", replace(pending, due_before=story.payment.updated_at)) == []


class TestCreditNotes:
    def test_each_refund_has_one(self) -> None:
        unsaid = replace(refunding(credit_note_number=None), credit_notes=())

        assert said("I6", unsaid) == ["refund r-1 has no credit note"]

    def test_it_is_the_refunds_own(self) -> None:
        other = "refund r-1 names CN-2026-000001, which is not its credit note"

        assert said("I6", credited(refund_key="r-9")) == [other]
        assert said("I6", replace(BACK, credit_notes=())) == [other]

    def test_none_may_have_been_needed(self) -> None:
        not_needed = replace(refunding(credit_note_number=""), credit_notes=())

        assert said("I6", not_needed) == []

    def test_not_more_is_credited_than_invoiced(self) -> None:
        found = said("I6", credited(amount=rupiah(350_001)))

        assert found == ["more of INV-2026-000001 was credited than invoiced"]

    def test_its_number_is_of_its_year_and_serial(self) -> None:
        found = said("I6", credited(serial=7))

        assert found == ["CN-2026-000001 is not the number of its year and serial"]

    def test_it_is_of_an_invoice_of_this_order(self) -> None:
        found = said("I6", credited(invoice_number="INV-2026-000009"))

        assert found == ["CN-2026-000001 is of no invoice of this order"]

    def test_it_was_drawn(self) -> None:
        assert said("I6", credited(has_pdf=False)) == ["CN-2026-000001 has no PDF"]


class TestNumbersHaveNoGaps:
    def test_each_number_is_that_of_a_document(self) -> None:
        gap = Series(name="CN-2026", last=5, highest=5, missing=3)

        assert said("I6", WholeEvidence(series=(gap,))) == ["CN-2026 has no number 3"]

    def test_no_number_is_beyond_the_counter(self) -> None:
        ahead = Series(name="2026", last=5, highest=6)

        assert said("I6", WholeEvidence(series=(ahead,))) == ["2026 counted to 5, and has number 6"]

    def test_numbers_that_go_up_by_one_are_well(self) -> None:
        assert said("I6", WholeEvidence(series=(Series(name="2026", last=5, highest=5),))) == []


class TestOneReceiptPerPaidOrder:
    def test_not_more_are_sent_than_it_was_paid(self) -> None:
        [letter] = PAID.letters
        second = replace(letter, mail=Mail(MailKind.RECEIPT, 1, "trx-9"), message_id="<9@x>")

        found = said("I7", replace(PAID, letters=(letter, second), mailbox=None))

        assert found == ["was paid 1 times, and 2 receipts were sent"]

    def test_none_is_sent_unless_it_was_paid(self) -> None:
        letters = tuple(replace(each, mail=Mail(MailKind.RECEIPT, 1)) for each in EXPIRED.letters)

        found = said("I7", replace(EXPIRED, letters=letters))

        assert found == ["was paid 0 times, and 1 receipts were sent"]

    def test_whoever_paid_gets_one(self) -> None:
        silent = replace(PAID, letters=(), mailbox=())

        assert said("I7", silent) == ["is paid, and no receipt was sent"]
        assert said("I7", replace(silent, due_before=silent.payment.updated_at)) == []

    def test_one_that_is_only_prepared_is_not_sent(self) -> None:
        letters = tuple(replace(each, is_sent=False) for each in PAID.letters)

        assert said("I7", replace(PAID, letters=letters)) == ["is paid, and no receipt was sent"]

    def test_what_was_sent_arrived(self) -> None:
        found = said("I7", replace(PAID, mailbox=()))

        assert found == ["its mail receipt was sent, and did not arrive"]

    def test_what_arrived_was_sent_by_the_ledger(self) -> None:
        found = said("I7", replace(PAID, mailbox=(*(PAID.mailbox or ()), "<9@x>")))

        assert found == ["a mail arrived that is not in the ledger"]

    def test_a_mail_may_arrive_twice_under_one_name(self) -> None:
        assert said("I7", replace(PAID, mailbox=(PAID.mailbox or ()) * 2)) == []


class TestNothingPrivateIsReadable:
    @pytest.mark.parametrize(
        ("name", "secret"),
        [
            ("customer's name", "Sari Dewi"),
            ("e-mail", "Sari@Example.com"),
            ("phone number", "+62 812-3456-789"),
            ("nonce of attempt 1", "nonce-of-SKT-1001"),
            ("link of attempt 1", "link-token-1"),
            ("token of attempt 1", "token-of-snap"),
            ("link of refund r-1", "link-token-r"),
        ],
    )
    def test_what_only_keys_may_show_is_nowhere_else(self, name: str, secret: str) -> None:
        story = transferred(paid().asks_back(by_transfer=True).finishes()).finishes()
        [attempt] = story.payment.attempts
        shown = Instructions(kind=InstructionKind.REDIRECT, token="token-of-snap")
        linked = replace(attempt, link_token="link-token-1", instructions=shown)
        [refund] = story.payment.refunds
        whole = being(
            story.evidence(),
            attempts=(linked,),
            refunds=(replace(refund, link_token="link-token-r"),),
        )

        found = said("I11", replace(whole, readable={"the logs": f"said {secret} once"}))

        assert found == [f"its {name} is readable in the logs"]

    def test_what_is_short_may_be_part_of_anything(self) -> None:
        request = PAID.payment.request
        request = replace(request, customer=replace(request.customer, name="Ani", phone=None))

        found = said("I11", being(replace(PAID, readable={"orders": "cli:Ani"}), request=request))

        assert found == []

    def test_an_attempt_without_instructions_hides_nothing_more(self) -> None:
        attempt = replace(PAID.payment.attempts[0], instructions=None)

        assert said("I11", being(PAID, attempts=(attempt,))) == []


class TestWhoeverWaitsIsTold:
    def test_a_customer_whose_payment_ended_is_told(self) -> None:
        silent = replace(EXPIRED, letters=(), mailbox=())

        assert said("I12", silent) == ["the mail expiry was not sent"]
        assert said("I12", replace(silent, due_before=silent.payment.updated_at)) == []

    def test_a_customer_who_gets_money_back_is_told(self) -> None:
        receipt = tuple(each for each in BACK.letters if each.mail.kind is MailKind.RECEIPT)

        found = said("I12", replace(BACK, letters=receipt))

        assert found == ["the mail refund was not sent"]

    def test_no_attempt_is_left_open_in_silence(self) -> None:
        story = Witnessed().hears(S.PENDING)
        overdue = story.payment.attempts[0].expires_at + OVERDUE_AFTER

        found = said("I12", story.evidence(overdue))

        assert found == ["attempt 1 is still pending, long after its time"]
        assert said("I12", story.evidence(after(minutes=6))) == []
