"""The processes that serve: they answer, log lines of JSON, and end in order when told to."""

import json
import os
import signal
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from local_stack.polling import comes_true
from local_stack.ports import LOOPBACK, Ports
from local_stack.processes import Child, python_module, running
from starter.keys import key_hash
from tests.starter.conftest import KEY
from tests.starter.orders import order

START_WAIT = timedelta(seconds=60)


async def answering(child: Child, url: str) -> httpx.Response:
    """The first answer at the address."""
    found: list[httpx.Response] = []

    async def answers() -> bool:
        async with httpx.AsyncClient(trust_env=False) as http:
            try:
                found.append(await http.get(url))
            except httpx.TransportError:
                return False
        return True

    await child.wait_until(answers, START_WAIT)
    return found[-1]


def told(environment: Mapping[str, str], **settings: object) -> dict[str, str]:
    ours = {f"PAYMENTS_{name.upper()}": str(value) for name, value in settings.items()}
    return {"PATH": os.defpath, **environment, **ours}


@pytest.mark.postgres
@pytest.mark.temporal
async def test_the_api_serves_until_it_is_told_to_stop(
    environment: dict[str, str], tmp_path: Path, order_id: str
) -> None:
    port = Ports().choose()
    keys = f"checkout:{key_hash(KEY)}:start"
    program = replace(
        python_module("api", "starter", "api"),
        environment=told(environment, api_port=port, api_keys=keys),
    )
    async with running(program, tmp_path) as child:
        ready = await answering(child, f"http://{LOOPBACK}:{port}/readyz")
        async with httpx.AsyncClient(trust_env=False) as http:
            started = await http.post(
                f"http://{LOOPBACK}:{port}/v1/payments",
                json=order(order_id),
                headers={"Authorization": f"Bearer {KEY}"},
            )

    assert ready.status_code == 200
    assert started.status_code == 201
    assert "server" not in started.headers
    assert child.exit_code == 0
    logged = child.said()
    assert all(json.loads(line)["event"] for line in logged.splitlines())
    assert "sari@example.com" not in logged
    assert KEY not in logged


async def test_the_api_starts_without_its_neighbours_and_says_that_it_is_not_ready(
    keyset_settings: dict[str, str], tmp_path: Path
) -> None:
    port = Ports().choose()
    alone = {
        **keyset_settings,
        "PAYMENTS_DATABASE_URL": "postgresql://payments:hunter2@127.0.0.1:9/payments",
        "TEMPORAL_ADDRESS": "127.0.0.1:9",
    }
    program = replace(
        python_module("api", "starter", "api"), environment=told(alone, api_port=port)
    )
    async with running(program, tmp_path) as child:
        live = await answering(child, f"http://{LOOPBACK}:{port}/livez")
        ready = await answering(child, f"http://{LOOPBACK}:{port}/readyz")

    assert (live.status_code, ready.status_code) == (200, 503)
    assert ready.json()["detail"] == "no answer from: database, temporal"
    assert "hunter2" not in child.said()


async def test_the_codec_server_serves(keyset_settings: dict[str, str], tmp_path: Path) -> None:
    port = Ports().choose()
    program = replace(
        python_module("codec-server", "starter", "codec-server"),
        environment=told(keyset_settings, codec_port=port, codec_secret="secret-segment"),
    )
    async with running(program, tmp_path) as child:
        live = await answering(child, f"http://{LOOPBACK}:{port}/livez")
        async with httpx.AsyncClient(trust_env=False) as http:
            decoded = await http.post(
                f"http://{LOOPBACK}:{port}/secret-segment/decode", json={"payloads": []}
            )

    assert (live.status_code, decoded.status_code) == (200, 200)
    assert child.exit_code == 0
    assert "secret-segment" not in child.said()


async def test_while_it_lingers_a_server_serves_and_says_that_it_is_not_ready(
    keyset_settings: dict[str, str], tmp_path: Path
) -> None:
    port = Ports().choose()
    program = replace(
        python_module("codec-server", "starter", "codec-server"),
        environment=told(
            keyset_settings, codec_port=port, codec_secret="secret-segment", linger_seconds=2
        ),
    )
    async with running(program, tmp_path) as child:
        before = await answering(child, f"http://{LOOPBACK}:{port}/readyz")
        os.kill(child.pid, signal.SIGTERM)
        await child.wait_until(lambda: is_leaving(port), START_WAIT)
        async with httpx.AsyncClient(trust_env=False) as http:
            decoded = await http.post(
                f"http://{LOOPBACK}:{port}/secret-segment/decode", json={"payloads": []}
            )
        assert await comes_true(lambda: child.exit_code is not None, START_WAIT)

    assert (before.status_code, decoded.status_code) == (200, 200)
    assert child.exit_code == 0


async def is_leaving(port: int) -> bool:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f"http://{LOOPBACK}:{port}/readyz")
    return bool(answer.json().get("failed") == ["ending"])
