import ssl
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import create_engine, tls_of
from local_stack.postgres import Postgres

REMOTE = "postgresql+asyncpg://payments:secret@db.skaters.example/payments"
LOCAL = "postgresql+asyncpg://payments:secret@127.0.0.1/payments"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    trustme = pytest.importorskip("trustme")
    path: Path = tmp_path_factory.mktemp("tls") / "authority.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    return path


@pytest.mark.parametrize("url", [LOCAL, f"{REMOTE}?sslmode=disable"])
def test_clear_text_is_for_loopback_or_on_request(url: str) -> None:
    assert tls_of(make_url(url)) is False


@pytest.mark.parametrize(
    ("url", "verifies", "checks_name"),
    [
        (REMOTE, True, True),
        (f"{LOCAL}?sslmode=verify-full", True, True),
        (f"{REMOTE}?sslmode=verify-full&sslrootcert=CA", True, True),
        (f"{REMOTE}?sslmode=verify-ca&sslrootcert=CA", True, False),
        (f"{REMOTE}?sslmode=require&sslrootcert=CA", True, False),
        (f"{REMOTE}?sslmode=require", False, False),
    ],
)
def test_sslmode_means_what_it_means_to_libpq(
    authority: Path, url: str, *, verifies: bool, checks_name: bool
) -> None:
    context = tls_of(make_url(url.replace("CA", str(authority))))

    assert isinstance(context, ssl.SSLContext)
    assert context.verify_mode is (ssl.CERT_REQUIRED if verifies else ssl.CERT_NONE)
    assert context.check_hostname is checks_name
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_only_the_given_authority_is_trusted(authority: Path) -> None:
    context = tls_of(make_url(f"{REMOTE}?sslmode=verify-full&sslrootcert={authority}"))

    assert isinstance(context, ssl.SSLContext)
    assert len(context.get_ca_certs()) == 1


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (f"{REMOTE}?sslmode=prefer", "sslmode must be one of"),
        (f"{REMOTE}?sslmode=require&sslmode=disable", "sslmode is given more than once"),
        ("mysql://payments:secret@localhost/payments", "must begin with postgresql"),
    ],
)
def test_a_wrong_url_is_explained_without_its_password(url: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        create_engine(url, application_name="tests")

    assert "secret" not in str(caught.value)


async def test_clear_text_is_never_fallen_back_to(postgres: Postgres) -> None:
    url = f"{postgres.url('payments')}?sslmode=require"
    engine = create_engine(url, application_name="tests")

    with pytest.raises(ConnectionError, match="SSL"):
        async with engine.connect():
            pass


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("application_name", "tests"),
        ("transaction_isolation", "read committed"),
        ("lock_timeout", "1s"),
        ("statement_timeout", "1500ms"),
        ("idle_in_transaction_session_timeout", "5s"),
        ("timezone", "UTC"),
    ],
)
async def test_a_connection_has_our_limits(engine: AsyncEngine, setting: str, value: str) -> None:
    async with engine.connect() as connection:
        shown = (await connection.execute(text(f"SHOW {setting}"))).scalar_one()

    assert shown == value


async def test_a_failed_statement_never_quotes_values(engine: AsyncEngine) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with engine.begin() as connection:
            await connection.execute(text("SELECT 1 / (length(:name) - 5)"), {"name": "Kanya"})

    assert "Kanya" not in str(caught.value)
