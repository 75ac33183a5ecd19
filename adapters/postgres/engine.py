"""The connection pool: how long anything may take, and how the server proves who it is.

A write is a local activity that has 2 s in all, then a regular one that has 10 s a try. Whatever
waits is therefore given up, by the server itself, before the activity that asked is timed out:
no abandoned statement takes effect behind the back of the next try.
"""

import ssl
from datetime import timedelta
from typing import Any

from sqlalchemy import URL, NullPool, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

DRIVER = "postgresql+asyncpg"
DIALECTS = frozenset({"postgres", "postgresql", DRIVER})
LOOPBACK = frozenset({None, "localhost", "127.0.0.1", "::1"})

# The row lock that a write waits for is held for milliseconds; longer means trouble.
LOCK_TIMEOUT = timedelta(seconds=1)
STATEMENT_TIMEOUT = timedelta(milliseconds=1500)
# A server that fell silent cannot time itself out; the client does it, a little later.
COMMAND_TIMEOUT = timedelta(milliseconds=1900)
CONNECT_TIMEOUT = timedelta(milliseconds=1900)
POOL_TIMEOUT = timedelta(milliseconds=1900)
# A process that stopped in mid-transaction must not hold its order's row for long.
IDLE_IN_TRANSACTION_TIMEOUT = timedelta(seconds=5)
RECYCLE_AFTER = timedelta(minutes=30)

_TLS_OPTIONS = ("sslmode", "sslrootcert")


def create_engine(
    url: str, *, application_name: str, pool_size: int = 10, max_overflow: int = 10
) -> AsyncEngine:
    """An engine with our limits; ValueError when the URL is none of ours.

    `sslmode` (`disable`, `require`, `verify-ca`, `verify-full`) and `sslrootcert` in the URL mean
    what they mean to libpq. Without them the connection is `verify-full`, to loopback `disable`.
    """
    parsed = _parsed(url)
    return create_async_engine(
        parsed.difference_update_query(_TLS_OPTIONS),
        isolation_level="READ COMMITTED",
        pool_size=pool_size,
        max_overflow=max_overflow,
        pool_timeout=POOL_TIMEOUT.total_seconds(),
        pool_recycle=RECYCLE_AFTER.total_seconds(),
        # A stale connection fails one try and empties the pool; asking before each use would
        # cost every write a round trip.
        pool_pre_ping=False,
        # Values of a failed statement must not reach a log.
        hide_parameters=True,
        connect_args={
            "ssl": tls_of(parsed),
            "timeout": CONNECT_TIMEOUT.total_seconds(),
            "command_timeout": COMMAND_TIMEOUT.total_seconds(),
            "server_settings": {
                "application_name": application_name,
                "lock_timeout": _milliseconds(LOCK_TIMEOUT),
                "statement_timeout": _milliseconds(STATEMENT_TIMEOUT),
                "idle_in_transaction_session_timeout": _milliseconds(IDLE_IN_TRANSACTION_TIMEOUT),
                "timezone": "UTC",
            },
        },
    )


def create_migration_engine(url: str) -> AsyncEngine:
    """An engine without our limits: a migration takes as long as it takes."""
    parsed = _parsed(url)
    return create_async_engine(
        parsed.difference_update_query(_TLS_OPTIONS),
        isolation_level="READ COMMITTED",
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={
            "ssl": tls_of(parsed),
            "timeout": CONNECT_TIMEOUT.total_seconds(),
            "server_settings": {"application_name": "payments-migrate"},
        },
    )


def tls_of(url: URL) -> ssl.SSLContext | bool:
    """What asyncpg must be given as `ssl` for the URL's sslmode and sslrootcert."""
    mode = _option(url, "sslmode") or ("disable" if url.host in LOOPBACK else "verify-full")
    authority = _option(url, "sslrootcert")
    match mode:
        case "disable":
            return False
        case "require" if authority is None:
            return _context(None, check_hostname=False, verify_mode=ssl.CERT_NONE)
        case "require" | "verify-ca":
            return _context(authority, check_hostname=False)
        case "verify-full":
            return _context(authority)
        case _:
            # `allow` and `prefer` fall back to clear text, which nobody asks for on purpose.
            raise ValueError("sslmode must be one of disable, require, verify-ca, verify-full")


def _parsed(url: str) -> URL:
    # A URL that cannot be parsed may hold a password, so its text stays out of the message.
    parsed = make_url(url)
    if parsed.drivername not in DIALECTS:
        raise ValueError("the database URL must begin with postgresql+asyncpg://")
    return parsed.set(drivername=DRIVER)


def _option(url: URL, name: str) -> str | None:
    value: Any = url.query.get(name)
    if value is None or isinstance(value, str):
        return value
    raise ValueError(f"{name} is given more than once")


def _context(
    authority: str | None,
    *,
    check_hostname: bool = True,
    verify_mode: ssl.VerifyMode = ssl.CERT_REQUIRED,
) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = check_hostname
    context.verify_mode = verify_mode
    return context


def _milliseconds(span: timedelta) -> str:
    return str(int(span.total_seconds() * 1000))
