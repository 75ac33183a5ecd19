"""The bridge: a gateway's notification comes in, a workflow's signal goes out."""

import asyncio
import logging
import time
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.health import Readiness, health_routes
from adapters.midtrans.notification import (
    ForeignNotice,
    InvalidSignatureError,
    MalformedNotificationError,
)
from webhook_bridge.body import BodyIncompleteError, BodyTooLargeError, read_body
from webhook_bridge.inbox import Inbox, UndeliverableError
from webhook_bridge.metrics import BridgeMetrics, Outcome

BODY_BYTES_MAX = 64 * 1024
# Midtrans wants its answer within 5 s (fact sheet §7.3).
ANSWER_WITHIN = timedelta(seconds=4)
BODY_WITHIN = timedelta(seconds=3)

log = logging.getLogger(__name__)

_OUTCOMES: Mapping[type[Exception], Outcome] = {
    BodyTooLargeError: Outcome.TOO_LARGE,
    BodyIncompleteError: Outcome.INCOMPLETE,
    MalformedNotificationError: Outcome.MALFORMED,
    InvalidSignatureError: Outcome.FORGED,
    UndeliverableError: Outcome.UNAVAILABLE,
    TimeoutError: Outcome.UNAVAILABLE,
}
_REFUSALS = {
    Outcome.MALFORMED: HTTPStatus.BAD_REQUEST,
    Outcome.FORGED: HTTPStatus.UNAUTHORIZED,
    Outcome.TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Outcome.INCOMPLETE: HTTPStatus.REQUEST_TIMEOUT,
    Outcome.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}


def create_app(
    inbox: Inbox,
    *,
    stop: asyncio.Event | None = None,
    answer_within: timedelta = ANSWER_WITHIN,
    body_within: timedelta = BODY_WITHIN,
) -> Starlette:
    bridge = _Bridge(inbox, answer_within, body_within)
    readiness = Readiness({"temporal": inbox.reach_temporal}, stop or asyncio.Event())
    return Starlette(
        routes=[
            Route("/webhooks/midtrans", bridge.receive_notification, methods=["POST"]),
            *health_routes(readiness),
            Route("/metrics", bridge.exposition),
        ],
        exception_handlers={Exception: bridge.internal_error},
    )


class _Bridge:
    def __init__(self, inbox: Inbox, answer_within: timedelta, body_within: timedelta) -> None:
        self._inbox = inbox
        self._answer_within = answer_within
        self._body_within = body_within
        self._metrics = BridgeMetrics()

    async def receive_notification(self, request: Request) -> Response:
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._answer_within.total_seconds()):
                outcome = await self._take(request)
            answer: Response = JSONResponse({"status": outcome})
        except tuple(_OUTCOMES) as error:
            outcome = _OUTCOMES[type(error)]
            answer = _refusal(outcome, error, getattr(request.state, "about", {}))
        self._metrics.count(outcome)
        self._metrics.observe(time.perf_counter() - started)
        return answer

    async def _take(self, request: Request) -> Outcome:
        body = await read_body(request, bytes_max=BODY_BYTES_MAX, within=self._body_within)
        notification = self._inbox.open(body)
        if isinstance(notification, ForeignNotice):
            log.info("notification.ignored")
            return Outcome.IGNORED
        # What is not signed by Midtrans may name whatever it likes.
        request.state.about = {"order_id": notification.gateway_order_id.rpartition("~")[0]}
        await self._inbox.deliver(notification)
        return Outcome.ACCEPTED

    async def exposition(self, _request: Request) -> Response:
        return Response(self._metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

    async def internal_error(self, _request: Request, _error: Exception) -> Response:
        """Our own mistake, which the server logs: 503, since Midtrans repeats after 500 but once."""
        self._metrics.count(Outcome.UNAVAILABLE)
        return _problem(Outcome.UNAVAILABLE)


def _refusal(outcome: Outcome, error: Exception, about: Mapping[str, str]) -> Response:
    match error:
        case MalformedNotificationError():
            log.warning("notification.refused", extra={"code": outcome, "field": error.field})
            return _problem(outcome, errors=[{"field": error.field, "rule": error.rule}])
        case UndeliverableError():
            fields = {"code": outcome, "reason": str(error), **about}
            log.warning("notification.refused", extra=fields)
        case _:
            log.warning("notification.refused", extra={"code": outcome, **about})
    return _problem(outcome)


def _problem(outcome: Outcome, **members: object) -> Response:
    status = _REFUSALS[outcome]
    body = {"type": "about:blank", "title": status.phrase, "status": status, "code": outcome}
    # What is left of a body that did not arrive must not be read as the next request.
    headers = {"Connection": "close"} if outcome is Outcome.INCOMPLETE else None
    return JSONResponse(
        body | members, status, headers=headers, media_type="application/problem+json"
    )
