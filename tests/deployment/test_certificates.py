"""The certificates inside the deployment: made once, renewed in time, each for its holder alone."""

import asyncio
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from deployment.certificates import (
    AUTHORITY_LIFE,
    HOLDERS,
    LIFE,
    RENEWED_BEFORE,
    AuthorityEndsError,
    renew,
)
from local_stack.ports import LOOPBACK

NOW = datetime.now(UTC)
EVERYBODY = [holder.name for holder in HOLDERS]


@pytest.fixture
def signing(tmp_path: Path) -> Path:
    return tmp_path / "signing"


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    return tmp_path / "certificates"


@pytest.fixture
def made(signing: Path, certificates: Path) -> list[str]:
    return list(renew(signing, certificates, NOW))


def context(certificates: Path, holder: str | None, *, server: bool) -> ssl.SSLContext:
    protocol = ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT
    context = ssl.SSLContext(protocol)
    context.load_verify_locations(certificates / "authority.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    if holder is not None:
        own = certificates / holder
        context.load_cert_chain(own / "certificate.pem", own / "key.pem")
    return context


async def greeting(certificates: Path, client: str | None, name: str) -> bytes:
    """What a client hears of a server that shows Temporal's certificate and asks for one."""

    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        await writer.drain()
        writer.close()

    shown = context(certificates, "temporal", server=True)
    async with await asyncio.start_server(greet, LOOPBACK, 0, ssl=shown) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection(
            LOOPBACK,
            port,
            ssl=context(certificates, client, server=False),
            server_hostname=name,
        )
        try:
            return await reader.read()
        finally:
            writer.close()


def test_the_first_run_makes_a_certificate_for_everybody(made: list[str]) -> None:
    assert made == EVERYBODY


@pytest.mark.parametrize("name", ["temporal", "localhost"])
async def test_holders_prove_to_each_other_who_they_are(
    made: list[str], certificates: Path, name: str
) -> None:
    assert await greeting(certificates, "payments", name) == b"hello"


async def test_one_holder_cannot_pass_for_another(made: list[str], certificates: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        await greeting(certificates, "payments", "postgres")


async def test_a_caller_without_a_certificate_hears_nothing(
    made: list[str], certificates: Path
) -> None:
    heard = b""
    # The refusal reaches the caller as an alert, or as the end of the line.
    with suppress(ssl.SSLError, ConnectionError):
        heard = await greeting(certificates, None, "temporal")

    assert heard == b""


def test_keys_are_for_their_holder_alone(
    made: list[str], signing: Path, certificates: Path
) -> None:
    keys = [*certificates.glob("*/key.pem"), signing / "authority.key"]

    assert len(keys) == len(HOLDERS) + 1
    assert {oct(key.stat().st_mode & 0o777) for key in keys} == {"0o400"}
    assert not list(certificates.rglob("authority.key"))


def test_another_run_soon_changes_nothing(
    made: list[str], signing: Path, certificates: Path
) -> None:
    soon = NOW + LIFE - RENEWED_BEFORE - timedelta(days=1)

    assert list(renew(signing, certificates, soon)) == []


def test_what_ends_soon_is_renewed_by_the_same_authority(
    made: list[str], signing: Path, certificates: Path
) -> None:
    authority = (certificates / "authority.pem").read_bytes()
    late = NOW + LIFE - RENEWED_BEFORE + timedelta(days=1)

    assert list(renew(signing, certificates, late)) == EVERYBODY
    assert (certificates / "authority.pem").read_bytes() == authority
    renewed = x509.load_pem_x509_certificate(
        (certificates / "postgres" / "certificate.pem").read_bytes()
    )
    assert renewed.not_valid_after_utc > late + LIFE - timedelta(minutes=1)


@pytest.mark.parametrize("harm", ["", "no certificate"])
def test_what_was_cut_off_is_made_anew(
    made: list[str], signing: Path, certificates: Path, harm: str
) -> None:
    harmed = certificates / "temporal-ui" / "certificate.pem"
    harmed.chmod(0o600)
    harmed.write_text(harm)

    assert list(renew(signing, certificates, NOW)) == ["temporal-ui"]


def test_certificates_of_another_authority_are_replaced(
    made: list[str], tmp_path: Path, certificates: Path
) -> None:
    assert list(renew(tmp_path / "another", certificates, NOW)) == EVERYBODY


def test_nothing_is_signed_that_outlives_the_authority(
    made: list[str], signing: Path, certificates: Path
) -> None:
    with pytest.raises(AuthorityEndsError, match="the authority ends on"):
        list(renew(signing, certificates, NOW + AUTHORITY_LIFE - LIFE + timedelta(days=1)))
