import email
from email.headerregistry import AddressHeader
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.email.letter import Letter
from adapters.email.message import Attachment, Envelope, Recipient, message
from payments.request import Locale

LETTER = Letter("Pembayaran diterima", "Teks", "<p>Teks</p>")


def _sent(name: str) -> EmailMessage:
    envelope = Envelope(
        message_id="<1@skaters.example>",
        shop_name=name,
        sender="pembayaran@skaters.example",
        reply_to="halo@skaters.example",
        recipient=Recipient("sari@example.com", name),
        locale=Locale.ID,
    )
    mail = message(envelope, LETTER, Attachment("INV-2026-000001.pdf", b"%PDF"))
    received = email.message_from_bytes(mail.as_bytes(), policy=SMTP)
    assert isinstance(received, EmailMessage)
    return received


def _addresses(mail: EmailMessage, header: str) -> list[tuple[str, str]]:
    field = mail[header]
    assert isinstance(field, AddressHeader)
    return [(address.display_name, address.addr_spec) for address in field.addresses]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Sari Dewi", "Sari Dewi"),
        ("Jürgen Müller", "Jürgen Müller"),
        ('Sari "Skater" Dewi, S.E.', 'Sari "Skater" Dewi, S.E.'),
        ("Sari\r\nBcc: all@example.com", "Sari Bcc: all@example.com"),
        ("Sari\u2028\x85\x00Dewi", "Sari Dewi"),
        ("Müller <boss@example.com>, Ltd.", "Müller <boss@example.com>, Ltd."),
        ("李明 🛹", "李明 🛹"),
    ],
)
def test_a_name_arrives_whole_and_stays_a_name(name: str, shown: str) -> None:
    mail = _sent(name)

    assert _addresses(mail, "To") == [(shown, "sari@example.com")]
    assert _addresses(mail, "From") == [(shown, "pembayaran@skaters.example")]
    assert mail["Bcc"] is None


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=255))
def test_no_name_adds_a_header_or_an_address(name: str) -> None:
    mail = _sent(name)

    assert [address for _, address in _addresses(mail, "To")] == ["sari@example.com"]
    assert sorted(mail.keys()) == sorted(_sent("Sari Dewi").keys())


def test_a_letter_without_html_is_sent_as_text_only() -> None:
    envelope = Envelope(
        message_id="<1@skaters.example>",
        shop_name="Skaters",
        sender="pembayaran@skaters.example",
        reply_to="halo@skaters.example",
        recipient=Recipient("admin@skaters.example"),
        locale=Locale.EN,
    )

    mail = message(envelope, Letter("Subject", "Text"))

    assert mail.get_content_type() == "text/plain"
    assert mail["To"] == "admin@skaters.example"
