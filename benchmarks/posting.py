"""A poster of requests that leaves the processors to what is measured: httpx takes a millisecond."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class RefusedError(Exception):
    """The answer was not one of success."""


class Poster:
    """HTTP/1.1 to one address, each connection used again; no TLS, and every body has a length."""

    def __init__(self, url: str, headers: Mapping[str, str] | None = None) -> None:
        parts = urlsplit(url)
        self._host, self._port = str(parts.hostname), int(parts.port or 0)
        lines = {"Host": parts.netloc, "Content-Type": "application/json", **(headers or {})}
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._idle: list[tuple[StreamReader, StreamWriter]] = []

    async def post(self, path: str, body: bytes) -> bytes:
        """The body of the answer; RefusedError when it is not a success."""
        reader, writer = await self._connection()
        head = f"POST {path} HTTP/1.1\r\n{self._headers}Content-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        told = (await reader.readuntil(_END)).lower()
        answer = await reader.readexactly(_length(told))
        self._idle.append((reader, writer))
        status = int(told.split(b" ", 2)[1])
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            raise RefusedError(status, answer)
        return answer

    async def aclose(self) -> None:
        for _, writer in self._idle:
            writer.close()
            await writer.wait_closed()

    async def _connection(self) -> tuple[StreamReader, StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():  # the server closes what has been idle for long
                return reader, writer
        return await asyncio.open_connection(self._host, self._port)


def _length(head: bytes) -> int:
    line = next(line for line in head.split(b"\r\n") if line.startswith(_LENGTH))
    return int(line.removeprefix(_LENGTH))
