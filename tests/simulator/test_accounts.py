import hashlib

import pytest

from tests.simulator.gateway import SERVER_KEY, Document, Gateway
from tests.simulator.receiver import Receiver


def test_a_link_waits_until_the_customer_allows_it(gateway: Gateway) -> None:
    linked = gateway.link_account(81212345678)
    assert (linked["status_code"], linked["account_status"]) == ("201", "PENDING")
    path = f"/v2/pay/account/{linked['account_id']}"
    assert gateway.http.get(path).json()["status_code"] == "201"

    gateway.browser.post(linked["actions"][0]["url"], data={"action": "link"})

    account = gateway.http.get(path).json()
    assert (account["status_code"], account["account_status"]) == ("200", "ENABLED")
    wallet = account["metadata"]["payment_options"][0]
    assert wallet["balance"] == {"value": "1000000.00", "currency": "IDR"}


@pytest.mark.parametrize(
    ("phone", "message"),
    [("123450001", "User Not Found"), ("123450002", "Wallet is Blocked")],
)
def test_the_sandbox_has_customers_who_cannot_be_linked(
    gateway: Gateway, phone: str, message: str
) -> None:
    refused = gateway.link_account(phone)

    assert (refused["status_code"], refused["channel_response_message"]) == ("202", message)


def test_a_phone_number_has_no_leading_zero(gateway: Gateway) -> None:
    refused = gateway.link_account("081212345678")

    assert refused["validation_messages"] == [
        "gopay_partner.phone_number must be numeric digits and must not begin with 0"
    ]


def test_only_an_enabled_account_can_be_unbound(gateway: Gateway, linked: str) -> None:
    path = f"/v2/pay/account/{linked}/unbind"
    waiting = gateway.link_account()["account_id"]

    assert gateway.post(path, {})["status_code"] == "204"

    refused = gateway.post(path, {})
    assert (refused["status_code"], refused["status_message"]) == (
        "412",
        "Account status cannot be updated.",
    )
    assert gateway.post(f"/v2/pay/account/{waiting}/unbind", {})["status_code"] == "412"
    unknown = gateway.post("/v2/pay/account/nobody/unbind", {})
    assert (unknown["status_code"], unknown["status_message"]) == ("404", "Account doesn't exist.")


def test_linking_and_unlinking_are_told_at_an_address_of_their_own(
    gateway: Gateway, receiver: Receiver
) -> None:
    gateway.behave(account_notify_url=f"{receiver.url}/accounts")
    linked = gateway.link_account()["account_id"]

    gateway.http.post(f"/_simulator/accounts/{linked}/link").raise_for_status()
    receiver.wait_for(1)
    gateway.post(f"/v2/pay/account/{linked}/unbind", {})

    enabled, disabled = receiver.wait_for(2)
    assert (enabled["account_status"], enabled["status_code"]) == ("ENABLED", "200")
    assert enabled["status_message"] == "Midtrans account_linked notification"
    assert (disabled["account_status"], disabled["status_code"]) == ("DISABLED", "204")
    signed = hashlib.sha512(f"{linked}DISABLED204{SERVER_KEY}".encode()).hexdigest()
    assert disabled["signature_key"] == signed
    assert {path.removeprefix(receiver.path) for path in receiver.paths} == {"/accounts"}


def test_a_linked_wallet_pays_at_once(gateway: Gateway, linked: str) -> None:
    charged = gateway.charge_account(linked)

    assert (charged["status_code"], charged["transaction_status"]) == ("200", "settlement")
    assert charged["status_message"] == "Success, GoPay transaction is successful"
    assert charged["payment_option_type"] == "GOPAY_WALLET"


@pytest.mark.parametrize(("recurring", "code"), [(False, "201"), (True, "200")])
def test_a_larger_amount_is_verified_by_the_customer_unless_it_recurs(
    gateway: Gateway, linked: str, *, recurring: bool, code: str
) -> None:
    gateway.behave(gopay_verifies_above=40_000)

    charged = gateway.charge_account(linked, recurring=recurring)

    assert charged["status_code"] == code
    names = [action["name"] for action in charged.get("actions", [])]
    assert names == ([] if recurring else ["verification-link-url", "verification-link-app"])


def test_a_wallet_without_the_balance_denies(gateway: Gateway, linked: str) -> None:
    gateway.http.put(f"/_simulator/accounts/{linked}", json={"GOPAY_WALLET": 1_000})

    charged = gateway.charge_account(linked)

    assert (charged["status_code"], charged["transaction_status"]) == ("202", "deny")
    assert charged["channel_response_message"] == "Insufficient Balance"


@pytest.mark.parametrize(
    ("change", "code"),
    [({"account_id": "nobody"}, "404"), ({"payment_option_token": "stale"}, "400")],
)
def test_an_unknown_account_or_token_is_refused(
    gateway: Gateway, linked: str, change: Document, code: str
) -> None:
    assert gateway.charge_account(linked, **change)["status_code"] == code


def test_an_unlinked_account_pays_no_more(gateway: Gateway, linked: str) -> None:
    given = gateway.account_token(linked)
    gateway.post(f"/v2/pay/account/{linked}/unbind", {})

    gopay = {"account_id": linked, "payment_option_token": given}
    charged = gateway.charge(method={"payment_type": "gopay", "gopay": gopay})

    assert charged["status_code"] == "412"


@pytest.mark.parametrize(
    ("path", "code"), [("{id}/explode", 404), ("nobody/link", 404), ("{id}/link", 409)]
)
def test_an_account_event_that_cannot_be_says_why(
    gateway: Gateway, linked: str, path: str, code: int
) -> None:
    response = gateway.http.post(f"/_simulator/accounts/{path.format(id=linked)}")

    assert response.status_code == code
    assert response.json()["error"]
