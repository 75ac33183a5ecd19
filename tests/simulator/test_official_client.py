import midtransclient
import pytest
from midtransclient.error_midtrans import MidtransAPIError

from tests.simulator.gateway import BCA, GOPAY, Gateway, order


def test_core_charges_reads_and_ends_transactions(
    gateway: Gateway, core: midtransclient.CoreApi
) -> None:
    charged = core.charge(order() | BCA)
    assert core.transactions.status("SKT-1~1")["transaction_id"] == charged["transaction_id"]
    assert core.transactions.cancel("SKT-1~1")["transaction_status"] == "cancel"

    core.charge(order() | GOPAY)
    assert core.transactions.expire("SKT-1~1")["status_code"] == "407"

    with pytest.raises(MidtransAPIError) as refusal:
        core.transactions.expire("SKT-1~1")
    assert refusal.value.http_status_code == 200
    assert refusal.value.api_response_dict["status_code"] == "412"


def test_core_refunds(gateway: Gateway, core: midtransclient.CoreApi) -> None:
    core.charge(order() | GOPAY)
    gateway.event("pay")

    part = core.transactions.refund("SKT-1~1", {"refund_key": "a", "amount": 4_000})
    rest = core.transactions.refundDirect("SKT-1~1", {"refund_key": "b"})

    assert part["transaction_status"] == "partial_refund"
    assert rest["transaction_status"] == "refund"


def test_core_takes_cards_and_judges_challenges(
    gateway: Gateway, core: midtransclient.CoreApi
) -> None:
    card = {
        "card_number": "4511 1111 1111 1117",
        "card_cvv": "123",
        "card_exp_month": "12",
        "card_exp_year": "2039",
        "client_key": core.api_config.client_key,
    }
    token = core.card_token(card)["token_id"]

    core.charge(order() | {"payment_type": "credit_card", "credit_card": {"token_id": token}})

    assert core.transactions.approve("SKT-1~1")["fraud_status"] == "accept"


def test_core_reads_a_notification(gateway: Gateway, core: midtransclient.CoreApi) -> None:
    core.charge(order() | BCA)

    notice = gateway.notifications()[0]["body"]

    assert core.transactions.notification(notice)["transaction_status"] == "pending"


def test_snap_opens_sessions(gateway: Gateway, snap: midtransclient.Snap) -> None:
    created = snap.create_transaction(order())

    assert created["redirect_url"].endswith(created["token"])
    with pytest.raises(MidtransAPIError) as refusal:
        snap.transactions.status("SKT-1~1")
    assert refusal.value.api_response_dict["status_code"] == "404"
    gateway.event("pay", method="gopay")
    with pytest.raises(MidtransAPIError) as refusal:
        snap.create_transaction(order())
    assert refusal.value.http_status_code == 400


def test_core_captures_what_was_held(gateway: Gateway, core: midtransclient.CoreApi) -> None:
    held = gateway.charge_card("4811111111111114", type="authorize")

    captured = core.capture({"transaction_id": held["transaction_id"], "gross_amount": 40_000})

    assert captured["transaction_status"] == "capture"
    with pytest.raises(MidtransAPIError) as refusal:
        core.capture({"transaction_id": "DUMMY", "gross_amount": 10_000})
    assert "404" in refusal.value.message


def test_core_denies_challenges_and_lists_b2b_bills(
    gateway: Gateway, core: midtransclient.CoreApi
) -> None:
    gateway.charge_card("5510111111111115")
    assert core.transactions.deny("SKT-1~1")["fraud_status"] == "deny"

    transfer = {"bank": "permata", "va_number": "1234567890"}
    core.charge(order() | {"payment_type": "bank_transfer", "bank_transfer": transfer})
    assert len(core.transactions.statusb2b("SKT-1~1")["transactions"]) == 1


def test_core_registers_cards_and_asks_for_points(core: midtransclient.CoreApi) -> None:
    card = {
        "card_number": "5264 2210 3887 4659",
        "card_cvv": "123",
        "card_exp_month": "12",
        "card_exp_year": "2039",
        "client_key": core.api_config.client_key,
    }

    saved = core.card_register(card)
    points = core.card_point_inquiry(core.card_token(card)["token_id"])

    one_click = {
        "payment_type": "credit_card",
        "credit_card": {"token_id": saved["saved_token_id"]},
    }
    assert core.charge(order() | one_click)["transaction_status"] == "capture"
    assert isinstance(points["point_balance_amount"], str)


def test_core_links_reads_and_unlinks_accounts(core: midtransclient.CoreApi, linked: str) -> None:
    partner = {"phone_number": "81212345678", "country_code": "62"}
    waiting = core.link_payment_account({"payment_type": "gopay", "gopay_partner": partner})

    assert waiting["account_status"] == "PENDING"
    assert core.get_payment_account(linked)["account_status"] == "ENABLED"
    assert core.unlink_payment_account(linked)["account_status"] == "DISABLED"
    with pytest.raises(MidtransAPIError) as refusal:
        core.unlink_payment_account(waiting["account_id"])
    assert "Account status cannot be updated." in refusal.value.message


def test_core_keeps_subscriptions(core: midtransclient.CoreApi) -> None:
    monthly = {
        "name": "SUBS-PY",
        "amount": "100000",
        "currency": "IDR",
        "payment_type": "credit_card",
        "token": "436502qFfqfAQKScMtPRPdZDOaeg7199",
        "schedule": {"interval": 1, "interval_unit": "day", "max_interval": 7},
    }
    made = core.create_subscription(monthly)["id"]

    core.disable_subscription(made)
    assert core.get_subscription(made)["status"] == "inactive"
    core.enable_subscription(made)
    core.update_subscription(made, {"amount": "50000"})

    assert core.get_subscription(made)["amount"] == "50000"
    with pytest.raises(MidtransAPIError) as refusal:
        core.get_subscription("123")
    assert refusal.value.http_status_code == 404


@pytest.mark.parametrize(
    ("call", "code", "words"),
    [
        ("charge", "500", "unexpected"),
        ("create_subscription", "400", "Bad request"),
    ],
)
def test_core_gets_an_error_for_nothing_at_all(
    core: midtransclient.CoreApi, call: str, code: str, words: str
) -> None:
    with pytest.raises(MidtransAPIError) as refusal:
        getattr(core, call)(None)

    assert code in refusal.value.message
    assert words in refusal.value.message


def test_snap_gets_an_error_for_nothing_at_all(snap: midtransclient.Snap) -> None:
    with pytest.raises(MidtransAPIError) as refusal:
        snap.create_transaction(None)

    assert refusal.value.http_status_code == 400
    assert "is required" in refusal.value.message


def test_the_snap_shortcuts_give_token_and_address(snap: midtransclient.Snap) -> None:
    token = snap.create_transaction_token(order())
    address = snap.create_transaction_redirect_url(order())

    assert len(token) == 36
    assert address.startswith("http")
    assert token not in address, "asking again makes a new session"
