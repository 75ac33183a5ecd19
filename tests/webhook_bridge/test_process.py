"""`python -m webhook_bridge` as a process."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.keysets import new_aead_keyset
from tests.webhook_bridge.conftest import WEBHOOK, free_port
from tests.webhook_bridge.notifications import (
    OLD_SERVER_KEY,
    SERVER_KEY,
    new_order_id,
    notification,
)

pytestmark = pytest.mark.temporal
ROOT = Path(__file__).parents[2]


async def start(environment: dict[str, str]) -> Process:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PAYMENTS_", "TEMPORAL_"))
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "webhook_bridge"),
        cwd=ROOT,
        env=inherited | environment,
        stderr=PIPE,
    )


async def connection(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(60):
        while True:
            try:
                return await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def process(port: int, temporal_address: str) -> AsyncIterator[Process]:
    process = await start(
        {
            "TEMPORAL_ADDRESS": temporal_address,
            "PAYMENTS_BRIDGE_PORT": str(port),
            "PAYMENTS_KEYSET_TEMPORAL": new_aead_keyset(),
            "PAYMENTS_MIDTRANS_SERVER_KEY": SERVER_KEY,
            "PAYMENTS_MIDTRANS_SERVER_KEY_OLD": OLD_SERVER_KEY,
        }
    )
    yield process
    if process.returncode is None:
        process.kill()
    await process.wait()


async def test_sigterm_lets_a_running_request_end(process: Process, port: int) -> None:
    body = notification(f"{new_order_id()}~1", key=OLD_SERVER_KEY)
    reader, writer = await connection(port)
    head = (f"POST {WEBHOOK} HTTP/1.1", "Host: bridge", "Expect: 100-continue")
    writer.write("\r\n".join([*head, f"Content-Length: {len(body)}\r\n\r\n"]).encode())
    assert b"100 Continue" in await reader.readuntil(b"\r\n\r\n")

    process.send_signal(signal.SIGTERM)
    await announced(process, "Shutting down")
    writer.write(body)

    assert b"200 OK" in await reader.readline()
    async with asyncio.timeout(10):
        assert await process.wait() == 0
    writer.close()


async def announced(process: Process, words: str) -> None:
    assert process.stderr is not None
    async with asyncio.timeout(10):
        while words.encode() not in await process.stderr.readline():
            pass


async def test_it_names_the_settings_that_it_misses() -> None:
    process = await start({"PAYMENTS_KEYSET_TEMPORAL": new_aead_keyset()})

    _, said = await process.communicate()

    assert process.returncode == 1
    assert b"PAYMENTS_MIDTRANS_SERVER_KEY" in said
    assert b"Traceback" not in said
