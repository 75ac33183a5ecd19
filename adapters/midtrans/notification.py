"""Midtrans' HTTP notification: its shape and its signature, for the webhook bridge.

Imports neither midtransclient nor requests, so that the bridge stays light.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.midtrans.documents import Document, Numeral, read_object, text
from adapters.midtrans.words import attempt_status
from payments.errors import PermanentError
from payments.gateway import GATEWAY
from payments.notice import Notice
from payments.request import split_gateway_order_id
from payments.status import AttemptStatus

_TRANSACTION_ID = re.compile(r"[!-~]{1,100}")


class MalformedNotificationError(PermanentError):
    code = "malformed_notification"

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


class InvalidSignatureError(PermanentError):
    code = "invalid_signature"

    def __init__(self) -> None:
        super().__init__("signature_key fits none of our server keys")


@dataclass(frozen=True, slots=True)
class ForeignNotice:
    """Rightly signed, but of an order id that is not of our form: another user of the account."""

    gateway_order_id: str


def open_notification(
    body: bytes, server_keys: Sequence[str], received_at: datetime
) -> Notice | ForeignNotice:
    """Check shape and signature (fact sheet §7.1, §7.2); unknown members are ignored."""
    document = _document(body)
    order_id = _required(document, "order_id")
    _check_signature(document, order_id, server_keys)
    if split_gateway_order_id(order_id) is None:
        return ForeignNotice(order_id)
    word = _required(document, "transaction_status")
    status = attempt_status(word, text(document, "fraud_status"))
    return Notice(
        gateway=GATEWAY,
        gateway_order_id=order_id,
        transaction_id=_transaction_id(document),
        # A word we do not know must not lose the notice: it still says that something happened.
        status=AttemptStatus.UNKNOWN if status is None else status,
        received_at=received_at,
        raw=body.decode(),
    )


def _document(body: bytes) -> Document:
    try:
        return read_object(body)
    except ValueError:
        raise MalformedNotificationError("body", "must be a JSON object in UTF-8") from None


def _check_signature(document: Document, order_id: str, server_keys: Sequence[str]) -> None:
    """Lower-case hex of SHA-512 over the very strings of the body and the key (§7.1)."""
    signed = order_id + _string(document, "status_code") + _string(document, "gross_amount")
    claimed = _encoded("signature_key", _string(document, "signature_key"))
    content = _encoded("order_id", signed)
    fits = [
        hmac.compare_digest(hashlib.sha512(content + key.encode()).hexdigest().encode(), claimed)
        for key in server_keys
    ]
    if not any(fits):
        raise InvalidSignatureError


def _required(document: Document, name: str) -> str:
    value = text(document, name)
    if value is None:
        raise MalformedNotificationError(name, "is required and must not be empty")
    return str(value)


def _transaction_id(document: Document) -> str:
    """Often a UUID, not always (fact sheet §3.1); unsigned, so that its form is checked here."""
    value = _required(document, "transaction_id")
    if not _TRANSACTION_ID.fullmatch(value):
        raise MalformedNotificationError(
            "transaction_id", "1 to 100 printable ASCII characters without spaces"
        )
    return value


def _string(document: Document, name: str) -> str:
    """A member that must be written as a string: of a number, its sender signed other text."""
    value = _required(document, name)
    if isinstance(document[name], Numeral):
        raise MalformedNotificationError(name, "must be a string")
    return value


def _encoded(name: str, value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise MalformedNotificationError(name, "must be Unicode text") from None
