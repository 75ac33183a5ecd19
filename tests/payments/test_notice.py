from dataclasses import replace
from datetime import UTC, datetime

import pytest

from payments.notice import Notice, parse_notice
from payments.status import AttemptStatus

NOTICE = Notice(
    gateway="midtrans",
    gateway_order_id="SKT-1001~2",
    transaction_id="trx-1",
    status=AttemptStatus.PAID,
    received_at=datetime(2026, 11, 23, 7, 0, tzinfo=UTC),
    raw='{"transaction_status": "settlement"}',
)


def test_a_notice_survives_the_way_through_a_signal() -> None:
    assert parse_notice(NOTICE.as_json()) == NOTICE


def test_a_notice_names_its_attempt() -> None:
    assert NOTICE.attempt_number == 2


@pytest.mark.parametrize("member", NOTICE.as_json())
@pytest.mark.parametrize("value", [None, 7, ["text"]])
def test_a_member_of_the_wrong_kind_is_named(member: str, value: object) -> None:
    document: dict[str, object] = {**NOTICE.as_json(), member: value}

    with pytest.raises(ValueError, match=f"^{member} "):
        parse_notice(document)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("status", "settlement"),
        ("received_at", "yesterday"),
        ("received_at", "2026-11-23T07:00:00"),
        ("gateway_order_id", "SKT-1001"),
        ("gateway_order_id", "payment_notif_test_G812785002_7f4d"),
    ],
)
def test_a_wrong_value_is_named(member: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"^{member} "):
        parse_notice({**NOTICE.as_json(), member: value})


def test_a_notice_of_a_foreign_order_id_belongs_to_no_attempt() -> None:
    foreign = replace(NOTICE, gateway_order_id="payment_notif_test")

    assert foreign.attempt_number == 0
