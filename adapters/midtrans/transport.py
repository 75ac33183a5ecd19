"""One pooled HTTPS session for all calls, in the place of midtransclient's own HTTP client.

That one has no timeout, no pool, follows redirects and raises by accident (fact sheet §12).
"""

import json
import ssl
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from http.cookiejar import DefaultCookiePolicy
from time import monotonic
from typing import Any, Self

import certifi
import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from requests.cookies import RequestsCookieJar
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError

from adapters.midtrans.answers import read_answer
from adapters.midtrans.documents import Document
from adapters.midtrans.options import MidtransOptions
from payments.errors import GatewayUnknownError, GatewayUnreachableError

_ANSWER_BYTES_MAX = 1 << 20
_READ_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Deadline:
    """The moment after which an operation sends nothing more."""

    at: float

    @classmethod
    def after(cls, span: timedelta) -> Self:
        return cls(monotonic() + span.total_seconds())

    def seconds_left(self) -> float:
        return self.at - monotonic()


@dataclass(slots=True)
class _Wire:
    """Whether any byte of a request may have left: this tells unreachable from unknown."""

    is_touched: bool = False


_wire: ContextVar[_Wire] = ContextVar("_wire")


class _PlainConnection(HTTPConnection):
    def connect(self) -> None:
        """Connect within the timeout as a whole, name look-up and all addresses included."""
        began = monotonic()
        super().connect()
        if self.timeout is not None and monotonic() - began > self.timeout:
            self.close()
            raise ConnectTimeoutError(self, "connecting took too long")

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.is_closed:
            self.connect()
        _wire.get().is_touched = True
        super().request(*args, **kwargs)


class _TlsConnection(_PlainConnection, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    """Trusts the given CA file and nothing else; repeats nothing by itself."""

    def __init__(self, trust: ssl.SSLContext, pool_size: int) -> None:
        self._trust = trust
        super().__init__(pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs, ssl_context=self._trust)
        self.poolmanager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002
        # requests would add its own bundle to what our context trusts.
        conn.cert_reqs = "CERT_REQUIRED"
        conn.ca_certs = None


class Transport:
    """Sends one request and says what came of it; safe to use from several threads."""

    def __init__(self, options: MidtransOptions) -> None:
        self._connect_seconds = options.connect_timeout.total_seconds()
        self._read_seconds = options.read_timeout.total_seconds()
        adapter = _Adapter(_trust(options), options.pool_size)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers.clear()
        # Cookies of Midtrans' front would be state shared by unrelated payments.
        self._session.cookies = RequestsCookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def send(self, request: requests.Request, deadline: Deadline) -> Document:
        """Raise one of our errors unless the gateway did as asked."""
        if deadline.seconds_left() <= 0:
            raise GatewayUnreachableError("no time was left to send the request")
        wire = _Wire()
        _wire.set(wire)
        try:
            response, content = self._exchange(request, deadline)
        except (OSError, HTTPError) as error:
            kind = GatewayUnknownError if wire.is_touched else GatewayUnreachableError
            raise kind(f"{request.method}: {type(error).__name__}") from None
        return read_answer(response.status_code, response.headers, content)

    def close(self) -> None:
        self._session.close()

    def _exchange(
        self, request: requests.Request, deadline: Deadline
    ) -> tuple[requests.Response, bytes]:
        left = max(deadline.seconds_left(), 0.001)
        patience = Timeout(connect=self._connect_seconds, read=self._read_seconds, total=left)
        with self._session.send(
            self._session.prepare_request(request),
            timeout=patience,  # type: ignore[arg-type]  # requests takes urllib3's own, untyped.
            allow_redirects=False,  # a redirected POST would become a GET
            stream=True,
            verify=True,
        ) as response:
            return response, _read(response, deadline)


class PooledHttpClient:
    """What midtransclient calls its `http_client`, for one operation: our session, its deadline."""

    def __init__(self, transport: Transport, deadline: Deadline) -> None:
        self._transport = transport
        self._deadline = deadline

    def request(
        self,
        method: str,
        server_key: str,
        request_url: str,
        parameters: Mapping[str, object],
        custom_headers: Mapping[str, str],
        proxies: Mapping[str, str],  # noqa: ARG002 - no proxy stands between us and Midtrans
    ) -> tuple[Document, None]:
        is_get = method == "get"
        request = requests.Request(
            method.upper(),
            request_url,
            auth=HTTPBasicAuth(server_key, ""),
            data=None if is_get else json.dumps(parameters),
            headers={
                "Accept": "application/json",
                "Content-Type": "application/json",
                "User-Agent": "skaters-payments",
                **custom_headers,
            },
        )
        return self._transport.send(request, self._deadline), None


def _trust(options: MidtransOptions) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=options.ca_file or certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _read(response: requests.Response, deadline: Deadline) -> bytes:
    """Read the body piece by piece: a trickle must not outlive the deadline."""
    content = bytearray()
    while piece := response.raw.read1(_READ_BYTES, decode_content=True):
        content += piece
        if len(content) > _ANSWER_BYTES_MAX or deadline.seconds_left() <= 0:
            raise HTTPError("the answer is too long or too slow")
    return bytes(content)
