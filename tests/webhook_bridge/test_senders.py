"""Senders who are slow, lie about their length, or go away."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from temporalio.client import Client

from tests.webhook_bridge.conftest import KEYS, WEBHOOK, serving
from tests.webhook_bridge.notifications import new_order_id, notification
from webhook_bridge.app import BODY_BYTES_MAX, create_app
from webhook_bridge.inbox import Inbox

pytestmark = pytest.mark.temporal


class Sender:
    """A connection on which a test writes HTTP by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def head(self, length: int) -> None:
        self.writer.write(
            f"POST {WEBHOOK} HTTP/1.1\r\nHost: bridge\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        await self.writer.drain()

    async def status(self) -> int:
        return int((await self._reader.readline()).split()[1])

    async def rest(self) -> bytes:
        """Everything until the server closes the connection."""
        return await self._reader.read()


@pytest.fixture
async def hasty(temporal: Client) -> AsyncIterator[httpx.AsyncClient]:
    """A bridge that waits for a body no longer than a test likes to."""
    app = create_app(Inbox(temporal, KEYS), body_within=timedelta(milliseconds=100))
    async with serving(app) as client:
        yield client


@pytest.fixture
async def sender(hasty: httpx.AsyncClient) -> AsyncIterator[Sender]:
    reader, writer = await asyncio.open_connection("127.0.0.1", hasty.base_url.port)
    yield Sender(reader, writer)
    writer.close()


async def test_a_body_that_does_not_arrive_ends_the_connection(sender: Sender) -> None:
    await sender.head(length=1000)
    sender.writer.write(b"{")

    assert await sender.status() == 408
    assert b"body_incomplete" in await sender.rest()


async def test_an_announced_length_beyond_the_limit_is_enough(sender: Sender) -> None:
    await sender.head(length=BODY_BYTES_MAX + 1)

    assert await sender.status() == 413


async def test_what_comes_after_the_announced_length_is_not_read(sender: Sender) -> None:
    body = notification(f"{new_order_id()}~1")
    await sender.head(length=len(body) // 2)
    sender.writer.write(body)

    assert await sender.status() == 400


async def test_a_sender_who_goes_away_is_counted(sender: Sender, hasty: httpx.AsyncClient) -> None:
    await sender.head(length=1000)
    sender.writer.close()

    counted = 'payments_bridge_notifications_total{outcome="body_incomplete"} 1.0'
    async with asyncio.timeout(60):
        while counted not in (await hasty.get("/metrics")).text:
            pass
