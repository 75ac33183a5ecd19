import pytest

from tests.simulator.gateway import BCA, GOPAY, Gateway, order
from tests.simulator.receiver import Receiver


@pytest.mark.parametrize(
    ("wording", "message"),
    [
        ("current", "Transaction doesn't exist."),
        ("other", "The requested resource is not found"),
    ],
)
def test_a_missing_transaction_is_told_in_either_wording(
    gateway: Gateway, wording: str, message: str
) -> None:
    gateway.behave(wording=wording)

    answer = gateway.status()

    assert (answer["status_code"], answer["status_message"]) == ("404", message)


@pytest.mark.parametrize(
    ("method", "message"),
    [(BCA, "Success, transaction has expired"), (GOPAY, "Success, transaction is expired")],
)
def test_two_ages_of_the_gateway_say_expired_in_two_ways(
    gateway: Gateway, method: dict[str, object], message: str
) -> None:
    gateway.charge(method=method)

    assert gateway.act("expire")["status_message"] == message


def test_messages_can_come_in_indonesian(gateway: Gateway) -> None:
    gateway.behave(language="id")

    core = gateway.post("/v2/charge", order(amount=0) | BCA)
    snap = gateway.open_snap(transaction_details={"gross_amount": 1})

    assert core["validation_messages"] == [
        "transaction_details.gross_amount harus sama atau lebih besar dari 0.01"
    ]
    assert snap["error_messages"] == ["transaction_details.order_id wajib diisi"]


def test_unknown_fields_can_turn_up_anywhere(gateway: Gateway, receiver: Receiver) -> None:
    gateway.behave(extra_fields=True)

    charged = gateway.charge_bca()

    assert "simulator_new_object" in charged
    assert "simulator_new_object" in gateway.status()
    assert "simulator_new_object" in receiver.wait_for(1)[0]
