"""What an HTTP answer of Midtrans means: its document, or one of our errors."""

import re
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from adapters.midtrans.documents import Document, read_object, text
from payments.errors import GatewayBusyError, GatewayRefusedError, GatewayUnknownError

EXPIRED = 407  # the success of expire, and of reading what has expired (fact sheet §5.2, §5.6)
NOT_PERMITTED = "412"  # the state of the transaction does not permit this (fact sheet §8.3)

_PATIENCE = timedelta(seconds=10)
_PATIENCE_MAX = timedelta(hours=1)
# Fact sheet §8.3.
_MEANINGS = {
    400: "a field breaks a rule",
    401: "the server key is not known there",
    402: "the payment method is not activated for this merchant",
    403: "access denied",
    404: "it does not exist",
    406: "the order id is taken",
    409: "too many transactions with the same card",
    410: "the account is deactivated",
    411: "the card token is missing, used or too old",
    412: "its state does not permit this",
    413: "the body is malformed or too large",
    414: "the amount cannot be refunded, or the merchant's balance is too small",
    501: "the feature does not exist there",
}
# Members of our requests, the only words of an error message that are surely not the customer's.
_FIELD = re.compile(
    r"\b(?:transaction_details|item_details|customer_details|custom_expiry|page_expiry|expiry"
    r"|bank_transfer|echannel|cstore|qris|gopay|shopeepay|credit_card|enabled_payments|callbacks"
    r"|payment_type|custom_field1)(?:\.(?:order_id|gross_amount|first_name|email|phone|price"
    r"|quantity|name|id|start_time|order_time|duration|expiry_duration|unit|bank|store|message"
    r"|acquirer|callback_url|finish))?\b"
)
_ERROR_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class MidtransRefusedError(GatewayRefusedError):
    """A refusal, with the document that came with it; its text holds no word of the customer's."""

    def __init__(self, code: int, document: Document) -> None:
        super().__init__(str(code), _reason(code, document))
        self.document = document

    @property
    def messages(self) -> str:
        """All that was said, in lower case: to be looked through, never to be shown."""
        return str([self.document.get(name) for name in _MESSAGE_MEMBERS]).lower()


_MESSAGE_MEMBERS = ("status_message", "validation_messages", "error_messages")


def read_answer(http_code: int, headers: Mapping[str, str], content: bytes) -> Document:
    """Judge HTTP code and body code together; errors arrive under HTTP 200 too (fact sheet §8.1).

    What Midtrans did not say in its own shape (a proxy's page, a redirect) leaves the outcome open.
    """
    if http_code == HTTPStatus.TOO_MANY_REQUESTS:
        raise _busy(headers)
    document = _document(http_code, content)
    code = _outcome(http_code, document)
    if code == HTTPStatus.TOO_MANY_REQUESTS:
        raise _busy(headers)
    if code < HTTPStatus.MULTIPLE_CHOICES:
        # 202 as HTTP code: an equal request is still running (§1.3). In the body: it was denied.
        if http_code == HTTPStatus.ACCEPTED and "transaction_status" not in document:
            raise GatewayUnknownError("an equal request is still running at the gateway")
        return document
    if code < HTTPStatus.BAD_REQUEST or (
        code >= HTTPStatus.INTERNAL_SERVER_ERROR and code != HTTPStatus.NOT_IMPLEMENTED
    ):
        raise GatewayUnknownError(f"the gateway answered {code}")
    if not {"status_code", "error_messages"} & document.keys():
        raise GatewayUnknownError(f"HTTP {http_code} in no shape of Midtrans")
    raise MidtransRefusedError(code, document)


def _document(http_code: int, content: bytes) -> Document:
    try:
        return read_object(content)
    except ValueError:
        raise GatewayUnknownError(f"HTTP {http_code} without a JSON object") from None


def _outcome(http_code: int, document: Document) -> int:
    if "status_code" not in document:
        return http_code
    try:
        body_code = int(text(document, "status_code") or "")
    except ValueError:
        raise GatewayUnknownError(f"HTTP {http_code} with an unreadable status_code") from None
    if body_code == EXPIRED:
        return HTTPStatus.OK if http_code == EXPIRED else http_code
    return max(http_code, body_code)


def _reason(code: int, document: Document) -> str:
    said = str([document.get(name) for name in _MESSAGE_MEMBERS])
    fields = sorted(set(_FIELD.findall(said)))
    named = f": {', '.join(fields)}" if fields else ""
    error_id = text(document, "id")
    known = error_id is not None and _ERROR_ID.fullmatch(error_id)
    reference = f" (Midtrans error {error_id})" if known else ""
    return f"{_MEANINGS.get(code, 'it cannot be done')}{named}{reference}"


def _busy(headers: Mapping[str, str]) -> GatewayBusyError:
    wished = _retry_after(headers) or _PATIENCE
    patience = max(timedelta(seconds=1), min(wished, _PATIENCE_MAX))
    return GatewayBusyError("the gateway limits the rate of requests", patience)


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Read seconds or an HTTP date (RFC 9110 §10.2.3), the latter against the gateway's clock."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,6}", value):
        return timedelta(seconds=int(value))
    try:
        return parsedate_to_datetime(value) - parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
