"""A letter as an Internet message."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from adapters.email.letter import Letter
from payments.request import Locale


@dataclass(frozen=True, slots=True)
class Attachment:
    filename: str
    content: bytes
    media_type: str = "application/pdf"


@dataclass(frozen=True, slots=True)
class Recipient:
    email: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Whose mail it is. Answers go to `reply_to`, where people read them."""

    message_id: str
    shop_name: str
    sender: str
    reply_to: str
    recipient: Recipient
    locale: Locale


def message(envelope: Envelope, letter: Letter, *attachments: Attachment) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["Message-ID"] = envelope.message_id
    mail["Date"] = datetime.now(UTC)
    mail["From"] = _named(envelope.shop_name, envelope.sender)
    mail["To"] = _named(envelope.recipient.name, envelope.recipient.email)
    mail["Reply-To"] = _named(envelope.shop_name, envelope.reply_to)
    mail["Subject"] = letter.subject
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office notes, please
    mail.set_content(letter.text, cte="quoted-printable")
    if letter.html:
        mail.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    for attachment in attachments:
        maintype, subtype = attachment.media_type.split("/")
        mail.add_attachment(
            attachment.content, maintype=maintype, subtype=subtype, filename=attachment.filename
        )
    mail["Content-Language"] = (
        envelope.locale.value
    )  # last: the parts above take such headers along
    return mail


def _named(name: str, address: str) -> Address:
    """The name on one line: whatever could begin another header becomes a space."""
    printable = "".join(char if char.isprintable() else " " for char in name)
    return Address(" ".join(printable.split()), addr_spec=address)
