"""What a mail brings besides words: a one-time link, a document."""

import re
from email.message import EmailMessage
from typing import NamedTuple

from tests.e2e.evidence import alert_code
from tests.e2e.shop import Shop, until


class Attached(NamedTuple):
    number: str
    pdf: bytes


async def mail_about(shop: Shop, order_id: str, subject: str) -> EmailMessage:
    """The order's first mail with these words in its subject, once it is there."""

    async def look() -> EmailMessage | None:
        mails = await shop.mails(order_id)
        return next((mail for mail in mails if subject in str(mail["Subject"])), None)

    return await until(look)


async def alerted(shop: Shop, order_id: str, *codes: str) -> None:
    """Wait until the administrator was told these about the order, and nothing else."""

    async def look() -> bool | None:
        sent = sorted(map(alert_code, await shop.alerts(order_id)))
        return sent == sorted(codes) or None

    await until(look)


def link_in(mail: EmailMessage, path: str) -> str:
    """The one-time link under this path, such as /pay/."""
    text = mail.get_body(("plain",))
    assert text is not None
    found = re.search(rf"https?://\S+{path}[\w-]+", text.get_content())
    assert found, f"the mail holds a link to {path}"
    return found.group()


def document_in(mail: EmailMessage) -> Attached:
    """The one document that is attached, under the number that its file is named after."""
    [part] = mail.iter_attachments()
    pdf = part.get_content()
    assert isinstance(pdf, bytes)
    return Attached(str(part.get_filename()).removesuffix(".pdf"), pdf)
