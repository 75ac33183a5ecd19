import email
import smtplib
import ssl
from collections.abc import AsyncIterator, Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from local_stack.certificates import Certificates, local_certificates
from local_stack.mail_catcher import MailCatcher, run_mail_catcher
from local_stack.ports import LOOPBACK, Ports


@pytest.fixture(scope="module")
def certificates(module_state_dir: Path) -> Certificates:
    return local_certificates(module_state_dir)


@pytest.fixture(scope="module")
async def running_catcher(
    module_state_dir: Path, certificates: Certificates
) -> AsyncIterator[MailCatcher]:
    async with run_mail_catcher(
        module_state_dir, port=Ports().choose(), certificates=certificates
    ) as catcher:
        yield catcher


@pytest.fixture
def catcher(running_catcher: MailCatcher) -> Iterator[MailCatcher]:
    yield running_catcher
    running_catcher.misbehave.unlink(missing_ok=True)
    for mail in running_catcher.mails():
        mail.unlink()


@pytest.fixture
def line(catcher: MailCatcher) -> Iterator[smtplib.SMTP]:
    client = smtplib.SMTP(LOOPBACK, catcher.port, timeout=10)
    yield client
    client.close()


@pytest.fixture
def tls(certificates: Certificates) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificates.ca)


@pytest.fixture
def mail() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "shop@skaters.example"
    message["To"] = "sari@example.com"
    message["Subject"] = "Pembayaran diterima"
    message.set_content("Terima kasih, pembayaran Anda sudah kami terima: Rp350.000.")
    return message


def test_a_mail_is_kept_with_its_envelope(
    catcher: MailCatcher, line: smtplib.SMTP, tls: ssl.SSLContext, mail: EmailMessage
) -> None:
    line.starttls(context=tls)
    line.send_message(mail, "bounces@skaters.example", ["sari@example.com", "copy@example.com"])

    [kept] = catcher.mails()
    stored = email.message_from_bytes(kept.read_bytes())
    assert stored["Subject"] == "Pembayaran diterima"
    assert stored["Return-Path"] == "<bounces@skaters.example>"
    assert stored.get_all("Delivered-To") == ["sari@example.com", "copy@example.com"]
    assert kept.read_bytes().endswith(mail.as_bytes().splitlines()[-1] + b"\r\n")


def test_mails_sort_by_arrival(
    catcher: MailCatcher, line: smtplib.SMTP, tls: ssl.SSLContext, mail: EmailMessage
) -> None:
    line.starttls(context=tls)
    for number in range(12):
        mail.replace_header("Subject", str(number))
        line.send_message(mail)

    subjects = [email.message_from_bytes(m.read_bytes())["Subject"] for m in catcher.mails()]
    assert subjects == [str(number) for number in range(12)]


def test_no_mail_is_taken_in_the_clear(
    catcher: MailCatcher, line: smtplib.SMTP, mail: EmailMessage
) -> None:
    with pytest.raises(smtplib.SMTPResponseException) as refusal:
        line.send_message(mail)

    assert refusal.value.smtp_code == 530
    assert catcher.mails() == []


def test_any_user_may_log_in_once_the_line_is_encrypted(
    line: smtplib.SMTP, tls: ssl.SSLContext
) -> None:
    line.starttls(context=tls)

    code, _ = line.login("shop", "any password")

    assert code == 235


def test_the_certificate_is_good_for_both_names_of_this_machine(
    catcher: MailCatcher, tls: ssl.SSLContext
) -> None:
    for name in ("localhost", LOOPBACK):
        with smtplib.SMTP(timeout=10) as client:
            client.connect(LOOPBACK, catcher.port)
            client._host = name  # type: ignore[attr-defined] # the name that starttls checks
            client.starttls(context=tls)


@pytest.mark.parametrize("answer", ["451 4.3.0 Try again later", "550 5.1.1 No such user"])
def test_a_mail_is_refused_as_told_until_told_otherwise(
    catcher: MailCatcher,
    line: smtplib.SMTP,
    tls: ssl.SSLContext,
    mail: EmailMessage,
    answer: str,
) -> None:
    line.starttls(context=tls)
    catcher.misbehave.write_text(answer)

    with pytest.raises(smtplib.SMTPDataError) as refusal:
        line.send_message(mail)

    code, text = answer.split(maxsplit=1)
    assert refusal.value.args == (int(code), text.encode())
    assert catcher.mails() == []

    catcher.misbehave.unlink()
    line.send_message(mail)

    assert len(catcher.mails()) == 1


def test_a_mail_can_be_taken_and_left_unanswered(
    catcher: MailCatcher, line: smtplib.SMTP, tls: ssl.SSLContext, mail: EmailMessage
) -> None:
    line.starttls(context=tls)
    catcher.misbehave.write_text("hang up")

    with pytest.raises(smtplib.SMTPServerDisconnected):
        line.send_message(mail)

    assert len(catcher.mails()) == 1
