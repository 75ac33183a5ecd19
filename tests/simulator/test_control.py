import csv
import io

import pytest

from tests.simulator.gateway import GOPAY, Gateway
from tests.simulator.receiver import Receiver

CARD = "4811111111111114"


@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("bca_va", "settlement"),
        ("mandiri_bill", "settlement"),
        ("qris", "settlement"),
        ("ovo", "settlement"),
        ("credit_card", "capture"),
    ],
)
def test_pay_chooses_the_method_where_none_was_chosen(
    gateway: Gateway, receiver: Receiver, method: str, status: str
) -> None:
    gateway.open_snap()

    paid = gateway.event("pay", method=method)

    assert paid["transaction_status"] == status
    receiver.wait_for(2)
    assert sorted(receiver.statuses) == sorted(["pending", status])


def test_pay_needs_a_method_where_several_could_be_meant(gateway: Gateway) -> None:
    gateway.open_snap()

    response = gateway.http.post("/_simulator/transactions/SKT-1~1/pay")

    assert response.status_code == 409
    assert 'give "method"' in response.json()["error"]


def test_pay_with_another_amount_is_what_everybody_is_told(
    gateway: Gateway, receiver: Receiver
) -> None:
    gateway.charge_bca()

    gateway.event("pay", amount=43_000)

    assert gateway.status()["gross_amount"] == "43000.00"
    assert receiver.wait_for(2)[1]["gross_amount"] == "43000.00"


def test_money_can_come_after_the_end(gateway: Gateway) -> None:
    gateway.charge_bca()
    gateway.act("expire")

    assert gateway.event("pay")["transaction_status"] == "settlement"


@pytest.mark.parametrize(
    ("event", "status"), [("reverse", "deny"), ("chargeback", "chargeback"), ("refund", "refund")]
)
def test_paid_money_can_go_again(gateway: Gateway, event: str, status: str) -> None:
    gateway.charge(method=GOPAY)
    gateway.event("pay")

    assert gateway.event(event)["transaction_status"] == status


def test_a_part_can_be_charged_back(gateway: Gateway) -> None:
    gateway.charge_card(CARD)

    assert gateway.event("chargeback", amount=1_000)["transaction_status"] == "partial_chargeback"


def test_a_captured_card_can_be_challenged_and_settled(gateway: Gateway) -> None:
    gateway.charge_card(CARD)

    challenged = gateway.event("challenge")
    gateway.act("approve")

    assert challenged["fraud_status"] == "challenge"
    assert gateway.event("settle")["transaction_status"] == "settlement"


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        ("SKT-1~1/explode", 404, "no event is called 'explode'"),
        ("SKT-2~1/pay", 404, "there is no transaction of order 'SKT-2~1'"),
        ("SKT-1~1/reverse", 409, "in status pending cannot reverse"),
        ("SKT-1~1/refund", 409, "cannot modify the status"),
        ("SKT-1~1/confirm_refund", 409, "no refund to confirm"),
    ],
)
def test_an_event_that_cannot_be_says_why(
    gateway: Gateway, path: str, code: int, message: str
) -> None:
    gateway.charge_bca()

    response = gateway.http.post(f"/_simulator/transactions/{path}")

    assert response.status_code == code
    assert message in response.json()["error"]


def test_an_event_can_name_one_of_several_transactions(gateway: Gateway) -> None:
    first = gateway.charge_bca()["transaction_id"]
    gateway.act("expire")
    gateway.charge(method=GOPAY)

    gateway.event("pay", transaction_id=first)

    paid, waiting = gateway.transactions()
    assert (paid["transaction_status"], waiting["transaction_status"]) == ("settlement", "pending")


def test_a_transaction_can_be_planted(gateway: Gateway, receiver: Receiver) -> None:
    response = gateway.http.post(
        "/_simulator/transactions",
        json={"order_id": "SKT-9~1", "gross_amount": 5_000, "method": "qris", "currency": "USD"},
    )

    assert response.status_code == 201
    assert receiver.wait_for(1)[0]["order_id"] == "SKT-9~1"
    status = gateway.status("SKT-9~1")
    assert (status["transaction_status"], status["currency"]) == ("settlement", "USD")


def test_the_export_lists_what_was_settled_between_two_days(gateway: Gateway) -> None:
    for day, order_id in (("22", "A~1"), ("23", "B~1"), ("24", "C~1")):
        gateway.put("clock", now=f"2026-11-{day}T23:30:00+07:00")
        gateway.charge(order_id, method=GOPAY, custom_field1="nonce")
        gateway.event("pay", order_id)

    text = gateway.http.get(
        "/_simulator/settlements.csv", params={"from": "2026-11-23", "to": "2026-11-23"}
    ).text

    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["Order ID"], row["Amount"], row["MDR amount"]) == ("B~1", "44000", "880")
    assert row["Custom field 1"] == "nonce"


def test_time_can_be_set_scaled_and_stopped(gateway: Gateway) -> None:
    gateway.put("clock", time_scale=0)

    moved = gateway.put("clock", now="2026-11-23T10:00:00+07:00")

    assert moved == {"now": "2026-11-23T10:00:00+07:00", "time_scale": 0}
    assert gateway.http.get("/_simulator/clock").json()["now"] == moved["now"]


@pytest.mark.parametrize(
    ("door", "body", "message"),
    [
        ("clock", {}, 'give "now", "advance_seconds" or "time_scale"'),
        ("clock", {"now": "yesterday"}, "yesterday"),
        ("clock", {"time_scale": -1}, "time_scale is not negative"),
        ("behaviour", {"mood": "bad"}, "no knob is called 'mood'"),
        ("behaviour", {"latency_ms": "slow"}, "latency_ms takes a float"),
        ("faults", {}, "a fault plan is"),
    ],
)
def test_a_bad_setting_is_refused_and_says_why(
    gateway: Gateway, door: str, body: dict[str, object], message: str
) -> None:
    response = gateway.http.put(f"/_simulator/{door}", json=body)

    assert response.status_code == 400
    assert message in response.json()["error"]


def test_reset_leaves_nothing(gateway: Gateway) -> None:
    gateway.charge_bca()
    gateway.faults({"operation": "*", "fault": "refuse"})
    gateway.behave(http_status_codes=True)

    gateway.http.post("/_simulator/reset").raise_for_status()

    assert gateway.transactions() == []
    assert gateway.notifications() == []
    assert gateway.http.get("/_simulator/faults").json() == {"faults": []}
    assert not gateway.http.get("/_simulator/behaviour").json()["http_status_codes"]
