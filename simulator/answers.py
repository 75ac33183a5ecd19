"""What is said back, and the errors in the shapes that Midtrans gives them."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.responses import Response

SNAP_PREFIX = "/snap/"
EXPIRED = 407
INVALID = "One or more parameters in the payload is invalid."
SNAP_HELP = "Visit https://snap-docs.midtrans.com/#request-headers for more details"

TEXTS = {
    401: "Transaction cannot be authorized with the current client/server key.",
    402: "Merchant doesn't have access for this payment type",
    404: "Transaction doesn't exist.",
    406: (
        "The request could not be completed due to a conflict with the current state of the "
        "target resource, please try again"
    ),
    411: "Token id is missing, invalid, or timed out",
    412: "Merchant cannot modify the status of the transaction",
    413: "Payload format is not supported.",
    414: "Refund request is rejected due to invalid amount",
    429: "API rate limit exceeded",
    500: "Sorry, we encountered internal server error. We will fix this soon.",
    503: "Bank/partner is experiencing connection issue.",
    505: "Unable to create va_number for this transaction",
}
UNEXPECTED = "Sorry, our system is recovering from unexpected issues. Please retry."

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Answer:
    body: Mapping[str, object]
    http_status: int = HTTPStatus.OK

    @property
    def succeeded(self) -> bool:
        code = int(str(self.body.get("status_code", self.http_status)))
        return self.http_status < HTTPStatus.BAD_REQUEST and (
            code < HTTPStatus.BAD_REQUEST or code == EXPIRED
        )

    def encoded(self) -> bytes:
        return _encode(self.body).encode(errors="replace")

    def response(self) -> Response:
        return Response(self.encoded(), self.http_status, media_type="application/json")


class GatewayError(Exception):
    """A refusal of the Core API: a code, a message, perhaps what is wrong with which field."""

    def __init__(self, code: int, message: str = "", problems: list[str] | None = None) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message or TEXTS.get(code, "")
        self.problems = problems or []

    def answer(self, *, real: bool) -> Answer:
        body: dict[str, object] = {"status_code": str(self.code), "status_message": self.message}
        if self.problems:
            body["validation_messages"] = self.problems
        body["id"] = str(uuid.uuid4())
        return Answer(body, self.code if real and self.code != EXPIRED else HTTPStatus.OK)


class RecurringError(Exception):
    """A refusal of the Subscription API: a real HTTP code, and none in the body."""

    def __init__(self, http_status: int, message: str, problems: list[str] | None = None) -> None:
        super().__init__(http_status, message)
        self.http_status = http_status
        self.message = message
        self.problems = problems or []

    def answer(self) -> Answer:
        body: dict[str, object] = {"status_message": self.message}
        if self.problems:
            body["validation_messages"] = self.problems
        return Answer(body, self.http_status)


class SnapError(Exception):
    """A refusal of the Snap API, which always uses real HTTP codes."""

    def __init__(self, http_status: int, messages: list[str]) -> None:
        super().__init__(http_status, messages)
        self.http_status = http_status
        self.messages = messages

    def answer(self) -> Answer:
        return Answer({"error_messages": self.messages}, self.http_status)


def invalid(*problems: str) -> GatewayError:
    return GatewayError(HTTPStatus.BAD_REQUEST, INVALID, list(problems))


def snap_unauthorized() -> SnapError:
    denied = "Access denied due to unauthorized transaction, please check client or server key"
    return SnapError(HTTPStatus.UNAUTHORIZED, [denied, SNAP_HELP])
