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
