"""The simulator as a process of its own, over HTTPS."""

import json
import ssl
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPSHandler, Request, build_opener

SERVER_KEY = "SB-Mid-server-tests"
MERCHANT_ID = "G000000007"


class SimulatorProcess:
    def __init__(self, certificate: Path, ca_file: Path) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own simulator
            [
                *(sys.executable, "-m", "simulator", "--port", "0"),
                *("--tls-cert", str(certificate), "--tls-key", str(certificate)),
                *("--merchant", f"{SERVER_KEY}:SB-Mid-client-tests:{MERCHANT_ID}"),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        if self._process.stdout is None:
            raise RuntimeError("the simulator has no output")
        announcement = self._process.stdout.readline()
        self.url = announcement.split()[-1]
        trust = ssl.create_default_context(cafile=ca_file)
        self._opener = build_opener(HTTPSHandler(context=trust))

    def control(self, method: str, path: str, body: dict[str, object] | None = None) -> object:
        request = Request(  # noqa: S310 - https of our own process
            f"{self.url}/_simulator{path}",
            data=json.dumps(body or {}).encode(),
            method=method,
            headers={"Content-Type": "application/json"},
        )
        with self._opener.open(request, timeout=30) as answer:
            return json.load(answer)

    def happen(self, gateway_order_id: str, event: str, **details: object) -> None:
        self.control("POST", f"/transactions/{gateway_order_id}/{event}", details)

    def choose(self, redirect_url: str, method: str) -> None:
        """Pick a method on the Snap page, as the customer does, and leave it unpaid."""
        clicked = urlencode({"action": "choose", "method": method}).encode()
        with self._opener.open(redirect_url, data=clicked, timeout=30):
            pass

    def fail(self, operation: str, fault: str, **details: object) -> None:
        rule: dict[str, object] = {"operation": operation, "fault": fault, **details}
        self.control("PUT", "/faults", {"faults": [rule]})

    def transactions(self) -> list[dict[str, object]]:
        listed = self.control("GET", "/transactions")
        if not isinstance(listed, dict):
            raise TypeError("the simulator lists no transactions")
        found: list[dict[str, object]] = listed["transactions"]
        return found

    def settlements(self) -> bytes:
        """What the dashboard exports of everything that was settled."""
        url = f"{self.url}/_simulator/settlements.csv"
        with self._opener.open(url, timeout=30) as answer:
            exported: bytes = answer.read()
        return exported

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=10)
