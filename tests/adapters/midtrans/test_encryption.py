"""Whom the transport trusts, and how it speaks to them (DESIGN §5)."""

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from adapters.midtrans.client import MidtransClient
from adapters.midtrans.options import MidtransOptions
from adapters.midtrans.transport import Deadline
from payments.errors import GatewayUnreachableError
from tests.adapters.midtrans.planned_server import Planned, PlannedServer

PENDING = Planned(body='{"status_code": "201", "transaction_status": "pending"}')


@pytest.fixture
def tls_1_1_server(certificate: Path) -> Iterator[PlannedServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1_1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    server = PlannedServer(context)
    yield server
    server.stop()


@pytest.fixture
def plain_server() -> Iterator[PlannedServer]:
    server = PlannedServer(None)
    yield server
    server.stop()


def test_a_server_that_never_shakes_hands_was_sent_nothing(
    client_of: Callable[[MidtransOptions], MidtransClient],
    options: MidtransOptions,
    deadline: Deadline,
) -> None:
    impatient = replace(options, connect_timeout=timedelta(seconds=0.2))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = client_of(
            replace(impatient, core_url=f"https://127.0.0.1:{silent.getsockname()[1]}")
        )

        with pytest.raises(GatewayUnreachableError):
            client.charge({}, {}, deadline)


def test_plain_http_works_where_it_is_permitted(
    client_of: Callable[[MidtransOptions], MidtransClient],
    options: MidtransOptions,
    plain_server: PlannedServer,
    deadline: Deadline,
) -> None:
    plain = replace(options, core_url=plain_server.url, allow_loopback_http=True)
    plain_server.plan = [PENDING]

    assert client_of(plain).status("SKT-1~1", deadline) is not None


def test_a_refused_plain_connection_sent_nothing(
    client_of: Callable[[MidtransOptions], MidtransClient],
    options: MidtransOptions,
    plain_server: PlannedServer,
    deadline: Deadline,
) -> None:
    plain_server.stop()
    client = client_of(replace(options, core_url=plain_server.url, allow_loopback_http=True))

    with pytest.raises(GatewayUnreachableError):
        client.charge({}, {}, deadline)


def test_a_certificate_of_an_unknown_authority_is_refused(
    client_of: Callable[[MidtransOptions], MidtransClient],
    planned_options: MidtransOptions,
    server: PlannedServer,
    deadline: Deadline,
    tmp_path: Path,
) -> None:
    stranger = tmp_path / "stranger.pem"
    trustme.CA().cert_pem.write_to_path(str(stranger))
    client = client_of(replace(planned_options, ca_file=stranger))

    with pytest.raises(GatewayUnreachableError):
        client.charge({}, {}, deadline)

    assert server.received == []


def test_without_a_ca_file_only_public_authorities_are_trusted(
    client_of: Callable[[MidtransOptions], MidtransClient],
    planned_options: MidtransOptions,
    server: PlannedServer,
    deadline: Deadline,
) -> None:
    client = client_of(replace(planned_options, ca_file=None))

    with pytest.raises(GatewayUnreachableError):
        client.charge({}, {}, deadline)

    assert server.received == []


def test_a_certificate_of_another_host_is_refused(
    client_of: Callable[[MidtransOptions], MidtransClient],
    authority: trustme.CA,
    tls: ssl.SSLContext,
    planned_options: MidtransOptions,
    server: PlannedServer,
    deadline: Deadline,
) -> None:
    authority.issue_cert("other.example").configure_cert(tls)
    client = client_of(planned_options)

    with pytest.raises(GatewayUnreachableError):
        client.charge({}, {}, deadline)

    assert server.received == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_tls_1_1_is_refused(
    client_of: Callable[[MidtransOptions], MidtransClient],
    options: MidtransOptions,
    tls_1_1_server: PlannedServer,
    deadline: Deadline,
) -> None:
    client = client_of(replace(options, core_url=tls_1_1_server.url))

    with pytest.raises(GatewayUnreachableError):
        client.charge({}, {}, deadline)

    assert tls_1_1_server.received == []
