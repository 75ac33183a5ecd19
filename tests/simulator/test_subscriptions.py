from collections.abc import Callable

import pytest

from tests.simulator.gateway import Document, Gateway
from tests.simulator.receiver import Receiver

PATH = "/v1/subscriptions"
MONTHLY: Document = {
    "name": "Club",
    "amount": "17000",
    "currency": "IDR",
    "payment_type": "credit_card",
    "token": "dummy",
    "schedule": {"interval": 1, "interval_unit": "month", "max_interval": "3"},
    "metadata": {"club": "deck"},
}


@pytest.fixture
def noon(gateway: Gateway) -> Gateway:
    """The simulator on the last day of a month."""
    gateway.put("clock", now="2027-01-31T12:00:00+07:00")
    return gateway


@pytest.fixture
def subscribe(gateway: Gateway) -> Callable[..., str]:
    """Subscribe as MONTHLY says, but for these changes; gives the id."""

    def create(**changes: object) -> str:
        made: str = gateway.post(PATH, MONTHLY | changes)["id"]
        return made

    return create


def test_a_subscription_is_described_with_its_schedule(noon: Gateway) -> None:
    made = noon.post(PATH, MONTHLY)

    assert (made["status"], made["amount"], made["metadata"]) == (
        "active",
        "17000",
        {"club": "deck"},
    )
    assert made["schedule"] == {
        "interval": 1,
        "current_interval": 0,
        "max_interval": 3,
        "interval_unit": "month",
        "start_time": "2027-01-31 12:00:00",
        "next_execution_at": "2027-02-28 12:00:00",
    }
    assert noon.http.get(f"{PATH}/{made['id']}").json() == made


def test_it_charges_its_token_until_its_last_interval(
    noon: Gateway, subscribe: Callable[..., str], receiver: Receiver
) -> None:
    noon.behave(recurring_notify_url=f"{receiver.url}/recurring")
    made = subscribe(token=noon.register_card()["saved_token_id"])

    noon.advance(days=120)

    paid = noon.transactions()
    assert [each["transaction_status"] for each in paid] == ["settlement"] * 3
    assert all(len(each["order_id"]) == len("Club") + 32 for each in paid)
    assert noon.http.get(f"{PATH}/{made}").json()["status"] == "inactive"
    notices = receiver.wait_for(6)
    assert {each["subscription_id"] for each in notices} == {made}
    assert {path.removeprefix(receiver.path) for path in receiver.paths} == {"/recurring"}


def test_a_denied_payment_is_tried_again_as_often_as_asked(
    noon: Gateway, subscribe: Callable[..., str]
) -> None:
    retry = {"interval": 1, "interval_unit": "day", "max_interval": 2}
    token = noon.register_card("4911111111111113")["saved_token_id"]
    subscribe(token=token, retry_schedule=retry)

    noon.advance(days=40)

    assert [each["transaction_status"] for each in noon.transactions()] == ["deny"] * 3


def test_an_unknown_token_is_found_out_when_it_is_charged(
    noon: Gateway, subscribe: Callable[..., str]
) -> None:
    subscribe()

    noon.advance(days=31)

    assert [each["transaction_status"] for each in noon.transactions()] == ["deny"]


def test_a_disabled_one_charges_nothing_until_it_is_enabled(
    noon: Gateway, subscribe: Callable[..., str]
) -> None:
    made = subscribe()

    assert noon.post(f"{PATH}/{made}/disable", {}) == {"status_message": "Subscription is updated."}
    noon.advance(days=60)
    assert noon.transactions() == []

    noon.post(f"{PATH}/{made}/enable", {})
    noon.advance(days=31)
    assert len(noon.transactions()) == 1


def test_a_cancelled_one_is_over_for_good(noon: Gateway, subscribe: Callable[..., str]) -> None:
    made = subscribe()
    noon.post(f"{PATH}/{made}/cancel", {})

    response = noon.http.post(f"{PATH}/{made}/enable")

    assert response.status_code == 412
    assert noon.http.get(f"{PATH}/{made}").json()["status"] == "inactive"


def test_a_change_leaves_what_it_does_not_name(
    noon: Gateway, subscribe: Callable[..., str]
) -> None:
    made = subscribe()

    noon.http.patch(f"{PATH}/{made}", json={"amount": "21000", "schedule": {"interval": 2}})

    changed = noon.http.get(f"{PATH}/{made}").json()
    assert (changed["amount"], changed["name"]) == ("21000", "Club")
    assert (changed["schedule"]["interval"], changed["schedule"]["interval_unit"]) == (2, "month")


@pytest.mark.parametrize(
    ("verb", "path"), [("GET", ""), ("PATCH", ""), ("POST", "/disable"), ("POST", "/enable")]
)
def test_one_that_is_not_there_is_a_real_404(gateway: Gateway, verb: str, path: str) -> None:
    response = gateway.http.request(verb, f"{PATH}/nobody{path}", json={})

    assert response.status_code == 404
    assert response.json() == {"status_message": "Subscription doesn't exist."}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"amount": 0}, "subscription.amount must be between 0.01 - 99999999999.00"),
        ({"name": "x" * 41}, "subscription.name is too long (maximum is 40 characters)"),
        ({"token": None}, "subscription.token is required"),
        ({"currency": "USD"}, "subscription.currency is not supported"),
        ({"payment_type": "qris"}, "subscription.payment_type is not supported"),
        ({"schedule": {"interval": 0}}, "subscription.schedule.interval must be greater than 0"),
        (
            {"schedule": {"interval_unit": "year"}},
            "subscription.schedule.interval_unit is invalid",
        ),
        (
            {"schedule": {"start_time": "soon"}},
            "subscription.schedule.start_time format is invalid",
        ),
    ],
)
def test_bad_input_is_a_real_400(gateway: Gateway, changes: Document, message: str) -> None:
    response = gateway.http.post(PATH, json=MONTHLY | changes)

    assert response.status_code == 400
    assert response.json() == {
        "status_message": "Invalid parameter.",
        "validation_messages": [message],
    }


def test_its_idempotency_key_lives_three_minutes_and_helps_no_bad_body(gateway: Gateway) -> None:
    key = {"Idempotency-Key": "club"}
    first = gateway.post(PATH, MONTHLY, **key)

    assert gateway.post(PATH, MONTHLY, **key) == first
    assert gateway.http.post(PATH, json={}, headers=key).status_code == 400
    gateway.advance(minutes=3)
    assert gateway.post(PATH, MONTHLY, **key)["id"] != first["id"]


def test_a_linked_wallet_can_be_charged_too(
    noon: Gateway, linked: str, subscribe: Callable[..., str]
) -> None:
    token = noon.account_token(linked)
    subscribe(payment_type="gopay", token=token, gopay={"account_id": linked})

    noon.advance(days=31)

    assert [each["payment_type"] for each in noon.transactions()] == ["gopay"]
    assert noon.transactions()[0]["transaction_status"] == "settlement"
    (listed,) = noon.http.get("/_simulator/subscriptions").json()["subscriptions"]
    assert listed["schedule"]["current_interval"] == 1
