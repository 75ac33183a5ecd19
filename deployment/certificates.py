"""Makes and renews the certificates of the connections inside the deployment.

`python -m deployment.certificates AUTHORITY CERTIFICATES`: both are directories. The first holds
the authority with its key, and only this program may see it; the second is what the containers
are given: `authority.pem`, and `certificate.pem` and `key.pem` in a folder of each holder.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFE = timedelta(days=3650)
LIFE = timedelta(days=397)
RENEWED_BEFORE = timedelta(days=90)
# Clocks of machines differ a little.
SKEW = timedelta(minutes=5)


class AuthorityEndsError(Exception):
    """The authority ends before what it would sign."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who shows a certificate under which name, and the user id that its process runs under."""

    name: str
    user_id: int


@dataclass(frozen=True, slots=True)
class Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


# The names are those of the services in docker-compose.yml; `payments` is shown by all of ours.
HOLDERS = (
    Holder("postgres", 999),
    Holder("temporal-postgres", 999),
    Holder("temporal", 1000),
    Holder("temporal-admin", 1000),
    Holder("temporal-ui", 5000),
    Holder("payments", 10001),
    Holder("codec-server", 10001),
    Holder("mail-relay", 0),
)


def renew(
    authority_directory: Path, directory: Path, now: datetime, holders: tuple[Holder, ...] = HOLDERS
) -> Iterator[str]:
    """Make what is missing, ends soon, or is another authority's; names whose it was."""
    authority = _authority(authority_directory, now)
    if now + LIFE > authority.certificate.not_valid_after_utc:
        ends = authority.certificate.not_valid_after_utc.date()
        raise AuthorityEndsError(f"the authority ends on {ends}: make another (docs/operations.md)")
    _write(directory / "authority.pem", _pem(authority.certificate), mode=0o444)
    for holder in holders:
        if not _is_good(directory / holder.name, authority, now):
            _issue(directory / holder.name, holder, authority, now)
            yield holder.name


def _authority(directory: Path, now: datetime) -> Authority:
    certificate_file, key_file = directory / "authority.pem", directory / "authority.key"
    if not certificate_file.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        _write(key_file, _private_pem(key), mode=0o400)
        # Written last: with it, the authority is complete.
        _write(certificate_file, _pem(_self_signed(key, now)), mode=0o444)
    loaded = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    return Authority(x509.load_pem_x509_certificate(certificate_file.read_bytes()), loaded)


def _self_signed(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Skaters payments, internal")])
    return (
        _builder(name, name, key.public_key(), now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def _issue(directory: Path, holder: Holder, authority: Authority, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, holder.name)])
    # Checks inside a container reach its server under `localhost`.
    names = [x509.DNSName(name) for name in (holder.name, "localhost")]
    # Temporal's nodes are servers and clients of one another.
    usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = (
        _builder(subject, authority.certificate.subject, key.public_key(), now, LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
        .sign(authority.key, hashes.SHA256())
    )
    _write(directory / "key.pem", _private_pem(key), mode=0o400, user_id=holder.user_id)
    _write(directory / "certificate.pem", _pem(certificate), mode=0o444)


def _is_good(directory: Path, authority: Authority, now: datetime) -> bool:
    try:
        found = x509.load_pem_x509_certificate((directory / "certificate.pem").read_bytes())
        found.verify_directly_issued_by(authority.certificate)
    except (OSError, ValueError, TypeError, InvalidSignature):
        return False
    return found.not_valid_after_utc - now > RENEWED_BEFORE


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, content: bytes, *, mode: int, user_id: int | None = None) -> None:
    """Replace the file as a whole; a key is never readable by others, not even for a moment."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        os.fchmod(file.fileno(), mode)
        if user_id is not None and os.geteuid() == 0:
            os.fchown(file.fileno(), user_id, user_id)
    partial.replace(path)


def main(authority_directory: str, directory: str) -> None:
    try:
        for name in renew(Path(authority_directory), Path(directory), datetime.now(UTC)):
            sys.stdout.write(f"{name}: a new certificate; restart it\n")
    except AuthorityEndsError as error:
        sys.exit(f"certificates: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
