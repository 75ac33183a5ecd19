"""Every error that a route can end with, as a problem."""

import logging
from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from payments.errors import InvalidRequestError, OrderConflictError, OrderUnknownError
from starter.errors import AlreadyPaidError, NoAnswerError, UnavailableError
from starter.outages import BUGS, OUTAGES
from starter.parts import ApiParts
from starter.problems import ProblemCode, ProblemError, problem_response
from starter.rules import field_problems
from starter.views import payment_body

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
        NoAnswerError: ProblemCode.NO_ANSWER,
    }
    for kind, code in told.items():
        app.add_exception_handler(kind, _telling(code))
    app.add_exception_handler(UnavailableError, _part_is_away)
    for outage in OUTAGES:
        app.add_exception_handler(outage, _database_is_away)
    for bug in (*BUGS, Exception):
        app.add_exception_handler(bug, _is_a_bug)
    app.add_exception_handler(InvalidRequestError, _broken_rules)
    app.add_exception_handler(RequestValidationError, _broken_query)
    app.add_exception_handler(AlreadyPaidError, _already_paid)
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(HTTPException, _of_the_framework)
    app.add_exception_handler(ClientDisconnect, _nobody_listens)


def _telling(code: ProblemCode) -> Handler:
    async def tell(_request: Request, error: Exception) -> Response:
        return problem_response(code, str(error))

    return tell


async def _broken_rules(_request: Request, error: Exception) -> Response:
    assert isinstance(error, InvalidRequestError)
    return problem_response(ProblemCode.INVALID_REQUEST, str(error), error.problems)


async def _broken_query(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # Each stands in `query`, `path` or the like.
    broken = InvalidRequestError(field_problems(error.errors(), skip=1))
    return problem_response(ProblemCode.INVALID_REQUEST, str(broken), broken.problems)


async def _already_paid(request: Request, error: Exception) -> Response:
    assert isinstance(error, AlreadyPaidError)
    parts: ApiParts = request.app.state.parts
    body = payment_body(error.payment, parts.now(), livemode=parts.livemode)
    members = {"payment": body.model_dump(mode="json")}
    return problem_response(ProblemCode.ALREADY_PAID, str(error), members=members)


async def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return error.response()


async def _of_the_framework(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _BY_HTTP_STATUS.get(error.status_code, ProblemCode.INVALID_REQUEST)
    return problem_response(code, str(error.detail), headers=error.headers)


async def _part_is_away(_request: Request, error: Exception) -> Response:
    assert isinstance(error, UnavailableError)
    log.warning("part.away", extra={"part": error.part}, exc_info=error)
    return problem_response(ProblemCode.TEMPORARILY_UNAVAILABLE, str(error))


async def _database_is_away(request: Request, error: Exception) -> Response:
    # Its own text may name hosts and users, which are nobody's business outside.
    away = UnavailableError("the database")
    away.__cause__ = error
    return await _part_is_away(request, away)


async def _is_a_bug(_request: Request, error: Exception) -> Response:
    log.error("request.failed", extra={"error": type(error).__name__}, exc_info=error)
    return problem_response(ProblemCode.INTERNAL_ERROR, "the error is logged")


async def _nobody_listens(_request: Request, _error: Exception) -> Response:
    return Response(status_code=400)
