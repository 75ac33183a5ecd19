"""Whether what leaves this machine is encrypted, and goes to whom it is meant for."""

import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from sqlalchemy import make_url
from temporalio.envconfig import ClientConfig

from adapters.postgres.engine import tls_of
from adapters.temporal.client import DEFAULT_ADDRESS
from settings import PREFIX, Settings, is_loopback
from starter.doctor.findings import AilmentError

_ADDRESSES = ("public_url", "web_ui_url", "codec_url")


async def connections_are_encrypted(settings: Settings) -> str:
    """Midtrans and the mail server have no say in it: in clear they are refused beyond loopback."""
    found = [*_database(settings), *_temporal(), *_addresses(settings)]
    if found:
        problems, remedies = zip(*found, strict=True)
        raise AilmentError("; ".join(problems), "; ".join(remedies))
    return "whatever leaves this machine is encrypted"


def _database(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.database_url is None:
        return
    url = make_url(settings.secret("database_url"))
    if url.host is None or is_loopback(url.host):
        return
    remedy = f"sslmode=verify-full in {PREFIX}DATABASE_URL"
    match tls_of(url):
        case ssl.SSLContext(verify_mode=ssl.CERT_NONE):
            yield f"nobody checks that {url.host} is the database", remedy
        case False:
            yield f"the connection to the database at {url.host} is not encrypted", remedy


def _temporal() -> Iterator[tuple[str, str]]:
    config = ClientConfig.load_client_connect_config()
    address = config.get("target_host") or DEFAULT_ADDRESS
    if config.get("tls") or config.get("api_key") or is_loopback(address.rpartition(":")[0]):
        return
    yield f"the connection to Temporal at {address} is not encrypted", "TEMPORAL_TLS=true"


def _addresses(settings: Settings) -> Iterator[tuple[str, str]]:
    for name in _ADDRESSES:
        setting = f"{PREFIX}{name.upper()}"
        given = getattr(settings, name)
        parts = urlsplit(settings.secret(name) if name == "codec_url" and given else given or "")
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            yield f"{setting} is plain http", f"https in {setting}"
