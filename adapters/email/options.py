"""Where mails are handed over, and how the server proves who it is."""

import ipaddress
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Together less than an activity's 20 s, so that no timed-out attempt goes on sending.
SEND_TIMEOUT = timedelta(seconds=17)


class Security(StrEnum):
    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpOptions:
    """`sender` is the address mails come from; `ca_file` replaces the system's authorities."""

    host: str
    port: int
    sender: str
    security: Security = Security.STARTTLS
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    send_timeout: timedelta = SEND_TIMEOUT

    def __post_init__(self) -> None:
        if self.security is Security.NONE and not _is_loopback(self.host):
            raise ValueError("mail may go unencrypted to this machine only: set starttls or tls")
        if self.send_timeout > SEND_TIMEOUT:
            raise ValueError(f"send_timeout: at most {SEND_TIMEOUT.total_seconds():.0f} seconds")

    @property
    def domain(self) -> str:
        """Whose mail this is: in the greeting and in the Message-ID of alerts."""
        return self.sender.rpartition("@")[2]


_SCHEMES = {
    "smtp+starttls": (Security.STARTTLS, 587),
    "smtps": (Security.TLS, 465),
    "smtp": (Security.NONE, 25),
}


def smtp_options(url: str, sender: str, ca_file: str | None) -> SmtpOptions:
    """Read `smtp+starttls://user:password@host:587`; ValueError, without the URL, if it is wrong."""
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ValueError(f"the SMTP URL must be one of {', '.join(_SCHEMES)} with a host")
    security, usual_port = _SCHEMES[parts.scheme]
    return SmtpOptions(
        host=parts.hostname,
        port=parts.port or usual_port,
        sender=sender,
        security=security,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        ca_file=Path(ca_file) if ca_file else None,
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
