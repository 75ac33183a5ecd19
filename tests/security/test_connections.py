"""Connections of senders who are slow, endless, or mean two requests by one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta

import pytest
from starlette.applications import Starlette

from adapters.prompt_http import PromptHttp
from local_stack.ports import LOOPBACK
from starter.exchange import BODY_BYTES_MAX
from tests.security.conftest import served
from tests.starter.conftest import KEY, Shop

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]

HEAD = b"GET /livez HTTP/1.1\r\nHost: shop\r\n"
LIVE = HEAD + b"\r\n"
POST = (
    b"POST /v1/payments HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n"
    b"Authorization: Bearer " + KEY.encode() + b"\r\n"
)
# Much longer than anything here takes.
PATIENCE = 10


class Hasty(PromptHttp):
    head_seconds = 0.3


class Line:
    """A connection on which a test writes HTTP by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, content: bytes) -> None:
        self._writer.write(content)
        await self._writer.drain()

    async def send_until_closed(self, piece: bytes, pause: float = 0) -> int:
        """How many pieces were sent before the other side had closed the connection."""
        sent = 0
        async with asyncio.timeout(PATIENCE):
            while not self._reader.at_eof():
                try:
                    await self.send(piece)
                except ConnectionError:
                    break
                sent += 1
                await asyncio.sleep(pause)
        return sent

    async def answer(self) -> bytes:
        """The head of the next answer, and its body."""
        async with asyncio.timeout(PATIENCE):
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            return head + await self._reader.readexactly(length)

    async def rest(self) -> bytes:
        """Everything until the other side closes the connection."""
        async with asyncio.timeout(PATIENCE):
            return await self._reader.read()


@asynccontextmanager
async def line_to(port: int) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    with closing(writer):
        yield Line(reader, writer)


@pytest.fixture(scope="module", params=["api", "bridge"])
def app(request: pytest.FixtureRequest, shop: Shop, bridge_app: Starlette) -> Starlette:
    return shop.api() if request.param == "api" else bridge_app


@pytest.fixture(scope="module")
async def port(app: Starlette) -> AsyncIterator[int]:
    """Of a process with the patience of those in production."""
    async with served(app) as port:
        yield port


@pytest.fixture(scope="module")
async def hasty_port(app: Starlette) -> AsyncIterator[int]:
    """Of a process that waits for a head no longer than a test likes to."""
    async with served(app, http=Hasty) as port:
        yield port


@pytest.fixture
async def line(port: int) -> AsyncIterator[Line]:
    async with line_to(port) as line:
        yield line


@pytest.fixture
async def api(shop: Shop) -> AsyncIterator[Line]:
    """A connection to an API of the usual patience."""
    async with served(shop.api()) as port, line_to(port) as line:
        yield line


@pytest.fixture(scope="module")
async def hasty_api_port(shop: Shop) -> AsyncIterator[int]:
    """Of an API that waits no longer for a body either."""
    app = shop.api(body_within=timedelta(seconds=1))
    async with served(app, http=Hasty) as port:
        yield port


async def test_who_wants_a_websocket_is_waited_for_no_longer(hasty_port: int) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    async with line_to(hasty_port) as line:
        await line.send(b"POST /livez HTTP/1.1\r\nHost: shop\r\n" + upgrade)
        await line.send(b"Content-Length: 1000\r\n\r\n")

        assert (await line.answer()).startswith(b"HTTP/1.1 405")
        await line.rest()


@pytest.mark.parametrize("begun", [b"", b"\r\n", b"GET", HEAD, HEAD + b"X-Padding: aaa"])
async def test_a_head_that_does_not_come_is_not_waited_for(hasty_port: int, begun: bytes) -> None:
    async with line_to(hasty_port) as line:
        await line.send(begun)

        assert await line.rest() == b""


async def test_a_head_in_drops_is_not_waited_for(hasty_port: int) -> None:
    async with line_to(hasty_port) as line:
        await line.send(HEAD)

        sent = await line.send_until_closed(b"X-Drop: 1\r\n", pause=0.05)

        assert 0 < sent < 100


async def test_a_head_without_end_is_not_read_on(line: Line) -> None:
    await line.send(HEAD)

    sent = await line.send_until_closed(b"X-Padding: " + 10_000 * b"a" + b"\r\n")

    # More than was read stands in buffers on the way.
    assert sent < 5_000


