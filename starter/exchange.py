"""Bodies in and out: bounded and strict on the way in, never stored on the way out."""

from fastapi import Request, Response
from pydantic import BaseModel

from starter.documents import D, MalformedJsonError, parse
from starter.problems import NO_STORE, ProblemCode, ProblemError

BODY_BYTES_MAX = 64 * 1024


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
