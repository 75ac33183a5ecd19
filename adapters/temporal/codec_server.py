"""The codec server: shows clear payloads to the Web UI and the CLI of whoever holds its secret.

Temporal's remote codec protocol, protobuf-JSON `Payloads` in and out. Loopback or TLS only: the
credential is a path segment, so whoever serves this must not log requests.
"""

import hmac
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from google.protobuf import json_format
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from temporalio.api.common.v1 import Payload, Payloads

from adapters.keysets import AeadKeyset
from adapters.temporal.codec import EncryptingCodec, UnreadablePayloadError

BODY_BYTES_MAX = 4 * 1024 * 1024
# Temporal's own tools mean this namespace when none is named.
DEFAULT_NAMESPACE = "default"
# What the Web UI sends; the last two with "pass the user access token".
REQUEST_HEADERS = ("Content-Type", "X-Namespace", "Authorization", "Authorization-Extras")
LOOPBACK_NAMES = ("localhost", "127.0.0.1")
NO_STORE = {"Cache-Control": "no-store"}


def codec_app(keyset: AeadKeyset, *, path_secret: str, allowed_origins: Iterable[str]) -> Starlette:
    """Serve POST /{secret}/[{namespace}/]decode and /encode to the allowed origins."""
    if not path_secret or "/" in path_secret:
        raise ValueError("path_secret must be one path segment that is not empty")
    endpoint = _Endpoint(keyset, path_secret)
    cors = Middleware(
        CORSMiddleware,
        allow_origins=_with_loopback_names(allowed_origins),
        allow_methods=("POST", "OPTIONS"),
        allow_headers=REQUEST_HEADERS,
        allow_credentials=True,
    )
    return Starlette(
        routes=[
            Route(
                "/{path:path}",
                endpoint.answer,
                methods=["POST"],
                max_body_size=BODY_BYTES_MAX,
            )
        ],
        middleware=[cors],
        exception_handlers={HTTPException: _problem},
    )


class _Endpoint:
    def __init__(self, keyset: AeadKeyset, path_secret: str) -> None:
        self._keyset = keyset
        self._secret = path_secret.encode()

    async def answer(self, request: Request) -> Response:
        parts = request.path_params["path"].split("/")
        secret, action = parts[0], parts[-1]
        if not hmac.compare_digest(secret.encode(), self._secret) or action not in _WORK:
            raise HTTPException(404)
        payloads = _parse(await request.body())
        codec = EncryptingCodec(self._keyset, _namespace(request, parts[1:-1]))
        done = Payloads(payloads=[_WORK[action](codec, payload) for payload in payloads])
        return Response(
            json_format.MessageToJson(done, indent=None),
            media_type="application/json",
            headers=NO_STORE,
        )


def _open_if_possible(codec: EncryptingCodec, payload: Payload) -> Payload:
    """One payload that cannot be read must not hide the others of its batch."""
    try:
        return codec.open(payload)
    except UnreadablePayloadError:
        return payload


_WORK: dict[str, Callable[[EncryptingCodec, Payload], Payload]] = {
    "decode": _open_if_possible,
    "encode": EncryptingCodec.seal,
}


def _parse(body: bytes) -> Iterable[Payload]:
    try:
        return json_format.Parse(body, Payloads()).payloads
    except (json_format.ParseError, UnicodeDecodeError) as error:
        raise HTTPException(400, "the body must be Payloads as protobuf JSON") from error


def _namespace(request: Request, between: list[str]) -> str:
    in_path = between[-1] if between else ""
    return request.headers.get("X-Namespace") or in_path or DEFAULT_NAMESPACE


def _with_loopback_names(origins: Iterable[str]) -> tuple[str, ...]:
    """The same Web UI is opened under either name of this machine, and browsers tell them apart."""
    return tuple(name for origin in origins for name in _names_of(origin.rstrip("/")))


def _names_of(origin: str) -> Iterable[str]:
    parts = urlsplit(origin)
    if parts.hostname not in LOOPBACK_NAMES:
        return (origin,)
    port = "" if parts.port is None else f":{parts.port}"
    return tuple(f"{parts.scheme}://{name}{port}" for name in LOOPBACK_NAMES)


async def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse(
        {"error": error.detail}, error.status_code, headers={**(error.headers or {}), **NO_STORE}
    )
