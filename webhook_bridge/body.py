"""Reading a request's body from somebody who may be slow, lying or endless."""

import asyncio
from datetime import timedelta

from starlette.requests import ClientDisconnect, Request


class BodyTooLargeError(Exception):
    """More bytes came, or were announced, than are allowed."""


class BodyIncompleteError(Exception):
    """The body did not arrive in time, or its sender went away."""


async def read_body(request: Request, *, bytes_max: int, within: timedelta) -> bytes:
    """Count what really comes: Content-Length may lie, and a chunked body has none."""
    if int(request.headers.get("Content-Length", "0")) > bytes_max:
        raise BodyTooLargeError
    body = bytearray()
    try:
        async with asyncio.timeout(within.total_seconds()):
            async for chunk in request.stream():
                body += chunk
                if len(body) > bytes_max:
                    raise BodyTooLargeError
    except (TimeoutError, ClientDisconnect) as error:
        raise BodyIncompleteError from error
    return bytes(body)
