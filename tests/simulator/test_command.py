import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import trustme

Start = Callable[..., tuple["subprocess.Popen[str]", str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start the program with these arguments; gives the process and the URL it announces."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> tuple["subprocess.Popen[str]", str]:
        command = [sys.executable, "-m", "simulator", "--port", "0", *arguments]
        process = subprocess.Popen(  # noqa: S603  # our own program.
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        started.append(process)
        assert process.stdout is not None
        return process, process.stdout.readline().rpartition(" ")[2].strip()

    yield run
    for process in started:
        process.kill()
        process.communicate()


def test_it_says_one_line_and_ends_fast_even_while_a_call_is_held(start: Start) -> None:
    process, url = start("--merchant", "key:client:G1")
    faults = {"faults": [{"operation": "status", "fault": "timeout_before"}]}
    httpx.put(f"{url}/_simulator/faults", json=faults)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{url}/v2/a/status", timeout=0.1)

    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=5)

    assert time.monotonic() - began < 3
    assert output == ""


def test_it_speaks_https_with_a_given_certificate_and_starts_at_a_given_time(
    start: Start, tmp_path: Path
) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))

    _, url = start(
        "--tls-cert",
        str(tmp_path / "cert.pem"),
        "--tls-key",
        str(tmp_path / "key.pem"),
        "--clock",
        "2026-11-23T10:00:00+07:00",
    )

    trust = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    clock = httpx.get(f"{url}/_simulator/clock", verify=trust).json()
    assert url.startswith("https://")
    assert clock["now"].startswith("2026-11-23T10:00:")
