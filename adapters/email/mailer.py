"""Mails to customers, handed to an SMTP server."""

import asyncio
import ssl
from contextlib import suppress
from datetime import timedelta
from email.message import EmailMessage

from aiosmtplib import SMTP, SMTPException

from adapters.email.errors import MailNotSentError
from adapters.email.letter import Letters
from adapters.email.message import Attachment, Envelope, message
from adapters.email.options import Security, SmtpOptions
from adapters.email.receipt import receipt_facts
from payments.invoice import Invoice, Merchant

QUIT_TIMEOUT = timedelta(seconds=1)


class SmtpMailer:
    def __init__(self, options: SmtpOptions, merchant: Merchant) -> None:
        self._options = options
        self._merchant = merchant
        self._letters = Letters()
        self._tls = ssl.create_default_context(cafile=options.ca_file)

    async def send_receipt(self, invoice: Invoice, pdf: bytes, message_id: str) -> None:
        envelope = Envelope(
            message_id=message_id,
            shop_name=self._merchant.name,
            sender=self._options.sender,
            reply_to=self._merchant.email,
            customer=invoice.customer,
            locale=invoice.locale,
        )
        letter = self._letters.render(
            "receipt", invoice.locale, receipt_facts(invoice, self._merchant)
        )
        await self._send(
            envelope, message(envelope, letter, Attachment(f"{invoice.number}.pdf", pdf))
        )

    async def _send(self, envelope: Envelope, mail: EmailMessage) -> None:
        client = self._client()
        try:
            async with asyncio.timeout(self._options.send_timeout.total_seconds()):
                await client.connect()
                # Named here, so that no parsing of a header decides who gets the mail.
                await client.send_message(
                    mail, sender=envelope.sender, recipients=[envelope.customer.email]
                )
        except (SMTPException, OSError) as error:
            # Not chained: the server's words, and so the customer's address, would be logged.
            raise MailNotSentError.because(error) from None
        else:
            await self._part_from(client)
        finally:
            client.close()

    def _client(self) -> SMTP:
        options = self._options
        return SMTP(
            hostname=options.host,
            port=options.port,
            local_hostname=options.sender.rpartition("@")[2],
            username=options.username,
            password=options.password,
            use_tls=options.security is Security.TLS,
            start_tls=options.security is Security.STARTTLS,
            tls_context=self._tls,
            timeout=options.send_timeout.total_seconds(),
        )

    async def _part_from(self, client: SMTP) -> None:
        """The mail is taken; what goes wrong with the good-bye must not send it again."""
        with suppress(SMTPException, OSError):
            await client.quit(timeout=QUIT_TIMEOUT.total_seconds())
