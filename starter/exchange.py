"""Bodies in and out: bounded and strict on the way in, never stored on the way out."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

from fastapi import Request, Response
from pydantic import BaseModel

from starter.documents import D, MalformedJsonError, parse
from starter.problems import NO_STORE, ProblemCode, ProblemError

# A hundred items with the longest names, each character escaped.
BODY_BYTES_MAX = 256 * 1024
FORM = "application/x-www-form-urlencoded"
_FIELDS_MAX = 10


async def read(request: Request, kind: type[D]) -> D:
    """The request's document; the problem when it is too large, no JSON, or breaks a rule."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "identity").lower()
    if media_type != "application/json" or encoding != "identity":
        raise ProblemError(
            ProblemCode.UNSUPPORTED_MEDIA_TYPE, "send application/json, not compressed"
        )
    try:
        return parse(kind, await read_bounded(request))
    except MalformedJsonError as error:
        raise ProblemError(ProblemCode.MALFORMED_JSON, str(error)) from None


async def read_form(request: Request) -> dict[str, str]:
    """The first value of each field of a form; none of one that cannot be read."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != FORM:
        raise ProblemError(ProblemCode.UNSUPPORTED_MEDIA_TYPE, "send a form")
    body = await read_bounded(request)
    try:
        fields = parse_qs(body.decode(), errors="strict", max_num_fields=_FIELDS_MAX)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def form_body(**fields: Mapping[str, Any]) -> dict[str, Any]:
    """`openapi_extra` of a route that reads a form with these fields."""
    schema = {"type": "object", "properties": fields, "required": list(fields)}
    return {"requestBody": {"required": True, "content": {FORM: {"schema": schema}}}}


def pdf(content: bytes, name: str) -> Response:
    headers = {**NO_STORE, "Content-Disposition": f'inline; filename="{name}.pdf"'}
    return Response(content, 200, headers, media_type="application/pdf")


def answer(body: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        body.model_dump_json(),
        status,
        {**NO_STORE, **(headers or {})},
        media_type="application/json",
    )


async def read_bounded(request: Request) -> bytes:
    """The body, counted as it comes in: what a sender says of the length proves nothing."""
    if _stated_length(request) > BODY_BYTES_MAX:
        raise _too_large()
    within: timedelta = request.app.state.parts.body_within
    try:
        async with asyncio.timeout(within.total_seconds()):
            return await _counted(request)
    except TimeoutError:
        raise ProblemError(
            ProblemCode.BODY_INCOMPLETE,
            f"the body must arrive within {within.total_seconds():g} s",
            # What is left of it must not be read as the next request.
            {"Connection": "close"},
        ) from None


async def _counted(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise _too_large()
    return bytes(body)


def _stated_length(request: Request) -> int:
    stated = request.headers.get("content-length", "")
    return int(stated) if stated.isdecimal() and len(stated) < 20 else 0  # noqa: PLR2004 - digits


def _too_large() -> ProblemError:
    return ProblemError(ProblemCode.BODY_TOO_LARGE, f"at most {BODY_BYTES_MAX} bytes")
