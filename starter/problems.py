"""Errors as the checkout API tells them: RFC 9457 documents with stable codes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict

from payments.errors import FieldProblem
from payments.messages import PROBLEM_TEXTS

MEDIA_TYPE = "application/problem+json"
NO_STORE = {"Cache-Control": "no-store"}
RETRY_AFTER = {"Retry-After": "2"}


class ProblemCode(StrEnum):
    """Names are for ever; docs/reference.md lists them."""

    MALFORMED_JSON = "malformed_json"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    ORDER_UNKNOWN = "order_unknown"
    INVOICE_UNKNOWN = "invoice_unknown"
    REFUND_UNKNOWN = "refund_unknown"
    CREDIT_NOTE_UNKNOWN = "credit_note_unknown"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    ORDER_CONFLICT = "order_conflict"
    ALREADY_PAID = "already_paid"
    ATTEMPT_CONFLICT = "attempt_conflict"
    NOT_RETRYABLE = "not_retryable"
    REFUND_CONFLICT = "refund_conflict"
    NOT_REFUNDABLE = "not_refundable"
    BODY_INCOMPLETE = "body_incomplete"
    BODY_TOO_LARGE = "body_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    INVALID_REQUEST = "invalid_request"
    RATE_LIMITED = "rate_limited"
    INTERNAL_ERROR = "internal_error"
    RECORD_UNREADABLE = "record_unreadable"
    GATEWAY_REFUSED = "gateway_refused"
    GATEWAY_UNREACHABLE = "gateway_unreachable"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    status: HTTPStatus
    title: str


_C = ProblemCode
_S = HTTPStatus
PROBLEMS: dict[ProblemCode, ProblemKind] = {
    _C.MALFORMED_JSON: ProblemKind(_S.BAD_REQUEST, "The body is not JSON"),
    _C.UNAUTHENTICATED: ProblemKind(_S.UNAUTHORIZED, "A valid key is needed"),
    _C.FORBIDDEN: ProblemKind(_S.FORBIDDEN, "The key does not allow this"),
    _C.NOT_FOUND: ProblemKind(_S.NOT_FOUND, "There is nothing at this address"),
    _C.ORDER_UNKNOWN: ProblemKind(_S.NOT_FOUND, "The order is not known"),
    _C.INVOICE_UNKNOWN: ProblemKind(_S.NOT_FOUND, "The order has no invoice yet"),
    _C.REFUND_UNKNOWN: ProblemKind(_S.NOT_FOUND, "The order has no such refund"),
    _C.CREDIT_NOTE_UNKNOWN: ProblemKind(_S.NOT_FOUND, "The order has no such credit note"),
    _C.METHOD_NOT_ALLOWED: ProblemKind(_S.METHOD_NOT_ALLOWED, "The method is not allowed here"),
    _C.ORDER_CONFLICT: ProblemKind(_S.CONFLICT, "The order is stored with other contents"),
    _C.ALREADY_PAID: ProblemKind(_S.CONFLICT, "The order is paid"),
    _C.ATTEMPT_CONFLICT: ProblemKind(_S.CONFLICT, "Another method was tried already"),
    _C.NOT_RETRYABLE: ProblemKind(_S.CONFLICT, "Another method cannot be tried now"),
    _C.REFUND_CONFLICT: ProblemKind(_S.CONFLICT, "The refund was asked for with another amount"),
    _C.NOT_REFUNDABLE: ProblemKind(_S.CONFLICT, "There is nothing to give back now"),
    _C.BODY_INCOMPLETE: ProblemKind(_S.REQUEST_TIMEOUT, "The body did not arrive in time"),
    _C.BODY_TOO_LARGE: ProblemKind(_S.REQUEST_ENTITY_TOO_LARGE, "The body is too large"),
    _C.UNSUPPORTED_MEDIA_TYPE: ProblemKind(
        _S.UNSUPPORTED_MEDIA_TYPE, "The body must be application/json"
    ),
    _C.INVALID_REQUEST: ProblemKind(_S.UNPROCESSABLE_ENTITY, "The request breaks a rule"),
    _C.RATE_LIMITED: ProblemKind(_S.TOO_MANY_REQUESTS, "There were too many requests"),
    _C.INTERNAL_ERROR: ProblemKind(_S.INTERNAL_SERVER_ERROR, "Something went wrong here"),
    _C.RECORD_UNREADABLE: ProblemKind(_S.INTERNAL_SERVER_ERROR, "What is stored cannot be read"),
    _C.GATEWAY_REFUSED: ProblemKind(_S.BAD_GATEWAY, "The gateway refused the payment"),
    _C.GATEWAY_UNREACHABLE: ProblemKind(_S.SERVICE_UNAVAILABLE, "The gateway could not be reached"),
    _C.TEMPORARILY_UNAVAILABLE: ProblemKind(
        _S.SERVICE_UNAVAILABLE, "The service is not available at the moment"
    ),
    _C.NO_ANSWER: ProblemKind(_S.GATEWAY_TIMEOUT, "There is no answer yet"),
}
_PASSING = frozenset({_C.TEMPORARILY_UNAVAILABLE, _C.NO_ANSWER})


class ProblemError(Exception):
    """Ends a request with a problem; `members` are added to the document."""

    def __init__(
        self,
        code: ProblemCode,
        detail: str,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.headers = headers or {}
        self.members = members or {}

    def response(self) -> JSONResponse:
        return problem_response(self.code, self.detail, headers=self.headers, members=self.members)


def problem_response(
    code: ProblemCode,
    detail: str,
    errors: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, Any] | None = None,
) -> JSONResponse:
    kind = PROBLEMS[code]
    told = PROBLEM_TEXTS[code]
    body = {
        "type": f"urn:skaters:payments:problem:{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "code": code,
        "message": {"id": told.id, "en": told.en},
        **({"errors": [{"field": e.field, "rule": e.rule} for e in errors]} if errors else {}),
        **(members or {}),
    }
    extra = RETRY_AFTER if code in _PASSING else {}
    return JSONResponse(
        body, kind.status, {**NO_STORE, **extra, **(headers or {})}, media_type=MEDIA_TYPE
    )


class Message(BaseModel):
    """What a customer may be shown."""

    model_config = ConfigDict(frozen=True)

    id: str
    en: str


class BrokenRule(BaseModel):
    field: str
    rule: str


class Problem(BaseModel):
    """An error as RFC 9457 has it; `code` is stable."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "urn:skaters:payments:problem:invalid_request",
                "title": PROBLEMS[ProblemCode.INVALID_REQUEST].title,
                "status": 422,
                "detail": "items: sum to 300000, but amount.value is 350000",
                "code": "invalid_request",
                "message": {
                    "id": PROBLEM_TEXTS["invalid_request"].id,
                    "en": PROBLEM_TEXTS["invalid_request"].en,
                },
                "errors": [{"field": "items", "rule": "sum to 300000, but amount.value is 350000"}],
            }
        }
    )

    type: str
    title: str
    status: int
    detail: str
    code: ProblemCode
    message: Message
    errors: list[BrokenRule] | None = None
