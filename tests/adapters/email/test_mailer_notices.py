"""Notices and alerts over a real mail server."""

import logging
from dataclasses import replace

import pytest

from adapters.email.errors import MailNotSentError
from adapters.email.mailer import SmtpMailer
from adapters.email.options import SmtpOptions
from payments.alerts import AlertCode
from payments.commands import AlertOrder
from payments.credit_note import Credit
from payments.mails import Mail
from payments.methods import PaymentMethod
from payments.payment import Payment
from payments.request import Customer, Locale
from payments.status import PaymentStatus
from tests.adapters.email.conftest import SENDER, Post
from tests.adapters.email.ends import (
    DESK,
    LINK,
    MANUAL,
    REFUND,
    ended,
    mail_about,
    mail_of,
    paid,
)
from tests.adapters.invoice_pdf.invoices import CREDIT_NOTE, PAID_AT, SKATERS

MESSAGE_ID = "<failure.SKT-1001.1@skaters.example>"
FAILED = ended(PaymentStatus.FAILED)
EXPIRED = ended(PaymentStatus.EXPIRED)
CANCELLED = ended(PaymentStatus.CANCELLED)
REVERSED = ended(PaymentStatus.REVERSED)
REFUNDED = paid(PaymentMethod.CREDIT_CARD, REFUND)
CREDIT = Credit(CREDIT_NOTE, b"%PDF-1.4 a credit note")
ALERT = AlertOrder(order_id="SKT-1001", code=AlertCode.LATE_MONEY, sent=0, at=PAID_AT)


@pytest.fixture
def mailer(options: SmtpOptions) -> SmtpMailer:
    return SmtpMailer(options, SKATERS, DESK)


async def test_a_notice_arrives_as_text_and_html(mailer: SmtpMailer, post: Post) -> None:
    await mailer.send_notice(mail_of(FAILED), FAILED, None, MESSAGE_ID)

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
    await mailer.send_notice(mail_of(FAILED), FAILED, None, MESSAGE_ID)

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
    ("payment", "mail", "subject"),
    [
        (FAILED, mail_of(FAILED), "Your payment for order SKT-1001 did not succeed"),
        (EXPIRED, mail_of(EXPIRED), "The time to pay for order SKT-1001 is over"),
        (CANCELLED, mail_of(CANCELLED), "The payment for order SKT-1001 was cancelled"),
        (
            REVERSED,
            mail_of(REVERSED),
            "Order SKT-1001 is not paid: the bank has taken your payment back",
        ),
        (REFUNDED, mail_about(REFUND), "Your refund for order SKT-1001"),
        (
            paid(PaymentMethod.BCA_VA, MANUAL),
            mail_about(MANUAL),
            "Please tell us where to return your money for order SKT-1001",
        ),
    ],
)
async def test_every_notice_is_sent_in_the_language_of_the_order(
    mailer: SmtpMailer, post: Post, payment: Payment, mail: Mail, subject: str
) -> None:
    english = replace(payment, request=replace(payment.request, locale=Locale.EN))

    await mailer.send_notice(mail, english, None, MESSAGE_ID)

    [sent] = post.mails
    assert sent["Content-Language"] == "en"
    assert sent["Subject"] == subject


@pytest.mark.parametrize(
    ("payment", "mail"), [(REFUNDED, mail_about(REFUND)), (REVERSED, mail_of(REVERSED))]
)
async def test_a_credit_note_is_attached_as_pdf_under_its_number(
    mailer: SmtpMailer, post: Post, payment: Payment, mail: Mail
) -> None:
    await mailer.send_notice(mail, payment, CREDIT, MESSAGE_ID)

    [sent] = post.mails
    [attachment] = sent.iter_attachments()
    assert attachment.get_content_type() == "application/pdf"
    assert attachment.get_filename() == "CN-2026-000001.pdf"
    assert attachment.get_content() == CREDIT.pdf


async def test_without_a_credit_note_nothing_is_attached(mailer: SmtpMailer, post: Post) -> None:
    await mailer.send_notice(mail_about(REFUND), REFUNDED, None, MESSAGE_ID)

    [sent] = post.mails
    assert list(sent.iter_attachments()) == []


async def test_a_repeated_notice_carries_the_message_id_that_it_is_given(
    mailer: SmtpMailer, post: Post
) -> None:
    for _ in range(2):
        await mailer.send_notice(mail_about(REFUND), REFUNDED, CREDIT, MESSAGE_ID)

    assert [sent["Message-ID"] for sent in post.mails] == [MESSAGE_ID] * 2


async def test_no_name_reaches_the_headers_of_a_notice_as_a_header(
    mailer: SmtpMailer, post: Post
) -> None:
    customer = Customer('Sari "Ü"\r\nBcc: all@example.com', "sari@example.com")
    payment = replace(REFUNDED, request=replace(REFUNDED.request, customer=customer))

    await mailer.send_notice(mail_about(REFUND), payment, CREDIT, MESSAGE_ID)

    [envelope], [sent] = post.taken, post.mails
    assert envelope.rcpt_tos == ["sari@example.com"]
    assert sent["Bcc"] is None
    assert sent["To"].addresses[0].display_name == 'Sari "Ü" Bcc: all@example.com'


async def test_sending_writes_nothing_personal_into_the_log(
    mailer: SmtpMailer, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await mailer.send_notice(mail_about(REFUND), REFUNDED, CREDIT, MESSAGE_ID)
        logging.getLogger(__name__).info("sent")  # what is logged is seen here

    # But for the mail server's own log, which stands for the world outside.
    ours = [record for record in caplog.records if record.name != "mail.log"]
    logged = " ".join(record.getMessage() for record in ours)
    assert "sent" in logged
    for personal in ("Sari", "sari@example.com", "+628123456789", "111.000", "111000"):
        assert personal not in logged


async def test_a_notice_that_is_refused_is_an_error(mailer: SmtpMailer, post: Post) -> None:
    post.answer = "451 4.3.0 later"

    with pytest.raises(MailNotSentError, match=r"451 4\.3\.0"):
        await mailer.send_notice(mail_of(FAILED), FAILED, None, MESSAGE_ID)


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
