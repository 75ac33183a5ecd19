"""A tiny HTTP(S) server that gives the answers a test planned, in order."""

import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HELD_SECONDS_MAX = 5


class Manner(StrEnum):
    ANSWER = "answer"
    DROP = "drop"  # close the connection after the request was read
    HOLD = "hold"  # say nothing until the test is over
    TRICKLE = "trickle"  # a byte now and then, until the test is over


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    status: int = 200
    body: str = "{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    manner: Manner = Manner.ANSWER


@dataclass(frozen=True, slots=True)
class Received:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: tuple[str, int]


class PlannedServer(ThreadingHTTPServer):
    """Answers every request with the next of `plan`, and with 500 when none is left."""

    daemon_threads = False

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self.plan: list[Planned] = []
        self.received: list[Received] = []
        self.over = threading.Event()
        self.connections: list[socket.socket] = []
        super().__init__(("127.0.0.1", 0), _Handler)
        scheme = "http"
        if tls is not None:
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        self.over.set()
        self.shutdown()
        for connection in self.connections:
            with suppress(OSError):  # it is closed already
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves early is what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = HELD_SECONDS_MAX
    server: PlannedServer

    def setup(self) -> None:
        super().setup()
        self.server.connections.append(self.connection)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        self.server.received.append(
            Received(
                self.command,
                self.path,
                dict(self.headers.items()),
                self.rfile.read(length),
                self.client_address,
            )
        )
        planned = self.server.plan.pop(0) if self.server.plan else Planned(status=500)
        match planned.manner:
            case Manner.ANSWER:
                self._answer(planned)
            case Manner.DROP:
                self.close_connection = True
            case Manner.HOLD:
                self.server.over.wait(HELD_SECONDS_MAX)
                self.close_connection = True
            case Manner.TRICKLE:
                self._trickle(planned)

    do_GET = do_POST  # noqa: N815 - http.server's own naming

    def _answer(self, planned: Planned) -> None:
        body = planned.body.encode()
        self.send_response(planned.status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in planned.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _trickle(self, planned: Planned) -> None:
        self.send_response(planned.status)
        self.send_header("Content-Length", "100000")
        self.end_headers()
        while not self.server.over.wait(0.02):
            self.wfile.write(b" ")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's own name
        """Tests read `received` instead."""
