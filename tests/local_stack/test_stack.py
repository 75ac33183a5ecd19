"""`python -m starter dev`: what it promises to whoever starts it, and to the machine."""

import asyncio
import json
import os
import shlex
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from local_stack.polling import comes_true
from local_stack.ports import LOOPBACK, Ports
from local_stack.processes import PROJECT
from tests.local_stack.test_launcher import alive, descendants

pytestmark = [pytest.mark.e2e, pytest.mark.postgres, pytest.mark.temporal]

START_WAIT = timedelta(seconds=60)
STOP_WAIT = timedelta(seconds=30)
SOON = timedelta(seconds=10)
USUAL_PORTS = (1025, 5432, 7233, 8080, 8081, 8082, 8083, 8233, 8443)
NAMES = {
    "TEMPORAL_ADDRESS",
    "TEMPORAL_NAMESPACE",
    "PAYMENTS_DATABASE_URL",
    "PAYMENTS_API_URL",
    "PAYMENTS_API_KEY",
    "PAYMENTS_API_KEYS",
    "PAYMENTS_BRIDGE_URL",
    "PAYMENTS_MIDTRANS_URL",
    "PAYMENTS_MIDTRANS_SNAP_URL",
    "PAYMENTS_MIDTRANS_SERVER_KEY",
    "PAYMENTS_MIDTRANS_CA_FILE",
    "PAYMENTS_SMTP_URL",
    "PAYMENTS_SMTP_CA_FILE",
    "PAYMENTS_MAIL_DIR",
    "PAYMENTS_CODEC_URL",
    "PAYMENTS_WORKER_URL",
    "PAYMENTS_WEB_UI_URL",
    "PAYMENTS_KEYSET_TEMPORAL",
    "PAYMENTS_KEYSET_DATABASE",
    "PAYMENTS_STACK_PIDS",
}
PARTS = {"postgres", "temporal", "mail", "worker", "simulator", "bridge", "api", "codec-server"}
SERVER_KEY = "SB-Mid-server-given by the environment"


@dataclass(frozen=True)
class Dev:
    """A started `starter dev`, and what its file says to a shell."""

    process: asyncio.subprocess.Process
    state_dir: Path
    environment: Mapping[str, str]

    @property
    def pids(self) -> dict[str, int]:
        pairs = self.environment["PAYMENTS_STACK_PIDS"].split(",")
        return {name: int(pid) for name, pid in (pair.split("=") for pair in pairs)}


