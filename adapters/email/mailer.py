"""Mails to customers, to the administrator and to finance, handed to an SMTP server."""

import asyncio
import logging
import ssl
from contextlib import suppress
from datetime import timedelta
from email.message import EmailMessage

from aiosmtplib import SMTP, SMTPException

from adapters.email.alert import alert_letter, alert_message_id
from adapters.email.desk import Desk
from adapters.email.errors import MailNotSentError
from adapters.email.letter import Letters
from adapters.email.message import Attachment, Envelope, Recipient, message
from adapters.email.notice import notice_facts
from adapters.email.options import Security, SmtpOptions
from adapters.email.receipt import receipt_facts
from adapters.email.report import report_attachments, report_facts, report_message_id
from adapters.outcomes import Observe, observed, unobserved
from payments.commands import AlertOrder
from payments.credit_note import Credit
from payments.invoice import Invoice, Merchant
from payments.mails import Mail, MailKind
from payments.payment import Payment
from payments.reconciliation import RunReport
from payments.request import Locale

log = logging.getLogger(__name__)

QUIT_TIMEOUT = timedelta(seconds=1)


class SmtpMailer:
    def __init__(
        self,
        options: SmtpOptions,
        merchant: Merchant,
        desk: Desk,
        observe: Observe = unobserved,
    ) -> None:
        self._options = options
        self._merchant = merchant
        self._desk = desk
        self._letters = Letters()
        self._tls = ssl.create_default_context(cafile=options.ca_file)
        self._observe = observe

    async def send_receipt(self, invoice: Invoice, pdf: bytes, message_id: str) -> None:
        facts = receipt_facts(invoice, self._merchant)
        letter = self._letters.render(MailKind.RECEIPT, invoice.locale, facts)
        recipient = Recipient(invoice.customer.email, invoice.customer.name)
        envelope = self._envelope(message_id, recipient, invoice.locale)
        attachment = Attachment(f"{invoice.number}.pdf", pdf)
        with observed(self._observe, MailKind.RECEIPT):
            await self._send(envelope, message(envelope, letter, attachment))

    async def send_notice(
        self, mail: Mail, payment: Payment, credit: Credit | None, message_id: str
    ) -> None:
        """What became of the payment, and what can be done; with the credit note, if any."""
        request = payment.request
        note = credit.note if credit else None
        facts = notice_facts(mail, payment, note, self._merchant, self._desk)
        letter = self._letters.render(mail.kind, request.locale, facts)
        recipient = Recipient(request.customer.email, request.customer.name)
        envelope = self._envelope(message_id, recipient, request.locale)
        attached = [Attachment(f"{credit.note.number}.pdf", credit.pdf)] if credit else []
        with observed(self._observe, mail.kind):
            await self._send(envelope, message(envelope, letter, *attached))

    async def send_alert(self, alert: AlertOrder) -> None:
        """A mail to the administrator; the same alert has the same Message-ID."""
        if self._desk.admin_email is None:
            fields = {"order_id": alert.order_id, "code": alert.code}
            log.warning("alert.without_recipient", extra=fields)
            return
        letter = alert_letter(alert, self._merchant.name, self._desk)
        message_id = alert_message_id(alert, self._options.domain)
        envelope = self._envelope(message_id, Recipient(self._desk.admin_email), Locale.EN)
        with observed(self._observe, "alert"):
            await self._send(envelope, message(envelope, letter))

    async def send_report(self, report: RunReport, pdf: bytes, differences: bytes) -> None:
        """A mail to finance; the same run has the same Message-ID."""
        if self._desk.finance_email is None:
            log.warning("report.without_recipient", extra={"run_id": report.run_id})
            return
        facts = report_facts(report, self._merchant)
        letter = self._letters.render("report", Locale.EN, facts)
        message_id = report_message_id(report, self._options.domain)
        envelope = self._envelope(message_id, Recipient(self._desk.finance_email), Locale.EN)
        attached = report_attachments(report, pdf, differences)
        with observed(self._observe, "report"):
            await self._send(envelope, message(envelope, letter, *attached))

    def _envelope(self, message_id: str, recipient: Recipient, locale: Locale) -> Envelope:
        return Envelope(
            message_id=message_id,
            shop_name=self._merchant.name,
            sender=self._options.sender,
            reply_to=self._merchant.email,
            recipient=recipient,
            locale=locale,
        )

    async def _send(self, envelope: Envelope, mail: EmailMessage) -> None:
        client = self._client()
        try:
            async with asyncio.timeout(self._options.send_timeout.total_seconds()):
                await client.connect()
                # Named here, so that no parsing of a header decides who gets the mail.
                await client.send_message(
                    mail, sender=envelope.sender, recipients=[envelope.recipient.email]
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
            local_hostname=options.domain,
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