@pytest.mark.parametrize(
    ("begun", "piece"),
    [
        pytest.param(b"2\r\n{}\r\n0\r\n", b"X: " + 10_000 * b"a" + b"\r\n", id="trailers"),
        pytest.param(b"2\r\n{}\r\n0\r\nX: ", 10_000 * b"a", id="one-trailer"),
        pytest.param(b"2;x=", 10_000 * b"a", id="extension-of-a-chunk"),
    ],
)
async def test_what_is_no_body_is_not_read_on_without_end(
    api: Line, begun: bytes, piece: bytes
) -> None:
    await api.send(POST + b"Transfer-Encoding: chunked\r\n\r\n" + begun)

    sent = await api.send_until_closed(piece)

    # More than was read stands in buffers on the way.
    assert sent < 5_000


async def test_who_is_served_may_pause_and_ask_again(hasty_port: int) -> None:
    async with line_to(hasty_port) as line:
        await line.send(LIVE)
        first = await line.answer()
        await asyncio.sleep(2 * Hasty.head_seconds)
        await line.send(LIVE)

        assert first.startswith(b"HTTP/1.1 200")
        assert (await line.answer()).startswith(b"HTTP/1.1 200")


async def test_a_body_that_does_not_arrive_is_a_problem_and_ends_the_connection(
    hasty_api_port: int,
) -> None:
    async with line_to(hasty_api_port) as line:
        await line.send(POST + b'Content-Length: 1000\r\n\r\n{"order_id": ')

        answer = await line.rest()

        assert answer.startswith(b"HTTP/1.1 408")
        assert b'"code":"body_incomplete"' in answer
        assert b"connection: close" in answer.lower()


async def test_a_body_in_drops_is_not_waited_for(hasty_api_port: int) -> None:
    async with line_to(hasty_api_port) as line:
        await line.send(POST + b"Content-Length: 100000\r\n\r\n")

        dripping = asyncio.create_task(line.send_until_closed(b" ", pause=0.05))
        answer = await line.answer()

        assert answer.startswith(b"HTTP/1.1 408")
        assert await dripping < 100


async def test_chunks_without_end_are_answered_and_cut_off(hasty_api_port: int) -> None:
    async with line_to(hasty_api_port) as line:
        await line.send(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        piece = b"1000\r\n" + 4096 * b" " + b"\r\n"
        for _ in range(BODY_BYTES_MAX // 4096 + 1):
            await line.send(piece)

        answer = await line.answer()
        await line.send_until_closed(piece, pause=0.01)

        assert answer.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "lengths",
    [
        pytest.param(b"Content-Length: 0\r\nTransfer-Encoding: chunked", id="both"),
        pytest.param(b"Transfer-Encoding: chunked\r\nContent-Length: 0", id="both-turned"),
        pytest.param(b"Content-Length: 0\r\nContent-Length: 40", id="two-lengths"),
        pytest.param(b"Content-Length: 0, 40", id="a-list-of-lengths"),
        pytest.param(b"Content-Length: +40", id="signed"),
        pytest.param(b"Content-Length: -1", id="negative"),
        pytest.param(b"Content-Length: 0x28", id="hexadecimal"),
        pytest.param(b"Content-Length: 99999999999999999999999", id="overflowing"),
        pytest.param(b"Transfer-Encoding: chunked, identity", id="chunked-not-last"),
        pytest.param(b"Transfer-Encoding: xchunked", id="unknown-encoding"),
        pytest.param(b"Transfer-Encoding : chunked", id="space-before-the-colon"),
        pytest.param(b"X: y\r\n Transfer-Encoding: chunked", id="folded"),
        pytest.param(b"X: y\nTransfer-Encoding: chunked", id="bare-line-feed"),
        pytest.param(b"X: y\rTransfer-Encoding: chunked", id="bare-carriage-return"),
        pytest.param(b"X: a\0b", id="nul"),
    ],
)
async def test_a_request_of_unclear_length_is_one_bad_request(line: Line, lengths: bytes) -> None:
    await line.send(POST + lengths + b"\r\n\r\n0\r\n\r\n" + LIVE)

    answer = await line.rest()

    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "request_line",
    [
        pytest.param(b"GET http://[ HTTP/1.1", id="no-address"),
        pytest.param(b"GET /\xff\xfe HTTP/1.1", id="no-ascii"),
        pytest.param(b"GET /\x00 HTTP/1.1", id="nul"),
        pytest.param(b"GET /livez HTTP/9.9", id="no-version"),
        pytest.param(b"STEAL /livez HTTP/1.1", id="no-method"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", id="tls"),
    ],
)
async def test_what_is_no_request_is_a_bad_one(line: Line, request_line: bytes) -> None:
    await line.send(request_line + b"\r\nHost: shop\r\n\r\n")

    assert (await line.rest()).startswith(b"HTTP/1.1 400")
