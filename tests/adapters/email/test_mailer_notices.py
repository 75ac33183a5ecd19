"""Notices and alerts over a real mail server."""

import logging
from dataclasses import replace

import pytest

from adapters.email.errors import MailNotSentError
from adapters.email.mailer import SmtpMailer
from adapters.email.options import SmtpOptions
from payments.alerts import AlertCode
from payments.commands import AlertOrder
from payments.mails import MailKind
from payments.request import Locale
from payments.status import PaymentStatus
from tests.adapters.email.conftest import SENDER, Post
from tests.adapters.email.ends import DESK, LINK, ended
from tests.adapters.invoice_pdf.invoices import PAID_AT, SKATERS

MESSAGE_ID = "<failure.SKT-1001.1@skaters.example>"
FAILED = ended(PaymentStatus.FAILED)
ALERT = AlertOrder(order_id="SKT-1001", code=AlertCode.LATE_MONEY, sent=0, at=PAID_AT)


@pytest.fixture
def mailer(options: SmtpOptions) -> SmtpMailer:
    return SmtpMailer(options, SKATERS, DESK)


async def test_a_notice_arrives_as_text_and_html(mailer: SmtpMailer, post: Post) -> None:
    await mailer.send_notice(MailKind.FAILURE, FAILED, MESSAGE_ID)

    [mail] = post.mails
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        assert LINK in body.get_content()
        assert "1–5 hari kerja" in body.get_content()  # noqa: RUF001


async def test_the_headers_of_a_notice_say_whose_mail_it_is(mailer: SmtpMailer, post: Post) -> None:
    await mailer.send_notice(MailKind.FAILURE, FAILED, MESSAGE_ID)

    [envelope], [mail] = post.taken, post.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, ["sari@example.com"])
    assert mail["Message-ID"] == MESSAGE_ID
    assert mail["From"] == f"Skaters <{SENDER}>"
    assert mail["To"] == "Sari Dewi <sari@example.com>"
    assert mail["Reply-To"] == "Skaters <halo@skaters.example>"
    assert mail["Subject"] == "Pembayaran pesanan SKT-1001 tidak berhasil"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "id"


@pytest.mark.parametrize(
    ("status", "kind", "subject"),
    [
        (PaymentStatus.FAILED, MailKind.FAILURE, "Your payment for order SKT-1001 did not succeed"),
        (PaymentStatus.EXPIRED, MailKind.EXPIRY, "The time to pay for order SKT-1001 is over"),
        (
            PaymentStatus.CANCELLED,
            MailKind.CANCELLATION,
            "The payment for order SKT-1001 was cancelled",
        ),
    ],
)
async def test_every_notice_is_sent_in_the_language_of_the_order(
    mailer: SmtpMailer, post: Post, status: PaymentStatus, kind: MailKind, subject: str
) -> None:
    payment = ended(status)
    request = replace(payment.request, locale=Locale.EN)

    await mailer.send_notice(kind, replace(payment, request=request), MESSAGE_ID)

    [mail] = post.mails
    assert mail["Content-Language"] == "en"
    assert mail["Subject"] == subject


async def test_a_notice_that_is_refused_is_an_error(mailer: SmtpMailer, post: Post) -> None:
    post.answer = "451 4.3.0 later"

    with pytest.raises(MailNotSentError, match=r"451 4\.3\.0"):
        await mailer.send_notice(MailKind.FAILURE, FAILED, MESSAGE_ID)


async def test_an_alert_reaches_the_administrator_as_plain_text(
    mailer: SmtpMailer, post: Post
) -> None:
    await mailer.send_alert(ALERT)

    [envelope], [mail] = post.taken, post.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, ["admin@skaters.example"])
    assert mail.get_content_type() == "text/plain"
    assert mail["To"] == "admin@skaters.example"
    assert mail["Subject"] == "[Skaters payments] late_money: order SKT-1001"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "en"
    assert "Give the money back." in mail.get_content()


async def test_a_repeated_alert_is_known_as_one_and_a_reminder_is_not(
    mailer: SmtpMailer, post: Post
) -> None:
    for alert in (ALERT, ALERT, replace(ALERT, sent=1)):
        await mailer.send_alert(alert)

    first, repeated, reminder = (mail["Message-ID"] for mail in post.mails)
    assert first == repeated
    assert first != reminder
    assert first.endswith("@skaters.example>")


async def test_an_alert_without_an_administrator_is_told_to_the_log(
    options: SmtpOptions, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    mailer = SmtpMailer(options, SKATERS, replace(DESK, admin_email=None))

    with caplog.at_level(logging.WARNING):
        await mailer.send_alert(ALERT)

    assert post.taken == []
    [record] = caplog.records
    assert (record.levelname, record.getMessage()) == ("WARNING", "alert.without_recipient")
    assert vars(record)["order_id"] == "SKT-1001"
    assert vars(record)["code"] == "late_money"
