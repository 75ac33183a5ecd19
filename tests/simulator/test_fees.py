import hashlib

import pytest

from tests.simulator.gateway import BCA, QRIS, SERVER_KEY, Document, Gateway, order
from tests.simulator.receiver import Receiver


def test_the_customer_pays_the_fee_and_every_signature_is_over_the_new_amount(
    gateway: Gateway, receiver: Receiver
) -> None:
    gateway.behave(customer_fee_percentage=100)

    charged = gateway.post("/v2/charge", order(amount=100_000) | QRIS)

    assert charged["gross_amount"] == "100705.00"
    assert charged["metadata"]["extra_info"]["gross_amount_info"] == {
        "original_amount": "100000.00",
        "gross_amount": "100705.00",
        "customer_imposed_payment_fee": "705.00",
    }
    (notice,) = receiver.wait_for(1)
    text = f"SKT-1~1201100705.00{SERVER_KEY}"
    assert notice["signature_key"] == hashlib.sha512(text.encode()).hexdigest()
    assert gateway.status()["gross_amount"] == "100705.00"


def test_the_original_amount_can_stand_at_the_top(gateway: Gateway) -> None:
    gateway.behave(customer_fee_percentage=100, extra_info_at_top_level=True)

    charged = gateway.charge_bca(metadata={"deck": 8})

    assert charged["metadata"] == {"deck": 8}
    assert charged["extra_info"]["gross_amount_info"]["original_amount"] == "44000.00"


@pytest.mark.parametrize(
    ("fee", "amount"),
    [
        ({"enable": True, "payment_fee_configs": []}, "44000.00"),
        ({"enable": False}, "44000.00"),
        (
            {
                "enable": True,
                "payment_fee_configs": [
                    {"payment_type": "bank_transfer", "customer_percentage": 50}
                ],
            },
            "46000.00",
        ),
    ],
)
def test_a_request_says_which_share_the_customer_pays(
    gateway: Gateway, fee: Document, amount: str
) -> None:
    gateway.behave(customer_fee_percentage=100)
    gateway.open_snap(customer_imposed_payment_fee=fee)

    paid = gateway.event("pay", method="bca_va")

    assert paid["gross_amount"] == amount
    assert paid["original_amount"] == 44_000


def test_without_a_fee_nothing_is_said_of_one(gateway: Gateway) -> None:
    assert "metadata" not in gateway.charge(method=BCA)