@pytest.fixture(scope="module")
def taken_ports() -> Iterator[None]:
    with ExitStack() as servers:
        for port in USUAL_PORTS:
            # Whoever else has taken it serves us as well.
            with suppress(OSError):
                servers.enter_context(socket.create_server((LOOPBACK, port)))
        yield


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the environment sets, for this stack and for another Temporal."""
    somebodys_own = tmp_path_factory.mktemp("home") / "temporal.toml"
    somebodys_own.write_text('[profile.default]\naddress = "elsewhere:7233"\napi_key = "x"\n')
    return {
        "PAYMENTS_MIDTRANS_SERVER_KEY": SERVER_KEY,
        "PAYMENTS_API_PORT": str(Ports().choose()),
        "PAYMENTS_API_KEY": "an API key given by the environment",
        "PAYMENTS_CODEC_SECRET": "a-secret-given-by-the-environment",
        "TEMPORAL_API_KEY": "of somebody's own cluster",
        "TEMPORAL_CONFIG_FILE": str(somebodys_own),
    }


@pytest.fixture(scope="module")
async def dev(
    module_state_dir: Path, taken_ports: None, given: dict[str, str]
) -> AsyncIterator[Dev]:
    async with started(module_state_dir, given) as dev:
        yield dev


async def test_the_file_tells_a_shell_every_address_and_key(dev: Dev) -> None:
    assert dev.environment.keys() >= NAMES
    assert all(dev.environment[name] for name in NAMES)
    assert dev.environment["PAYMENTS_MAIL_DIR"].startswith(str(dev.state_dir))


async def test_every_part_is_a_living_process_named_in_the_file(dev: Dev) -> None:
    assert dev.pids.keys() == PARTS
    assert alive(set(dev.pids.values())) == set(dev.pids.values())


async def test_what_the_file_names_answers(dev: Dev) -> None:
    environment = dev.environment
    trust = ssl.create_default_context(cafile=environment["PAYMENTS_MIDTRANS_CA_FILE"])
    async with httpx.AsyncClient(verify=trust, trust_env=False) as http:
        for url in (
            f"{environment['PAYMENTS_API_URL']}/readyz",
            f"{environment['PAYMENTS_BRIDGE_URL']}/readyz",
            f"{environment['PAYMENTS_WORKER_URL']}/readyz",
            f"{environment['PAYMENTS_MIDTRANS_URL']}/_simulator/transactions",
            environment["PAYMENTS_WEB_UI_URL"],
        ):
            answer = await http.get(url, follow_redirects=True)
            assert answer.status_code == 200, url
        codec_url = environment["PAYMENTS_CODEC_URL"]
        decoded = await http.post(f"{codec_url}/decode", content="{}")

    assert decoded.json() == {}
    assert codec_url.endswith("/a-secret-given-by-the-environment")


async def test_an_order_can_be_started_with_what_the_environment_gave(
    dev: Dev, given: dict[str, str]
) -> None:
    environment = dev.environment
    order = json.loads((PROJECT / "examples" / "order.json").read_text())
    key = {"Authorization": f"Bearer {environment['PAYMENTS_API_KEY']}"}

    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        answer = await http.post(
            f"http://{LOOPBACK}:{given['PAYMENTS_API_PORT']}/v1/payments", json=order, headers=key
        )

    named = ("PAYMENTS_MIDTRANS_SERVER_KEY", "PAYMENTS_API_KEY")
    assert {name: environment[name] for name in named} == {name: given[name] for name in named}
    # Midtrans' look-alike takes no other server key than the one it was told.
    assert (answer.status_code, answer.json()["status"]) == (201, "awaiting_payment")


async def test_sigterm_ends_everything_in_order(state_dir: Path) -> None:
    async with started(state_dir, {}) as dev:
        family = descendants(dev.process.pid)

        dev.process.send_signal(signal.SIGTERM)

        async with asyncio.timeout(STOP_WAIT.total_seconds()):
            assert await dev.process.wait() == 0
    assert not alive(family)
    logs = state_dir / "logs"
    assert "worker.stopped" in (logs / "worker.log").read_text()
    assert "database system is shut down" in (logs / "postgres.log").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="needs the kernel's word on a dead parent")
async def test_sigkill_leaves_no_process_behind(dev: Dev) -> None:
    """The last test of the module's stack."""
    family = descendants(dev.process.pid)
    assert set(dev.pids.values()) < family

    dev.process.kill()
    await dev.process.wait()

    assert await comes_true(lambda: not alive(family), SOON), alive(family)


@asynccontextmanager
async def started(state_dir: Path, given: Mapping[str, str]) -> AsyncIterator[Dev]:
    env_file = state_dir.with_name("stack's environment")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "starter", "dev"),
        *("--state-dir", state_dir, "--env-file", env_file),
        cwd=PROJECT,
        env={**os.environ, **given},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        appeared = await comes_true(
            lambda: env_file.exists() or process.returncode is not None, START_WAIT
        )
        assert appeared, "dev says nothing"
        assert process.returncode is None, "dev has ended"
        yield Dev(process, state_dir, await as_a_shell_reads(env_file))
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def as_a_shell_reads(file: Path) -> dict[str, str]:
    script = f"set -a; . {shlex.quote(str(file))}; env -0"
    shell = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", script, env={}, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await shell.communicate()
    return dict(line.split("=", 1) for line in said.decode().split("\0") if line)
