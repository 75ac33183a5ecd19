"""What the mailer raises."""

import re
from typing import Self

from aiosmtplib import SMTPRecipientsRefused, SMTPResponseException

from payments.errors import TransientError

_ENHANCED_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")  # RFC 3463


class MailNotSentError(TransientError):
    """The mail server did not take the mail, or did not say that it did."""

    code = "mail_not_sent"

    def __init__(self, reason: str, smtp_code: int | None = None) -> None:
        super().__init__(reason)
        self.smtp_code = smtp_code

    @classmethod
    def because(cls, error: Exception) -> Self:
        """Of an answer only the codes: a server's words usually repeat the customer's address."""
        answer = error.recipients[0] if isinstance(error, SMTPRecipientsRefused) else error
        if isinstance(answer, SMTPResponseException):
            enhanced = _ENHANCED_CODE.match(answer.message)
            codes = f"{answer.code} {enhanced[0]}" if enhanced else str(answer.code)
            return cls(f"the mail server answered {codes} ({type(answer).__name__})", answer.code)
        reason = str(error) or "no answer in time"
        return cls(f"the mail server could not be used: {reason} ({type(error).__name__})")
