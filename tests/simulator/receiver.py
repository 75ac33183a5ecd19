"""A merchant's webhook endpoint, as small as one can be."""

import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_PATIENCE_SECONDS = 60.0


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Take it that a simulator which is reset stops in the middle of what it sends."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # passed on as it came


class Receiver:
    """Keeps what it is sent, and answers by the script, then with 200."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.script: deque[int] = deque()
        self.location = ""
        self._round = 0
        self._news = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def path(self) -> str:
        return f"/webhooks/{self._round}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}{self.path}"

    @property
    def statuses(self) -> list[str]:
        return [body["transaction_status"] for body in self.bodies]

    def begin(self) -> None:
        """Forget everything, and take nothing more that was sent to the earlier address."""
        with self._news:
            self._round += 1
            self.bodies, self.headers, self.paths = [], [], []
            self.script.clear()
            self.location = ""

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        self.wait_until(lambda: len(self.bodies) >= count)
        return self.bodies

    def wait_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        with self._news:
            while not condition():
                assert self._news.wait(max(0.0, deadline - time.monotonic())), self.statuses

    def _take(self, path: str, headers: dict[str, str], raw: bytes) -> int:
        with self._news:
            if not path.startswith(self.path):
                return 200
            self.paths.append(path)
            self.headers.append(headers)
            self.bodies.append(json.loads(raw))
            self._news.notify_all()
            return self.script.popleft() if self.script else 200

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                raw = self.rfile.read(length)
                if len(raw) < length:
                    return
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(receiver._take(self.path, headers, raw))
                self.send_header("content-length", "0")
                if receiver.location:
                    self.send_header("location", receiver.location)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name.
                pass

        return Handler
