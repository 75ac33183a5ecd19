"""Bodies of requests to the codec server, in time or not at all."""

import asyncio
from datetime import timedelta

from starlette.exceptions import HTTPException
from starlette.requests import Request


async def prompt_body(request: Request) -> bytes:
    """The body; 408 when it does not arrive, so that nobody holds a place without a word."""
    within: timedelta = request.app.state.body_within
    try:
        async with asyncio.timeout(within.total_seconds()):
            return await request.body()
    except TimeoutError:
        # What is left of it must not be read as the next request.
        headers = {"Connection": "close"}
        raise HTTPException(408, "the body did not arrive in time", headers) from None
