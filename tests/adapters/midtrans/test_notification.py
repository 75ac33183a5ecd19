"""Notifications: shape and signature (fact sheet §7)."""

import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from adapters.midtrans.notification import (
    ForeignNotice,
    InvalidSignatureError,
    MalformedNotificationError,
    open_notification,
)
from payments.notice import Notice, parse_notice
from payments.status import AttemptStatus

KEY = "SB-Mid-server-EXAMPLE"
NOW = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
# Fact sheet §7.1: order_id ORDER-1, status_code 200, gross_amount 10000.00.
VECTOR = (
    "9e32c7ed3914993ba56b81e2b68479ce417767f2472f09fd9e67a1b3cdfb7497"
    "2505cdd38c43a79f4d0e434c3e6828bdda9bf62625517eae217d3f044c3de92a"
)


@pytest.fixture
def document() -> dict[str, object]:
    signed = f"SKT-1~120010000.00{KEY}"
    return {
        "order_id": "SKT-1~1",
        "status_code": "200",
        "gross_amount": "10000.00",
        "signature_key": hashlib.sha512(signed.encode()).hexdigest(),
        "transaction_status": "settlement",
        "transaction_id": "9aed5972-5b6a-401e-894b-a32c91ed1a3a",
        "payment_type": "bank_transfer",
        "fraud_status": "accept",
    }


def test_a_rightly_signed_notification_becomes_a_notice(document: dict[str, object]) -> None:
    body = json.dumps(document).encode()

    notice = open_notification(body, [KEY], NOW)

    assert notice == Notice(
        gateway="midtrans",
        gateway_order_id="SKT-1~1",
        transaction_id="9aed5972-5b6a-401e-894b-a32c91ed1a3a",
        status=AttemptStatus.PAID,
        received_at=NOW,
        raw=body.decode(),
    )


def test_a_notice_survives_being_a_signal(document: dict[str, object]) -> None:
    notice = open_notification(json.dumps(document).encode(), [KEY], NOW)

    assert isinstance(notice, Notice)
    assert parse_notice(notice.as_json()) == notice


@pytest.mark.parametrize("keys", [[KEY, "other"], ["other", KEY]])
def test_either_of_two_server_keys_is_accepted(
    document: dict[str, object], keys: list[str]
) -> None:
    assert isinstance(open_notification(json.dumps(document).encode(), keys, NOW), Notice)


def test_the_documented_vector_is_rightly_signed_and_not_ours() -> None:
    body = (
        b'{"order_id": "ORDER-1", "status_code": "200", "gross_amount": "10000.00",'
        b' "signature_key": "%s"}' % VECTOR.encode()
    )

    assert open_notification(body, [KEY], NOW) == ForeignNotice("ORDER-1")


def test_an_order_id_written_as_a_number_keeps_its_text() -> None:
    signature = hashlib.sha512(f"70020010000.00{KEY}".encode()).hexdigest()
    body = (
        f'{{"order_id": 700, "status_code": "200", "gross_amount": "10000.00",'
        f' "signature_key": "{signature}"}}'
    )

    assert open_notification(body.encode(), [KEY], NOW) == ForeignNotice("700")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"order_id": "SKT-2~1"}, id="order id"),
        pytest.param({"status_code": "201"}, id="code"),
        pytest.param({"gross_amount": "10000"}, id="amount written otherwise"),
        pytest.param({"signature_key": "0" * 128}, id="signature"),
        pytest.param({"signature_key": "ü"}, id="no hex"),
        pytest.param({"order_id": "foreign"}, id="foreign id"),
    ],
)
def test_a_changed_notification_is_refused(
    document: dict[str, object], change: dict[str, object]
) -> None:
    with pytest.raises(InvalidSignatureError):
        open_notification(json.dumps(document | change).encode(), [KEY], NOW)


@pytest.mark.parametrize("keys", [[], ["other"]])
def test_without_the_right_key_nothing_is_accepted(
    document: dict[str, object], keys: list[str]
) -> None:
    with pytest.raises(InvalidSignatureError):
        open_notification(json.dumps(document).encode(), keys, NOW)


@pytest.mark.parametrize(
    "name",
    [
        *("order_id", "status_code", "gross_amount", "signature_key"),
        *("transaction_status", "transaction_id"),
    ],
)
@pytest.mark.parametrize("value", [None, "", [], {"a": 1}, True])
def test_a_missing_member_is_named(document: dict[str, object], name: str, value: object) -> None:
    document[name] = value

    with pytest.raises(MalformedNotificationError) as raised:
        open_notification(json.dumps(document).encode(), [KEY], NOW)

    assert raised.value.field == name


@pytest.mark.parametrize(
    ("name", "value"),
    [("status_code", 200), ("gross_amount", 10000), ("gross_amount", 1e4), ("signature_key", 1)],
)
def test_a_number_where_text_was_signed_is_named(
    document: dict[str, object], name: str, value: object
) -> None:
    document[name] = value

    with pytest.raises(MalformedNotificationError) as raised:
        open_notification(json.dumps(document).encode(), [KEY], NOW)

    assert (raised.value.field, raised.value.rule) == (name, "must be a string")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"order_id=1", id="form"),
        pytest.param(b"[1]", id="list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"a": NaN}', id="NaN"),
        pytest.param(b"\xff\xfe{}", id="no UTF-8"),
        pytest.param(b"[" * 60_000, id="too deep"),
    ],
)
def test_a_body_that_is_no_object_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedNotificationError, match="body: "):
        open_notification(body, [KEY], NOW)


@pytest.mark.parametrize("name", ["order_id", "signature_key", "transaction_id"])
def test_half_a_character_is_malformed_and_not_a_crash(
    document: dict[str, object], name: str
) -> None:
    document[name] = "\ud800"

    with pytest.raises(MalformedNotificationError):
        open_notification(json.dumps(document).encode(), [KEY], NOW)


@pytest.mark.parametrize("transaction_id", ["T\x00", "T 1", "T\n", "é", "T" * 101])
def test_a_transaction_id_no_store_could_keep_is_malformed(
    document: dict[str, object], transaction_id: str
) -> None:
    document["transaction_id"] = transaction_id

    with pytest.raises(MalformedNotificationError, match="transaction_id: "):
        open_notification(json.dumps(document).encode(), [KEY], NOW)


def test_a_word_not_known_does_not_lose_the_notice(document: dict[str, object]) -> None:
    document["transaction_status"] = "teleported"

    notice = open_notification(json.dumps(document).encode(), [KEY], NOW)

    assert isinstance(notice, Notice)
    assert notice.status is AttemptStatus.UNKNOWN


def test_the_bridge_need_not_load_the_gateways_client() -> None:
    program = (
        "import sys, adapters.midtrans.notification\n"
        "print({'midtransclient', 'requests', 'urllib3'} & set(sys.modules))"
    )

    loaded = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )

    assert loaded.stdout.strip() == "set()"
