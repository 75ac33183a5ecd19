import asyncio
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from adapters.email.errors import MailNotSentError
from adapters.email.mailer import SmtpMailer
from adapters.email.options import Security, SmtpOptions
from local_stack.ports import LOOPBACK, Ports
from payments.errors import TransientError
from payments.request import Customer
from tests.adapters.email.conftest import PASSWORD, SENDER, Post
from tests.adapters.email.ends import DESK
from tests.adapters.invoice_pdf.invoices import INVOICE, SKATERS

PDF = b"%PDF-1.4\n" + bytes(range(256)) * 300
MESSAGE_ID = "<receipt.SKT-1001.1@skaters.example>"


async def _send(options: SmtpOptions) -> None:
    await SmtpMailer(options, SKATERS, DESK).send_receipt(INVOICE, PDF, MESSAGE_ID)


async def test_a_receipt_arrives_as_text_and_html_with_the_invoice(
    options: SmtpOptions, post: Post
) -> None:
    await _send(options)

    [mail] = post.mails
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]
    [pdf] = mail.iter_attachments()
    assert pdf.get_filename() == "INV-2026-000001.pdf"
    assert pdf.get_content() == PDF


async def test_both_bodies_arrive_unharmed(options: SmtpOptions, post: Post) -> None:
    invoice = replace(INVOICE, customer=Customer("Jürgen «李»", "sari@example.com"))

    await SmtpMailer(options, SKATERS, DESK).send_receipt(invoice, PDF, MESSAGE_ID)

    [mail] = post.mails
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        assert "Yth. Jürgen «李»," in body.get_content()


async def test_the_headers_say_whose_mail_it_is(options: SmtpOptions, post: Post) -> None:
    before = datetime.now(UTC).replace(microsecond=0)

    await _send(options)

    [envelope], [mail] = post.taken, post.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, ["sari@example.com"])
    assert mail["From"] == f"Skaters <{SENDER}>"
    assert mail["To"] == "Sari Dewi <sari@example.com>"
    assert mail["Reply-To"] == "Skaters <halo@skaters.example>"
    assert mail["Subject"] == "Pembayaran pesanan SKT-1001 telah kami terima"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "id"
    assert before <= mail["Date"].datetime <= datetime.now(UTC)


async def test_a_repeated_mail_has_the_same_message_id(options: SmtpOptions, post: Post) -> None:
    await _send(options)
    await _send(options)

    assert [mail["Message-ID"] for mail in post.mails] == [MESSAGE_ID] * 2


async def test_no_name_reaches_the_headers_as_a_header(options: SmtpOptions, post: Post) -> None:
    customer = Customer('Sari "Ü"\r\nBcc: all@example.com', "sari@example.com")

    await SmtpMailer(options, SKATERS, DESK).send_receipt(
        replace(INVOICE, customer=customer), PDF, MESSAGE_ID
    )

    [envelope], [mail] = post.taken, post.mails
    assert envelope.rcpt_tos == ["sari@example.com"]
    assert mail["Bcc"] is None
    assert mail["To"].addresses[0].display_name == 'Sari "Ü" Bcc: all@example.com'


async def test_a_mail_goes_encrypted_and_after_login(options: SmtpOptions, post: Post) -> None:
    await _send(replace(options, username="shop", password=PASSWORD))

    assert post.encrypted == [True]
    assert post.users == ["shop"]


async def test_a_mail_can_go_over_tls_from_the_first_byte(
    serve: Callable[..., int], post: Post, server_tls: ssl.SSLContext, options: SmtpOptions
) -> None:
    port = serve(post, ssl_context=server_tls)

    await _send(replace(options, port=port, security=Security.TLS))

    assert len(post.taken) == 1


async def test_a_mail_can_go_unencrypted_to_this_machine(
    serve: Callable[..., int], post: Post
) -> None:
    port = serve(post)

    await _send(SmtpOptions(host=LOOPBACK, port=port, sender=SENDER, security=Security.NONE))

    assert post.encrypted == [False]


@pytest.mark.parametrize("host", ["mail.example.com", "10.0.0.1", "localhost.example.com"])
def test_unencrypted_mail_to_another_machine_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="set starttls or tls"):
        SmtpOptions(host=host, port=25, sender=SENDER, security=Security.NONE)


def test_sending_may_not_outlast_its_activity() -> None:
    with pytest.raises(ValueError, match="at most 17 seconds"):
        SmtpOptions(host="a", port=25, sender=SENDER, send_timeout=timedelta(seconds=18))


def test_the_password_is_never_printed() -> None:
    options = SmtpOptions(host="a", port=25, sender=SENDER, username="shop", password=PASSWORD)

    assert PASSWORD not in repr(options)


async def test_a_server_of_another_authority_gets_no_mail(
    options: SmtpOptions, post: Post, tmp_path: Path
) -> None:
    other = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(other))

    with pytest.raises(MailNotSentError, match="CERTIFICATE_VERIFY_FAILED"):
        await _send(replace(options, ca_file=other))

    assert post.taken == []


async def test_a_server_without_starttls_gets_no_mail_that_must_be_encrypted(
    options: SmtpOptions, serve: Callable[..., int], post: Post
) -> None:
    port = serve(post)

    with pytest.raises(MailNotSentError, match="STARTTLS"):
        await _send(replace(options, port=port))

    assert post.taken == []


@pytest.mark.parametrize(
    ("answers", "reason", "smtp_code"),
    [
        ({"answer": "451 4.3.0 sari@example.com: later"}, "451 4.3.0 (SMTPDataError)", 451),
        ({"answer": "554 sari@example.com looks odd"}, "554 (SMTPDataError)", 554),
        (
            {"recipient_answer": "550 5.1.1 <sari@example.com> unknown"},
            "550 5.1.1 (SMTPRecipientRefused)",
            550,
        ),
    ],
)
async def test_a_refusal_tells_its_codes_and_not_the_address(
    options: SmtpOptions, post: Post, answers: dict[str, str], reason: str, smtp_code: int
) -> None:
    for field, answer in answers.items():
        setattr(post, field, answer)

    with pytest.raises(MailNotSentError) as refusal:
        await _send(options)

    assert str(refusal.value) == f"the mail server answered {reason}"
    assert refusal.value.smtp_code == smtp_code
    assert refusal.value.__cause__ is None
    assert isinstance(refusal.value, TransientError)
    assert refusal.value.code == "mail_not_sent"


async def test_a_wrong_password_is_told(options: SmtpOptions) -> None:
    with pytest.raises(MailNotSentError, match="535") as refusal:
        await _send(replace(options, username="shop", password="wrong"))

    assert "wrong" not in str(refusal.value)


async def test_a_line_that_breaks_before_the_answer_is_an_error(
    options: SmtpOptions, post: Post
) -> None:
    post.hangs_up = True

    with pytest.raises(MailNotSentError, match="SMTPServerDisconnected"):
        await _send(options)


async def test_a_server_that_is_away_is_an_error(options: SmtpOptions) -> None:
    with pytest.raises(MailNotSentError, match="could not be used"):
        await _send(replace(options, port=Ports().choose()))


async def test_a_server_that_never_answers_is_given_up(options: SmtpOptions) -> None:
    async def stay_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(stay_silent, LOOPBACK, 0)
    port: Any = silent.sockets[0].getsockname()[1]

    async with silent:
        with pytest.raises(MailNotSentError, match="Time"):
            await _send(replace(options, port=port, send_timeout=timedelta(seconds=0.2)))
