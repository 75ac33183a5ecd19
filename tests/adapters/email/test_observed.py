"""Whoever counts hears of every mail, by its kind, and whether the server took it."""

from datetime import timedelta

import pytest

from adapters.email.errors import MailNotSentError
from adapters.email.mailer import SmtpMailer
from adapters.email.options import SmtpOptions
from tests.adapters.email.conftest import Post
from tests.adapters.email.ends import DESK
from tests.adapters.invoice_pdf.invoices import INVOICE, SKATERS

MESSAGE_ID = "<receipt.SKT-1001.1@skaters.example>"


async def test_mails_are_told_by_kind_and_outcome(options: SmtpOptions, post: Post) -> None:
    heard: list[tuple[str, str, timedelta]] = []
    mailer = SmtpMailer(options, SKATERS, DESK, lambda *told: heard.append(told))

    await mailer.send_receipt(INVOICE, b"%PDF-1.4", MESSAGE_ID)
    post.answer = "550 5.7.1 No"
    with pytest.raises(MailNotSentError):
        await mailer.send_receipt(INVOICE, b"%PDF-1.4", MESSAGE_ID)

    assert [told[:2] for told in heard] == [("receipt", "ok"), ("receipt", "mail_not_sent")]
