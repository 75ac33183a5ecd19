"""TLS in front of a server that was built without, as PostgreSQL and Temporal here are."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from local_stack.ports import LOOPBACK

# What a client of PostgreSQL asks before anything else: whether there is TLS.
_SSL_REQUEST_BYTES = 8
_CHUNK = 64 * 1024


@asynccontextmanager
async def tls_front(
    port: int, behind: int, context: ssl.SSLContext, *, of_postgres: bool = False
) -> AsyncIterator[None]:
    """Take TLS on `port`, and hand the clear bytes to the server at `behind` and back."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            if of_postgres:
                await reader.readexactly(_SSL_REQUEST_BYTES)
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(context)
            await _join(reader, writer, behind)
        writer.close()

    server = await asyncio.start_server(take, LOOPBACK, port, ssl=None if of_postgres else context)
    try:
        yield
    finally:
        server.close()


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, behind: int) -> None:
    inner_reader, inner_writer = await asyncio.open_connection(LOOPBACK, behind)
    try:
        both = (_copy(reader, inner_writer), _copy(inner_reader, writer))
        tasks = [asyncio.create_task(each) for each in both]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        inner_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
