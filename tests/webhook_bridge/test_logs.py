"""What the bridge logs of a notification: its order when Midtrans signed it, and never a value."""

import logging
import socket
from collections.abc import AsyncIterator

import httpx
import pytest

from adapters.keysets import AeadKeyset
from adapters.temporal.client import connect
from tests.webhook_bridge.conftest import KEYS, WEBHOOK
from tests.webhook_bridge.notifications import notification
from webhook_bridge.app import create_app
from webhook_bridge.inbox import Inbox


@pytest.fixture
async def bridge(keyset: AeadKeyset) -> AsyncIterator[httpx.AsyncClient]:
    """A bridge whose Temporal is not there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    client = await connect(keyset, environment={"TEMPORAL_ADDRESS": address}, lazy=True)
    transport = httpx.ASGITransport(app=create_app(Inbox(client, KEYS)))
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as http:
        yield http


def refusal(caplog: pytest.LogCaptureFixture) -> logging.LogRecord:
    [record] = [each for each in caplog.records if each.message == "notification.refused"]
    return record


async def test_a_notification_that_cannot_be_delivered_is_logged_with_its_order(
    bridge: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    await bridge.post(WEBHOOK, content=notification("SKT-1~2"))

    assert vars(refusal(caplog))["code"] == "temporal_unavailable"
    assert vars(refusal(caplog))["order_id"] == "SKT-1"


async def test_what_nobody_signed_names_no_order(
    bridge: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    await bridge.post(WEBHOOK, content=notification("SKT-1~2", key="guessed"))

    assert vars(refusal(caplog))["code"] == "invalid_signature"
    assert "order_id" not in vars(refusal(caplog))
    assert "SKT-1" not in str(vars(refusal(caplog)))
