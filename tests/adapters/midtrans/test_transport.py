"""What the transport sends, what it refuses to do, and which failures mean "nothing was sent"."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from time import monotonic

import pytest

from adapters.midtrans.client import MidtransClient
from adapters.midtrans.options import MidtransOptions
from adapters.midtrans.transport import Deadline
from payments.errors import GatewayUnknownError, GatewayUnreachableError
from tests.adapters.midtrans.planned_server import Manner, Planned, PlannedServer

PENDING = Planned(body='{"status_code": "201", "transaction_status": "pending"}')


def test_calls_share_one_connection(
    planned_client: MidtransClient, server: PlannedServer, deadline: Deadline
) -> None:
    server.plan = [PENDING, PENDING, PENDING]

    for _ in range(3):
        planned_client.status("SKT-1~1", deadline)

    assert len({received.connection for received in server.received}) == 1


def test_the_server_key_is_the_user_of_basic_authentication(
    planned_client: MidtransClient, server: PlannedServer, deadline: Deadline
) -> None:
    server.plan = [PENDING]

    planned_client.status("SKT-1~1", deadline)

    # base64 of "SB-Mid-server-tests:"
    assert server.received[0].headers["Authorization"] == "Basic U0ItTWlkLXNlcnZlci10ZXN0czo="


def test_order_ids_are_quoted_in_paths(
    planned_client: MidtransClient, server: PlannedServer, deadline: Deadline
) -> None:
    server.plan = [PENDING]

    planned_client.expire("a b/#x~1", deadline)

    assert server.received[0].path == "/v2/a%20b%2F%23x~1/expire"


def test_headers_of_simultaneous_calls_never_mix(
    planned_client: MidtransClient, server: PlannedServer, deadline: Deadline
) -> None:
    keys = [f"key-{number}" for number in range(24)]
    server.plan = [PENDING] * len(keys)
    together = threading.Barrier(4)

    def charge(key: str) -> None:
        together.wait(5)
        planned_client.charge({"key": key}, {"Idempotency-Key": key}, deadline)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(charge, keys))

    sent = {
        (received.headers["Idempotency-Key"], received.body.decode())
        for received in server.received
    }
    assert sent == {(key, f'{{"key": "{key}"}}') for key in keys}


def test_a_header_of_one_call_is_not_sent_with_the_next(
    planned_client: MidtransClient, server: PlannedServer, deadline: Deadline
) -> None:
    server.plan = [PENDING, PENDING]

    planned_client.charge({}, {"Idempotency-Key": "key-1"}, deadline)
    planned_client.expire("SKT-1~1", deadline)

    assert "Idempotency-Key" not in server.received[1].headers


def test_cookies_of_the_gateway_are_not_kept(
    planned_client: MidtransClient, server: PlannedServer, deadline: Deadline
) -> None:
    cookie = {"Set-Cookie": "__cf_bm=1; Path=/"}
    server.plan = [replace(PENDING, headers=cookie), PENDING]

    planned_client.status("SKT-1~1", deadline)
    planned_client.status("SKT-1~1", deadline)

    assert "Cookie" not in server.received[1].headers


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_and_leaves_the_outcome_open(
    planned_client: MidtransClient, server: PlannedServer, deadline: Deadline, code: int
) -> None:
    server.plan = [Planned(status=code, headers={"Location": f"{server.url}/elsewhere"}), PENDING]

    with pytest.raises(GatewayUnknownError):
        planned_client.charge({}, {}, deadline)

    assert len(server.received) == 1


def test_silence_after_sending_is_unknown(
    planned_client: MidtransClient, server: PlannedServer, deadline: Deadline
) -> None:
    server.plan = [Planned(manner=Manner.HOLD)]

    with pytest.raises(GatewayUnknownError):
        planned_client.charge({}, {}, deadline)


def test_a_connection_dropped_after_sending_is_unknown(
    planned_client: MidtransClient, server: PlannedServer, deadline: Deadline
) -> None:
    server.plan = [Planned(manner=Manner.DROP)]

    with pytest.raises(GatewayUnknownError):
        planned_client.charge({}, {}, deadline)


def test_a_connection_dropped_when_reused_is_unknown(
    planned_client: MidtransClient, server: PlannedServer, deadline: Deadline
) -> None:
    server.plan = [PENDING, Planned(manner=Manner.DROP)]
    planned_client.status("SKT-1~1", deadline)

    with pytest.raises(GatewayUnknownError):
        planned_client.charge({}, {}, deadline)


def test_a_trickling_answer_ends_with_the_deadline(
    planned_client: MidtransClient, server: PlannedServer
) -> None:
    server.plan = [Planned(manner=Manner.TRICKLE)]
    began = monotonic()

    with pytest.raises(GatewayUnknownError):
        planned_client.charge({}, {}, Deadline.after(timedelta(seconds=0.3)))

    assert monotonic() - began < 2


def test_a_refused_connection_sent_nothing(
    client_of: Callable[[MidtransOptions], MidtransClient],
    options: MidtransOptions,
    server: PlannedServer,
    deadline: Deadline,
) -> None:
    server.stop()
    client = client_of(replace(options, core_url=server.url))

    with pytest.raises(GatewayUnreachableError):
        client.charge({}, {}, deadline)


def test_a_name_that_does_not_resolve_sent_nothing(
    client_of: Callable[[MidtransOptions], MidtransClient],
    options: MidtransOptions,
    deadline: Deadline,
) -> None:
    client = client_of(replace(options, core_url="https://gateway.invalid"))

    with pytest.raises(GatewayUnreachableError):
        client.charge({}, {}, deadline)


def test_nothing_is_sent_after_the_deadline(
    planned_client: MidtransClient, server: PlannedServer
) -> None:
    with pytest.raises(GatewayUnreachableError):
        planned_client.charge({}, {}, Deadline.after(timedelta(0)))

    assert server.received == []


def test_proxies_of_the_environment_are_ignored(
    planned_client: MidtransClient,
    server: PlannedServer,
    deadline: Deadline,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    server.plan = [PENDING]

    assert planned_client.status("SKT-1~1", deadline) is not None
