import pytest

from tests.simulator.gateway import BCA, GOPAY, QRIS, Document, Gateway
from tests.simulator.receiver import Receiver

SHOPEEPAY: Document = {"payment_type": "shopeepay"}


def test_parts_add_up_to_a_full_refund(gateway: Gateway) -> None:
    gateway.charge(method=GOPAY)
    gateway.event("pay")

    first = gateway.act("refund", refund_key="a", amount=14_000, reason="one wheel")
    second = gateway.act("refund", refund_key="b", amount=30_000)

    assert (first["transaction_status"], first["refund_amount"]) == ("partial_refund", "14000.00")
    assert (second["transaction_status"], second["refund_amount"]) == ("refund", "30000.00")
    status = gateway.status()
    assert status["refund_amount"] == "44000.00"
    assert [each["refund_key"] for each in status["refunds"]] == ["a", "b"]
    assert status["refunds"][0]["reason"] == "one wheel"


def test_two_notices_are_sent_and_only_the_second_is_the_banks(
    gateway: Gateway, receiver: Receiver
) -> None:
    gateway.charge(method=GOPAY)
    gateway.event("pay")
    receiver.wait_for(2)

    gateway.act("refund", refund_key="a")
    receiver.wait_for(3)
    gateway.event("confirm_refund")

    accepted, confirmed = receiver.wait_for(4)[2:]
    assert "bank_confirmed_at" not in accepted["refunds"][0]
    assert "bank_confirmed_at" in confirmed["refunds"][0]


def test_the_bank_confirms_by_itself_after_a_while(gateway: Gateway) -> None:
    gateway.behave(refund_confirmation_seconds=3600)
    gateway.charge(method=QRIS)
    gateway.event("pay")
    gateway.act("refund", refund_key="a")

    gateway.advance(hours=1)

    assert "bank_confirmed_at" in gateway.status()["refunds"][0]


@pytest.mark.parametrize(("again", "code"), [(False, "406"), (True, "200")])
def test_a_used_refund_key_never_refunds_twice(gateway: Gateway, *, again: bool, code: str) -> None:
    gateway.behave(repeated_refund_key_answers_again=again)
    gateway.charge(method=GOPAY)
    gateway.event("pay")
    gateway.act("refund", refund_key="a", amount=1_000)

    repeated = gateway.act("refund", refund_key="a", amount=1_000)

    assert repeated["status_code"] == code
    assert gateway.status()["refund_amount"] == "1000.00"


def test_without_a_key_each_request_is_a_new_refund(gateway: Gateway) -> None:
    gateway.charge(method=GOPAY)
    gateway.event("pay")

    gateway.act("refund", amount=1_000)
    gateway.act("refund", amount=1_000)

    assert gateway.status()["refund_amount"] == "2000.00"


@pytest.mark.parametrize(
    ("method", "body", "code"),
    [
        (BCA, {}, "412"),
        (GOPAY, {"amount": 44_001}, "414"),
        (GOPAY, {"amount": -1}, "400"),
        (GOPAY, {"amount": "some"}, "400"),
        (GOPAY, {"refund_key": "a b"}, "400"),
        (SHOPEEPAY, {"amount": 1_000}, "414"),
    ],
)
def test_a_refund_that_cannot_be_is_refused(
    gateway: Gateway, method: Document, body: Document, code: str
) -> None:
    gateway.put("clock", now="2026-11-23T10:00:00+07:00")
    gateway.charge(method=method)
    gateway.event("pay")

    assert gateway.act("refund", **body)["status_code"] == code


@pytest.mark.parametrize(("days", "code"), [(44, "200"), (46, "412")])
def test_a_refund_window_closes(gateway: Gateway, days: int, code: str) -> None:
    gateway.charge(method=GOPAY)
    gateway.event("pay")

    gateway.advance(days=days)

    assert gateway.act("refund", refund_key="a")["status_code"] == code


def test_shopeepay_refunds_nothing_at_night(gateway: Gateway) -> None:
    gateway.put("clock", now="2026-11-23T23:54:00+07:00")
    gateway.charge(method=SHOPEEPAY)
    gateway.event("pay")
    gateway.advance(minutes=1)

    assert gateway.act("refund", refund_key="a")["status_code"] == "412"
    gateway.advance(hours=7)
    assert gateway.act("refund", refund_key="a")["status_code"] == "200"


def test_a_refund_needs_funds_and_the_same_key_may_try_again(gateway: Gateway) -> None:
    gateway.behave(refund_funds=1_000)
    gateway.charge(method=GOPAY)
    gateway.event("pay")

    assert gateway.act("refund", refund_key="a")["status_code"] == "414"
    gateway.behave(refund_funds=50_000)
    assert gateway.act("refund", refund_key="a")["status_code"] == "200"
    assert gateway.http.get("/_simulator/behaviour").json()["refund_funds"] == 6_000


def test_a_bank_can_refuse_a_refund_and_nobody_is_told(gateway: Gateway) -> None:
    gateway.faults({"operation": "refund", "fault": "deny"})
    gateway.charge(method=GOPAY)
    gateway.event("pay")

    refused = gateway.act("refund/online/direct", refund_key="a")

    assert (refused["status_code"], refused["status_message"]) == (
        "202",
        "Refund denied by the bank",
    )
    assert (refused["transaction_status"], refused["refund_amount"]) == ("settlement", "0.00")
    assert [each["transaction_status"] for each in gateway.notifications()] == [
        "pending",
        "settlement",
    ]


def test_how_a_refund_went_is_told_a_day_later(gateway: Gateway) -> None:
    gateway.charge(method=GOPAY)
    gateway.event("pay")
    gateway.act("refund", refund_key="a")
    gateway.advance(hours=23)
    assert "refund_method" not in gateway.status()["refunds"][0]

    gateway.advance(hours=1)

    assert gateway.status()["refunds"][0]["refund_method"] == "online"


def test_a_dana_refund_names_the_transaction_where_the_order_belongs(gateway: Gateway) -> None:
    paid = gateway.charge(method={"payment_type": "dana"})["transaction_id"]
    gateway.event("pay")

    refunded = gateway.act("refund", paid, refund_key="a")

    assert refunded["order_id"] == paid
    assert "transaction_id" not in refunded


@pytest.mark.parametrize(("days", "code"), [(7, "200"), (8, "406")])
def test_a_refund_key_may_be_repeated_for_seven_days(
    gateway: Gateway, days: int, code: str
) -> None:
    gateway.behave(repeated_refund_key_answers_again=True)
    gateway.charge(method=GOPAY)
    gateway.event("pay")
    gateway.act("refund", refund_key="a", amount=1_000)

    gateway.put("clock", time_scale=0)
    gateway.advance(days=days, seconds=-60)

    assert gateway.act("refund", refund_key="a", amount=1_000)["status_code"] == code
