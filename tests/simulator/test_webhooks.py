import hashlib

import pytest

from simulator.webhooks import RETRY_MINUTES
from tests.simulator.gateway import BCA, GOPAY, SERVER_KEY, Gateway, eventually, order
from tests.simulator.receiver import Receiver


def test_every_change_is_told_and_signed_over_the_text_as_sent(
    gateway: Gateway, receiver: Receiver
) -> None:
    gateway.charge_bca()
    receiver.wait_for(1)
    gateway.event("pay")

    pending, settled = receiver.wait_for(2)
    assert (pending["status_code"], settled["status_code"]) == ("201", "200")
    assert settled["status_message"] == "midtrans payment notification"
    assert receiver.headers[0]["user-agent"] == "Veritrans"
    for body in (pending, settled):
        text = body["order_id"] + body["status_code"] + body["gross_amount"] + SERVER_KEY
        assert body["signature_key"] == hashlib.sha512(text.encode()).hexdigest()


@pytest.mark.parametrize("event", ["deny", "expire", "cancel"])
def test_an_end_without_money_is_told_with_202(
    gateway: Gateway, receiver: Receiver, event: str
) -> None:
    gateway.charge_bca()
    receiver.wait_for(1)

    gateway.event(event)

    assert receiver.wait_for(2)[1]["status_code"] == "202"


@pytest.mark.parametrize(
    ("answer", "retries"), [(200, 0), (302, 0), (500, 1), (400, 2), (404, 2), (503, 4), (502, 5)]
)
def test_the_answer_decides_how_often_a_notice_is_sent_again(
    gateway: Gateway, receiver: Receiver, answer: int, retries: int
) -> None:
    receiver.script.extend([answer] * 10)
    gateway.charge_bca()

    for attempts, minutes in enumerate(RETRY_MINUTES, start=1):
        eventually(lambda: gateway.notifications()[0]["state"] != "sending")
        assert len(receiver.bodies) == min(attempts, retries + 1)
        gateway.advance(minutes=minutes * 1.25)
    eventually(lambda: gateway.notifications()[0]["state"] in {"failed", "delivered"})

    assert len(receiver.bodies) == retries + 1
    assert gateway.notifications()[0]["next_retry_at"] is None


def test_a_permanent_redirect_is_followed_with_the_same_body(
    gateway: Gateway, receiver: Receiver
) -> None:
    receiver.script.append(308)
    receiver.location = f"{receiver.path}/moved"

    gateway.charge_bca()

    first, second = receiver.wait_for(2)
    assert first == second
    assert receiver.paths == [receiver.path, f"{receiver.path}/moved"]


@pytest.mark.parametrize(
    ("headers", "paths"),
    [
        (
            {"X-Append-Notification": "{url}/b, {url}/c"},
            {"", "/b", "/c"},
        ),
        ({"X-Override-Notification": "{url}/b"}, {"/b"}),
        (
            {"X-Override-Notification": "{url}/b,{url}/c,{url}/d,{url}/e"},
            {"/b", "/c", "/d"},
        ),
        (
            {"X-Override-Notification": "{url}/b", "X-Append-Notification": "{url}/c"},
            {"/b"},
        ),
    ],
)
def test_headers_add_to_or_replace_the_address(
    gateway: Gateway, receiver: Receiver, headers: dict[str, str], paths: set[str]
) -> None:
    filled = {name: value.format(url=receiver.url) for name, value in headers.items()}

    gateway.post("/v2/charge", order() | BCA, **filled)

    receiver.wait_for(len(paths))
    assert {path.removeprefix(receiver.path) for path in receiver.paths} == paths


def test_a_dropped_notice_never_comes(gateway: Gateway, receiver: Receiver) -> None:
    gateway.faults({"operation": "webhook", "status": "settlement", "fault": "drop"})
    gateway.charge_bca()
    gateway.event("pay")
    gateway.advance(days=1)

    eventually(lambda: gateway.notifications()[0]["state"] == "delivered")
    assert gateway.notifications()[1]["state"] == "dropped"
    assert receiver.statuses == ["pending"]


def test_a_duplicated_notice_comes_as_often_as_asked(gateway: Gateway, receiver: Receiver) -> None:
    gateway.faults({"operation": "webhook", "order_id": "SKT-1*", "fault": "duplicate:2"})

    gateway.charge_bca()

    first, second, third = receiver.wait_for(3)
    assert first == second == third


def test_a_reordered_notice_comes_after_the_next_one(gateway: Gateway, receiver: Receiver) -> None:
    gateway.faults({"operation": "webhook", "nth": 1, "fault": "reorder"})

    gateway.charge_bca()
    gateway.event("pay")

    receiver.wait_for(2)
    assert receiver.statuses == ["settlement", "pending"]


def test_a_delayed_notice_waits_by_the_simulated_clock(
    gateway: Gateway, receiver: Receiver
) -> None:
    gateway.faults({"operation": "webhook", "fault": "delay:3600"})
    gateway.charge_bca()
    assert gateway.notifications()[0]["state"] == "waiting"

    gateway.advance(hours=1)

    receiver.wait_for(1)


def test_a_notice_can_arrive_before_the_answer(gateway: Gateway, receiver: Receiver) -> None:
    gateway.faults({"operation": "webhook", "fault": "before_response"})

    gateway.charge(method=GOPAY)

    assert receiver.statuses == ["pending"]


def test_a_notice_can_be_kept_back_on_command(gateway: Gateway) -> None:
    gateway.charge_bca()

    gateway.event("pay", notify=False)

    assert [each["transaction_status"] for each in gateway.notifications()] == ["pending"]


def test_a_notice_can_be_sent_again_by_hand(gateway: Gateway, receiver: Receiver) -> None:
    gateway.charge_bca()
    receiver.wait_for(1)

    gateway.http.post("/_simulator/notifications/1/resend").raise_for_status()

    first, second = receiver.wait_for(2)
    assert first == second


def test_the_dashboards_test_is_rightly_signed_and_of_no_transaction(
    gateway: Gateway, receiver: Receiver
) -> None:
    gateway.http.post("/_simulator/notifications/test").raise_for_status()

    (sample,) = receiver.wait_for(1)
    text = sample["order_id"] + sample["status_code"] + sample["gross_amount"] + SERVER_KEY
    assert sample["signature_key"] == hashlib.sha512(text.encode()).hexdigest()
    assert gateway.status(sample["transaction_id"])["status_code"] == "404"


def test_the_list_of_notices_can_be_read_in_pages(gateway: Gateway) -> None:
    for number in range(5):
        gateway.charge_bca(f"SKT-{number}~1")

    seen, after = [], 0
    while after is not None:
        query = {"limit": 2, "after": after}
        page = gateway.http.get("/_simulator/notifications", params=query).json()
        seen.append([each["id"] for each in page["notifications"]])
        after = page["next"]

    assert seen == [[1, 2], [3, 4], [5]]


def test_a_page_of_notices_needs_numbers(gateway: Gateway) -> None:
    response = gateway.http.get("/_simulator/notifications", params={"limit": "all"})

    assert response.status_code == 400
