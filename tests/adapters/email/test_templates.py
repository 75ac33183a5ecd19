"""The table of mails is complete: whatever is due can be written."""

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.email import letter
from adapters.email.letter import Letters
from adapters.email.notice import notice_facts
from adapters.email.receipt import receipt_facts
from payments.mails import MAILS, Mail, MailKind
from payments.request import Locale
from payments.status import PaymentStatus
from tests.adapters.email.ends import DESK, ended
from tests.adapters.invoice_pdf.invoices import INVOICE, SKATERS

TEMPLATES = Path(letter.__file__).parent / "templates"
DUE = [(status, kind) for status, kind in MAILS.items() if kind is not None]


def test_of_every_status_it_is_known_which_mail_is_due() -> None:
    assert set(MAILS) == set(PaymentStatus)
    assert {kind for _, kind in DUE} | {MailKind.REFUND, MailKind.BANK_DETAILS} == set(MailKind)


@pytest.mark.parametrize("kind", MailKind)
def test_every_kind_of_mail_has_text_and_html_in_both_languages(kind: MailKind) -> None:
    needed = {f"{kind}.{locale}.{body}.j2" for locale in Locale for body in ("txt", "html")}

    assert needed <= {template.name for template in TEMPLATES.iterdir()}


@pytest.mark.parametrize("locale", Locale)
@pytest.mark.parametrize(("status", "kind"), DUE)
def test_every_mail_that_is_due_can_be_written(
    status: PaymentStatus, kind: MailKind, locale: Locale
) -> None:
    payment = ended(status)
    payment = replace(payment, request=replace(payment.request, locale=locale))
    if kind is MailKind.RECEIPT:
        facts = receipt_facts(INVOICE, SKATERS)
    else:
        facts = notice_facts(Mail(kind, 1), payment, None, SKATERS, DESK)

    mail = Letters().render(kind, locale, facts)

    for part in (mail.subject, mail.text, mail.html):
        assert "SKT-1001" in part
