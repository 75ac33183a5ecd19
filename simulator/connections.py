"""Connections to the merchants' notification URLs."""

import itertools
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import httpx

# One pool gets slow with every request in flight, so there are several small ones.
_POOLS = 16
_LIMITS = httpx.Limits(max_connections=4, max_keepalive_connections=4)


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    location: str


class Connections:
    """Posts, and nothing more: no cookies, no redirects, no proxies from the environment."""

    def __init__(self, trust: ssl.SSLContext) -> None:
        self._pools = [
            httpx.AsyncHTTPTransport(verify=trust, limits=_LIMITS, trust_env=False)
            for _ in range(_POOLS)
        ]
        self._turns = itertools.cycle(self._pools)

    async def post(
        self, url: str, content: bytes, headers: Mapping[str, str], patience: float
    ) -> Reply:
        """Post once; raises what httpx raises when there is no answer."""
        request = httpx.Request(
            "POST",
            _parsed(url),
            headers=headers,
            content=content,
            extensions={"timeout": httpx.Timeout(patience).as_dict()},
        )
        response = await next(self._turns).handle_async_request(request)
        try:
            await response.aread()
        finally:
            await response.aclose()
        location = response.headers.get("location", "")
        return Reply(response.status_code, str(request.url.join(location)) if location else "")

    async def close(self) -> None:
        for pool in self._pools:
            await pool.aclose()


@lru_cache
def _parsed(url: str) -> httpx.URL:
    return httpx.URL(url)
