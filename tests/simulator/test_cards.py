import httpx
import pytest

from tests.simulator.gateway import Gateway
from tests.simulator.receiver import Receiver

ACCEPTED = "4811111111111114"
DENIED = "4911111111111113"


@pytest.mark.parametrize(
    ("number", "code", "status", "fraud"),
    [
        (ACCEPTED, "200", "capture", "accept"),
        ("4811 1111 1111 1114", "200", "capture", "accept"),
        ("5211111111111117", "200", "capture", "accept"),
        (DENIED, "202", "deny", "accept"),
        ("4611111111111116", "202", "deny", "deny"),
        ("4511111111111117", "201", "capture", "challenge"),
        ("4472429869996670", "202", "deny", "accept"),
        ("4000000000000002", "202", "deny", "accept"),
    ],
)
def test_the_number_decides(
    gateway: Gateway, number: str, code: str, status: str, fraud: str
) -> None:
    charged = gateway.charge_card(number)

    assert charged["status_code"] == code
    assert (charged["transaction_status"], charged["fraud_status"]) == (status, fraud)


def test_a_token_charges_once(gateway: Gateway) -> None:
    token = gateway.card_token(DENIED)
    method = {"payment_type": "credit_card", "credit_card": {"token_id": token}}
    gateway.charge(method=method)

    assert gateway.charge(method=method)["status_code"] == "411"


def test_a_mistyped_number_gets_no_token(gateway: Gateway) -> None:
    query = {"card_number": "4811111111111115", "card_exp_month": "01", "card_exp_year": "2020"}

    answer = gateway.http.get("/v2/token", params=query).json()

    assert answer["validation_messages"] == [
        "card_number does not match with luhn algorithm",
        "card_exp_year must be greater than this year",
    ]


def test_a_token_needs_a_known_client_key(gateway: Gateway) -> None:
    assert httpx.get(f"{gateway.url}/v2/token", params={"client_key": "x"}).status_code == 401


@pytest.mark.parametrize(
    ("number", "otp", "status"),
    [(ACCEPTED, "112233", "capture"), (ACCEPTED, "000000", "deny"), (DENIED, "112233", "deny")],
)
def test_3d_secure_decides_a_pending_card(
    gateway: Gateway, receiver: Receiver, number: str, otp: str, status: str
) -> None:
    charged = gateway.charge_card(number, secure=True)
    assert (charged["status_code"], charged["transaction_status"]) == ("201", "pending")

    page = gateway.browser.get(charged["redirect_url"])
    gateway.browser.post(charged["redirect_url"], data={"action": "submit", "otp": otp})

    assert "112233" in page.text
    assert gateway.status()["transaction_status"] == status
    assert [body["transaction_status"] for body in receiver.wait_for(2)] == ["pending", status]


def test_some_banks_take_a_minute_after_the_password(gateway: Gateway) -> None:
    charged = gateway.charge_card("4024007176265022", secure=True)
    gateway.browser.post(charged["redirect_url"], data={"action": "submit", "otp": "112233"})
    assert gateway.status()["transaction_status"] == "pending"

    gateway.advance(seconds=60)

    assert gateway.status()["transaction_status"] == "capture"


def test_a_card_at_3d_secure_can_be_closed_by_time_alone(gateway: Gateway) -> None:
    gateway.charge_card(ACCEPTED, secure=True)

    assert gateway.act("expire")["status_code"] == "412"
    assert gateway.act("cancel")["status_code"] == "412"
    gateway.advance(minutes=10)
    assert gateway.status()["transaction_status"] == "expire"


def test_a_captured_card_settles_the_next_day_at_four(gateway: Gateway) -> None:
    gateway.put("clock", now="2026-11-23T23:59:00+07:00")
    gateway.charge_card(ACCEPTED)

    gateway.put("clock", now="2026-11-24T15:59:00+07:00")
    assert gateway.status()["transaction_status"] == "capture"
    gateway.put("clock", now="2026-11-24T16:05:00+07:00")
    assert gateway.status()["settlement_time"] == "2026-11-24 16:00:00"


def test_a_captured_card_is_cancelled_and_not_refunded(gateway: Gateway) -> None:
    gateway.charge_card(ACCEPTED)

    assert gateway.act("refund", refund_key="a")["status_code"] == "412"
    assert gateway.act("cancel")["transaction_status"] == "cancel"
    assert gateway.charge_bca()["status_code"] == "406"


@pytest.mark.parametrize(
    ("operation", "status", "fraud"),
    [("approve", "capture", "accept"), ("deny", "deny", "deny")],
)
def test_a_challenge_is_judged_by_the_merchant(
    gateway: Gateway, operation: str, status: str, fraud: str
) -> None:
    gateway.charge_card("4511111111111117")

    judged = gateway.act(operation)

    assert judged["status_code"] == "200"
    assert (judged["transaction_status"], judged["fraud_status"]) == (status, fraud)


def test_a_preauthorised_amount_is_let_go_after_eight_days(gateway: Gateway) -> None:
    charged = gateway.charge_card(ACCEPTED, type="authorize")
    assert charged["transaction_status"] == "authorize"

    gateway.advance(days=8)

    assert gateway.status()["transaction_status"] == "expire"


def test_a_challenge_that_nobody_judges_is_denied_at_settlement(gateway: Gateway) -> None:
    gateway.put("clock", now="2026-11-23T10:00:00+07:00")
    gateway.charge_card("4511111111111117")

    gateway.put("clock", now="2026-11-24T16:00:01+07:00")

    status = gateway.status()
    assert (status["transaction_status"], status["fraud_status"]) == ("deny", "deny")
