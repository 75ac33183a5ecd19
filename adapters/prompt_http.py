"""HTTP connections that are closed on whoever takes too long, or too much, to say what they want.

uvicorn waits for the head of a request as long as its sender likes, and keeps all that it sends.
"""

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class PromptHttp(HttpToolsProtocol):
    """Bodies are not its business: those who read them count and time them."""

    head_seconds: ClassVar[float] = 10
    # Of all that is no body: heads, the frames of chunks, and what may come after the last of them.
    overhead_bytes_max: ClassVar[int] = 64 * 1024

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._overdue: asyncio.TimerHandle | None = None
        self._overhead_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # Also for what follows an answer that came before the end of its request.
        if self._overdue is None and self.cycle.response_complete:
            self._await_head()
        self._overhead_bytes += len(data)
        super().data_received(data)
        if self._overhead_bytes > self.overhead_bytes_max:
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._overhead_bytes = 0

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._disarm()

    def on_body(self, body: bytes) -> None:
        self._overhead_bytes -= len(body)
        super().on_body(body)

    def _await_head(self) -> None:
        self._overdue = self.loop.call_later(self.head_seconds, self.transport.close)

    def _disarm(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None
