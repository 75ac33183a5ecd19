"""What the adapter must be told: keys, addresses, patience."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

# Core API and Snap of each environment (fact sheet §1.1).
ADDRESSES = {
    "sandbox": ("https://api.sandbox.midtrans.com", "https://app.sandbox.midtrans.com/snap/v1"),
    "production": ("https://api.midtrans.com", "https://app.midtrans.com/snap/v1"),
}
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PRODUCTION_HOSTS = frozenset({"api.midtrans.com", "app.midtrans.com"})
_SANDBOX_HOSTS = ".sandbox.midtrans.com"
# Nothing more may be read out of a key (fact sheet §1.2).
_SANDBOX_KEYS = "SB-"
_PRODUCTION_KEYS = "Mid-server-"


@dataclass(frozen=True, slots=True, kw_only=True)
class MidtransOptions:
    """One merchant account at one set of addresses.

    `snap_url` ends in /snap/v1 (fact sheet §1.1). `ca_file`: certifi's when none is given.
    `total_timeout` bounds a whole operation with its look-ups; it must stay under the activity's
    start_to_close, so that no thread acts after the activity was given up.
    `return_url` is where the customer goes when the order names no page of its own.
    """

    server_key: str = field(repr=False)
    merchant_id: str
    core_url: str
    snap_url: str
    ca_file: Path | None = None
    allow_loopback_http: bool = False
    connect_timeout: timedelta = timedelta(seconds=3)
    read_timeout: timedelta = timedelta(seconds=6)
    total_timeout: timedelta = timedelta(seconds=8)
    # Calls at once: enough for what one process can work on while Midtrans takes seconds to answer.
    pool_size: int = 32
    return_url: str | None = None

    def __post_init__(self) -> None:
        for name, url in (("core_url", self.core_url), ("snap_url", self.snap_url)):
            problem = _problem(url, allow_loopback_http=self.allow_loopback_http)
            problem = problem or _foreign_key(self.server_key, url)
            if problem is not None:
                raise ValueError(f"{name}: {problem}")
        if not self.server_key or ":" in self.server_key:
            raise ValueError("server_key: must not be empty or contain a colon")
        if self.pool_size < 1:
            raise ValueError("pool_size: must be at least 1")


def _problem(url: str, *, allow_loopback_http: bool) -> str | None:
    parts = urlsplit(url)
    if not parts.hostname or parts.query or parts.fragment or parts.username is not None:
        return "must be an address without user, query and fragment"
    if parts.scheme == "https":
        return None
    if parts.scheme == "http" and parts.hostname in _LOOPBACK and allow_loopback_http:
        return None
    return "must be https (plain http only to loopback, and only when that is switched on)"


def _foreign_key(server_key: str, url: str) -> str | None:
    """A key of one environment at the address of the other; a simulator takes any key."""
    host = (urlsplit(url).hostname or "").removesuffix(".")
    if host in _PRODUCTION_HOSTS and server_key.startswith(_SANDBOX_KEYS):
        return f"is Midtrans' production, but the server key is of the sandbox ({_SANDBOX_KEYS}...)"
    if host.endswith(_SANDBOX_HOSTS) and server_key.startswith(_PRODUCTION_KEYS):
        return f"is Midtrans' sandbox, but the server key is of production ({_PRODUCTION_KEYS}...)"
    return None
