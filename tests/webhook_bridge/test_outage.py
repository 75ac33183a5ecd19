"""Temporal is away, silent or comes back; the gateway always gets an answer it can act on."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import NoReturn

import httpx
import pytest

from adapters.keysets import AeadKeyset
from adapters.temporal.client import connect
from tests.webhook_bridge.conftest import KEYS, WEBHOOK, free_port, running_temporal, serving
from tests.webhook_bridge.notifications import new_order_id, notification
from webhook_bridge.app import create_app
from webhook_bridge.inbox import Inbox

pytestmark = pytest.mark.temporal

PATIENCE = timedelta(seconds=1)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def bridge_alone(port: int, keyset: AeadKeyset) -> AsyncIterator[httpx.AsyncClient]:
    """A bridge whose Temporal is not there yet."""
    client = await connect(keyset, environment={"TEMPORAL_ADDRESS": f"127.0.0.1:{port}"}, lazy=True)
    async with serving(create_app(Inbox(client, KEYS), answer_within=PATIENCE)) as http:
        yield http


async def post(bridge: httpx.AsyncClient) -> httpx.Response:
    return await bridge.post(WEBHOOK, content=notification(f"{new_order_id()}~1"))


async def until_accepted(bridge: httpx.AsyncClient) -> None:
    async with asyncio.timeout(15):
        while (await post(bridge)).status_code != 200:
            pass


async def test_it_starts_without_temporal_and_recovers_by_itself(
    bridge_alone: httpx.AsyncClient, port: int
) -> None:
    refused = await post(bridge_alone)
    assert refused.status_code == 503
    assert refused.json()["code"] == "temporal_unavailable"
    assert (await bridge_alone.get("/livez")).status_code == 200
    assert (await bridge_alone.get("/readyz")).status_code == 503

    for _ in range(2):
        async with running_temporal(port):
            await until_accepted(bridge_alone)
            assert (await bridge_alone.get("/readyz")).status_code == 200
        assert (await post(bridge_alone)).status_code == 503
        assert (await bridge_alone.get("/readyz")).status_code == 503


async def test_a_silent_temporal_does_not_keep_the_gateway_waiting(
    bridge_alone: httpx.AsyncClient, port: int
) -> None:
    with socket.create_server(("127.0.0.1", port)):
        answers = await asyncio.gather(*(post(bridge_alone) for _ in range(5)))

    assert [answer.status_code for answer in answers] == [503] * 5
    assert max(answer.elapsed for answer in answers) < 2 * PATIENCE


class BrokenInbox(Inbox):
    def open(self, body: bytes) -> NoReturn:
        raise KeyError(len(body))


async def test_our_own_mistake_is_answered_so_that_the_gateway_repeats(
    port: int, keyset: AeadKeyset
) -> None:
    client = await connect(keyset, lazy=True)
    async with serving(create_app(BrokenInbox(client, KEYS))) as bridge:
        answer = await post(bridge)

    assert answer.status_code == 503
