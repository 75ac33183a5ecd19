"""The codec server: shows clear payloads to the Web UI and the CLI of whoever may see them.

Temporal's remote codec protocol, protobuf-JSON `Payloads` in and out. Loopback or TLS only, and no
log of requests: a path may be the credential. What was shown, to whom, is recorded before it is.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
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
from adapters.temporal.codec import EncryptingCodec, UnreadablePayloadError, workflow_id_of
from adapters.temporal.codec_access import CodecAccess
from adapters.temporal.codec_body import prompt_body
from adapters.temporal.codec_tokens import KeysUnreadableError

log = logging.getLogger(__name__)

BODY_BYTES_MAX = 4 * 1024 * 1024
BODY_WITHIN = timedelta(seconds=10)
# Temporal's own tools mean this namespace when none is named.
DEFAULT_NAMESPACE = "default"
# What the Web UI sends; the last two with "pass the user access token".
REQUEST_HEADERS = ("Content-Type", "X-Namespace", "Authorization", "Authorization-Extras")
ACTIONS = ("decode", "encode")
LOOPBACK_NAMES = ("localhost", "127.0.0.1")
NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecUse:
    """Payloads that somebody is about to be shown, or to have encrypted."""

    actor: str
    namespace: str
    payloads: int
    workflow_ids: tuple[str, ...] = ()


class UnrecordedError(Exception):
    """The record cannot be written now, so nothing may be shown."""


class CodecRecord(Protocol):
    async def decoded(self, use: CodecUse) -> None:
        """Record it, or raise UnrecordedError."""

    async def encoded(self, use: CodecUse) -> None: ...


def codec_app(
    keyset: AeadKeyset,
    access: CodecAccess,
    record: CodecRecord,
    *,
    allowed_origins: Iterable[str],
    body_within: timedelta = BODY_WITHIN,
) -> Starlette:
    """Serve POST …/[{namespace}/]decode and /encode to the allowed origins, and the login."""
    origins = _with_loopback_names(allowed_origins)
    endpoint = _Endpoint(keyset, access, record, origins)
    cors = Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=("POST", "OPTIONS"),
        allow_headers=REQUEST_HEADERS,
        allow_credentials=True,
    )
    app = Starlette(
        routes=[
            *(access.login.routes() if access.login else ()),
            Route(
                "/{path:path}",
                endpoint.answer,
                methods=["POST"],
                max_body_size=BODY_BYTES_MAX,
            ),
        ],
        middleware=[cors],
        exception_handlers={
            HTTPException: _problem,
            UnrecordedError: _try_later,
            KeysUnreadableError: _try_later,
        },
    )
    app.state.body_within = body_within
    return app


class _Endpoint:
    def __init__(
        self,
        keyset: AeadKeyset,
        access: CodecAccess,
        record: CodecRecord,
        origins: tuple[str, ...],
    ) -> None:
        self._keyset = keyset
        self._access = access
        self._record = record
        self._origins = origins

    async def answer(self, request: Request) -> Response:
        segments = request.path_params["path"].split("/")
        action = segments[-1]
        if action not in ACTIONS:
            raise HTTPException(404)
        actor = await self._require_actor(request, segments)
        namespace = _namespace(request, self._access.without_secret(segments)[:-1])
        payloads = _parse(await prompt_body(request))
        work = self._decode if action == "decode" else self._encode
        done = await work(payloads, actor, namespace)
        return Response(
            json_format.MessageToJson(Payloads(payloads=done), indent=None),
            media_type="application/json",
            headers=NO_STORE,
        )

    async def _require_actor(self, request: Request, segments: list[str]) -> str:
        origin = request.headers.get("Origin")
        # Its browser would not show the answer to the page, but the asking would be on record.
        if origin is not None and origin not in self._origins:
            raise HTTPException(403, "this origin may not ask")
        actor = await self._access.actor(request, segments)
        if actor is None:
            raise HTTPException(
                401,
                "sign in at this server's /login, then load the page again",
                {"WWW-Authenticate": 'Bearer realm="codec server"'},
            )
        return actor

    async def _decode(
        self, payloads: Sequence[Payload], actor: str, namespace: str
    ) -> list[Payload]:
        codec = EncryptingCodec(self._keyset, namespace)
        done = [_open_if_possible(codec, payload) for payload in payloads]
        opened = [
            sealed for sealed, clear in zip(payloads, done, strict=True) if clear is not sealed
        ]
        if opened:
            owners = {workflow_id_of(sealed) for sealed in opened}
            use = CodecUse(
                actor=actor,
                namespace=namespace,
                payloads=len(opened),
                workflow_ids=tuple(sorted(owner for owner in owners if owner is not None)),
            )
            await self._record.decoded(use)
        return done

    async def _encode(
        self, payloads: Sequence[Payload], actor: str, namespace: str
    ) -> list[Payload]:
        codec = EncryptingCodec(self._keyset, namespace)
        use = CodecUse(actor=actor, namespace=namespace, payloads=len(payloads))
        await self._record.encoded(use)
        return [codec.seal(payload) for payload in payloads]


def _open_if_possible(codec: EncryptingCodec, payload: Payload) -> Payload:
    """One payload that cannot be read must not hide the others of its batch."""
    try:
        return codec.open(payload)
    except UnreadablePayloadError:
        return payload


def _parse(body: bytes) -> Sequence[Payload]:
    try:
        return list(json_format.Parse(body, Payloads()).payloads)
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


async def _try_later(_request: Request, error: Exception) -> Response:
    log.warning("payload.withheld", exc_info=error)
    return JSONResponse(
        {"error": "this cannot be recorded or checked now; try again in a moment"},
        503,
        headers={**NO_STORE, "Retry-After": "5"},
    )
