import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509

from local_stack.directories import private_directory

HOSTS = ("localhost", "127.0.0.1", "::1")
# A stack that starts today should not meet the end of its certificate tomorrow.
REMAINING = timedelta(days=2)


@dataclass(frozen=True)
class Certificates:
    """What a server on this machine shows (`certificate`, `key`) and what its clients trust."""

    ca: Path
    certificate: Path
    key: Path


def local_certificates(state_dir: Path) -> Certificates:
    """Return the certificates in the state directory, made anew unless they are still good."""
    directory = private_directory(state_dir / "certificates")
    certificates = Certificates(
        ca=directory / "ca.pem",
        certificate=directory / "server.pem",
        key=directory / "server.key",
    )
    if not _are_good(certificates):
        _make(certificates)
    return certificates


def _are_good(certificates: Certificates) -> bool:
    try:
        authority = x509.load_pem_x509_certificate(certificates.ca.read_bytes())
        server = x509.load_pem_x509_certificate(certificates.certificate.read_bytes())
        server.verify_directly_issued_by(authority)
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            certificates.certificate, certificates.key
        )
    except (OSError, ValueError, TypeError):  # Missing, cut off, or not belonging together.
        return False
    ends = min(authority.not_valid_after_utc, server.not_valid_after_utc)
    return ends > datetime.now(UTC) + REMAINING


def _make(certificates: Certificates) -> None:
    # Nobody keeps the authority's key: it signs this one certificate and is forgotten.
    authority = trustme.CA(organization_name="Skaters local stack")
    server = authority.issue_cert(*HOSTS)
    certificates.key.unlink(missing_ok=True)
    certificates.key.touch(mode=0o600)
    server.private_key_pem.write_to_path(str(certificates.key))
    certificates.certificate.write_bytes(b"".join(p.bytes() for p in server.cert_chain_pems))
    authority.cert_pem.write_to_path(str(certificates.ca))
