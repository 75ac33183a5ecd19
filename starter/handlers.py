"""Every error that a route can end with, as a problem; as a page where a customer looks."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import tink
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from payments.errors import (
    FieldProblem,
    InvalidRequestError,
    NotRefundableError,
    OrderConflictError,
    OrderUnknownError,
    RefundConflictError,
    RefundUnknownError,
)
from payments.request import Locale, is_order_id
from starter.errors import NoAnswerError, StandsOtherwiseError, UnavailableError
from starter.outages import BUGS, OUTAGES
from starter.parts import ApiParts
from starter.pay_page.response import PAGE_PATHS, locale_of, page_response
from starter.problems import PROBLEMS, ProblemCode, ProblemError, problem_response
from starter.rules import field_problems

log = logging.getLogger(__name__)

Handler = Callable[[Request, Exception], Awaitable[Response]]

_BY_HTTP_STATUS = {
    404: ProblemCode.NOT_FOUND,
    405: ProblemCode.METHOD_NOT_ALLOWED,
    413: ProblemCode.BODY_TOO_LARGE,
    415: ProblemCode.UNSUPPORTED_MEDIA_TYPE,
}


def handle_errors(app: FastAPI) -> None:
    told = {
        OrderConflictError: ProblemCode.ORDER_CONFLICT,
        OrderUnknownError: ProblemCode.ORDER_UNKNOWN,
        RefundConflictError: ProblemCode.REFUND_CONFLICT,
        RefundUnknownError: ProblemCode.REFUND_UNKNOWN,
        NotRefundableError: ProblemCode.NOT_REFUNDABLE,
        NoAnswerError: ProblemCode.NO_ANSWER,
    }
    for kind, code in told.items():
        app.add_exception_handler(kind, _telling(code))
    app.add_exception_handler(tink.TinkError, _cannot_be_read)
    app.add_exception_handler(UnavailableError, _part_is_away)
    for outage in OUTAGES:
        app.add_exception_handler(outage, _database_is_away)
    for bug in (*BUGS, Exception):
        app.add_exception_handler(bug, _is_a_bug)
    app.add_exception_handler(InvalidRequestError, _broken_rules)
    app.add_exception_handler(RequestValidationError, _broken_query)
    app.add_exception_handler(StandsOtherwiseError, _stands_otherwise)
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(HTTPException, _of_the_framework)
    app.add_exception_handler(ClientDisconnect, _nobody_listens)


def _tell(
    request: Request,
    code: ProblemCode,
    detail: str,
    errors: Sequence[FieldProblem] = (),
    *,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, Any] | None = None,
) -> Response:
    if not request.url.path.startswith(PAGE_PATHS):
        return problem_response(code, detail, errors, headers, members)
    parts: ApiParts = request.app.state.parts
    locale = locale_of(request.query_params.get("lang"), Locale.ID)
    return page_response(parts.pages.sorry(code, locale), PROBLEMS[code].status, headers)


def _telling(code: ProblemCode) -> Handler:
    async def tell(request: Request, error: Exception) -> Response:
        return _tell(request, code, str(error))

    return tell


async def _broken_rules(request: Request, error: Exception) -> Response:
    assert isinstance(error, InvalidRequestError)
    return _tell(request, ProblemCode.INVALID_REQUEST, str(error), error.problems)


async def _broken_query(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # Each stands in `query`, `path` or the like.
    broken = InvalidRequestError(field_problems(error.errors(), skip=1))
    return await _broken_rules(request, broken)


async def _stands_otherwise(request: Request, error: Exception) -> Response:
    assert isinstance(error, StandsOtherwiseError)
    parts: ApiParts = request.app.state.parts
    members = {"payment": parts.body(error.payment).model_dump(mode="json")}
    return _tell(request, ProblemCode(error.code), str(error), members=members)


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return _tell(request, error.code, error.detail, headers=error.headers, members=error.members)


async def _of_the_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _BY_HTTP_STATUS.get(error.status_code, ProblemCode.INVALID_REQUEST)
    return _tell(request, code, str(error.detail), headers=error.headers)


async def _part_is_away(request: Request, error: Exception) -> Response:
    assert isinstance(error, UnavailableError)
    log.warning("part.away", extra={"part": error.part, **_order(request)}, exc_info=error)
    return _tell(request, ProblemCode.TEMPORARILY_UNAVAILABLE, str(error))


async def _database_is_away(request: Request, error: Exception) -> Response:
    # Its own text may name hosts and users, which are nobody's business outside.
    away = UnavailableError("the database")
    away.__cause__ = error
    return await _part_is_away(request, away)


async def _cannot_be_read(request: Request, error: Exception) -> Response:
    """It was tampered with, or its key is missing; neither is told outside."""
    log.error("record.unreadable", extra=_order(request), exc_info=error)
    return _tell(request, ProblemCode.RECORD_UNREADABLE, "the error is logged")


async def _is_a_bug(request: Request, error: Exception) -> Response:
    fields = {"error": type(error).__name__, **_order(request)}
    log.error("request.failed", extra=fields, exc_info=error)
    return _tell(request, ProblemCode.INTERNAL_ERROR, "the error is logged")


def _order(request: Request) -> dict[str, str]:
    """The order that the address names, if it does; what has another form is somebody's text."""
    named = request.path_params.get("order_id", "")
    return {"order_id": named} if is_order_id(named) else {}


async def _nobody_listens(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)
