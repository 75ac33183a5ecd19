"""Carries a fault out on the wire: cut, held, broken or slow answers."""

import asyncio
from http import HTTPStatus

from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulator.answers import SNAP_PREFIX, Answer, GatewayError, SnapError
from simulator.faults import Fault

_HELD_SECONDS = 60
_TRANSPORT = "simulator.transport"
_HTML = (
    "<html><head><title>{code} {phrase}</title></head>"
    "<body><center><h1>{code} {phrase}</h1></center><hr><center>cloudflare</center></body></html>"
)


class CuttableProtocol(HttpToolsProtocol):
    """Hands the connection itself to the application, which may want to cut it."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_TRANSPORT: {"transport": self.transport}}


async def strike_before(fault: Fault, scope: Scope, receive: Receive, send: Send) -> bool:
    """Carry out a fault that keeps the call from having any effect; tell whether it did."""
    match fault.kind:
        case "refuse":
            await _cut(scope, receive)
        case "timeout_before":
            await _hold(scope, receive)
        case "status":
            failure = _failure(int(fault.number), scope)
            await failure.response()(scope, receive, send)
        case "429":
            answer = _failure(HTTPStatus.TOO_MANY_REQUESTS, scope).response()
            if fault.number:
                answer.headers["retry-after"] = str(int(fault.number))
            await answer(scope, receive, send)
        case "html":
            await _html(int(fault.number))(scope, receive, send)
        case _:
            return False
    return True


async def respond(
    fault: Fault | None, answer: Answer, scope: Scope, receive: Receive, send: Send
) -> None:
    """Send the answer, unless a fault spoils it after the effect."""
    if fault is None or fault.kind == "deny":
        await answer.response()(scope, receive, send)
    elif fault.kind == "timeout_after":
        await _hold(scope, receive)
    elif fault.kind == "malformed":
        content = answer.encoded()
        broken = answer.response()
        broken.body = content[: len(content) // 2]
        broken.headers["content-length"] = str(len(broken.body))
        await broken(scope, receive, send)
    else:
        await _respond_slowly(fault.number / 1000, answer, send)


async def _hold(scope: Scope, receive: Receive) -> None:
    try:
        async with asyncio.timeout(_HELD_SECONDS):
            await _until_disconnected(receive)
    except TimeoutError:
        await _cut(scope, receive)


async def _cut(scope: Scope, receive: Receive) -> None:
    extension = scope.get("extensions", {}).get(_TRANSPORT)
    if extension is None:
        raise ConnectionAbortedError("only a served connection can be cut")
    extension["transport"].abort()
    await _until_disconnected(receive)


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _respond_slowly(seconds: float, answer: Answer, send: Send) -> None:
    response, content = answer.response(), answer.encoded()
    half = len(content) // 2
    start = {
        "type": "http.response.start",
        "status": answer.http_status,
        "headers": response.raw_headers,
    }
    await send(start)
    await send({"type": "http.response.body", "body": content[:half], "more_body": True})
    await asyncio.sleep(seconds)
    await send({"type": "http.response.body", "body": content[half:]})


def _failure(code: int, scope: Scope) -> Answer:
    if scope["path"].startswith(SNAP_PREFIX):
        return SnapError(code, [GatewayError(code).message or HTTPStatus(code).phrase]).answer()
    message = GatewayError(code).message or HTTPStatus(code).phrase
    return GatewayError(code, message).answer(real=True)


def _html(code: int) -> HTMLResponse:
    return HTMLResponse(_HTML.format(code=code, phrase=HTTPStatus(code).phrase), code)
