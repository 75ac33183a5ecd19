import pytest

from tests.simulator.gateway import GOPAY, Document, Gateway

INDOMARET: Document = {"payment_type": "cstore", "cstore": {"store": "indomaret"}}
DANA: Document = {"payment_type": "dana"}
BSI: Document = {"payment_type": "bank_transfer", "bank_transfer": {"bank": "bsi"}}
OVO: Document = {"payment_type": "ovo", "ovo": {"payer_phone_number": "0812"}}


def test_a_paid_transaction_is_settled_and_says_when(gateway: Gateway) -> None:
    gateway.charge_bca()

    gateway.event("pay")

    status = gateway.status()
    assert (status["status_code"], status["transaction_status"]) == ("200", "settlement")
    assert "settlement_time" in status


def test_expire_answers_407_which_is_its_success(gateway: Gateway) -> None:
    gateway.charge_bca()

    expired = gateway.http.post("/v2/SKT-1~1/expire")

    assert expired.status_code == 200
    assert expired.json()["status_code"] == "407"
    assert gateway.status()["status_code"] == "407"


def test_cancel_voids_a_pending_transaction(gateway: Gateway) -> None:
    gateway.charge_bca()

    cancelled = gateway.act("cancel")

    assert (cancelled["status_code"], cancelled["transaction_status"]) == ("200", "cancel")


@pytest.mark.parametrize("operation", ["cancel", "expire", "approve", "deny"])
def test_money_that_is_there_cannot_be_undone_by_these(gateway: Gateway, operation: str) -> None:
    gateway.charge_bca()
    gateway.event("pay")

    assert gateway.act(operation)["status_code"] == "412"


@pytest.mark.parametrize(
    "operation", ["cancel", "expire", "approve", "deny", "refund", "refund/online/direct"]
)
def test_an_unknown_id_is_not_found_by_any_operation(gateway: Gateway, operation: str) -> None:
    assert gateway.act(operation, "nobody")["status_code"] == "404"


@pytest.mark.parametrize("method", [DANA, BSI, OVO], ids=["dana", "bsi", "ovo"])
def test_some_methods_cannot_be_expired_by_the_merchant(gateway: Gateway, method: Document) -> None:
    transaction_id = gateway.charge(method=method)["transaction_id"]

    assert gateway.act("expire", transaction_id)["status_code"] == "412"


def test_dana_is_known_by_its_transaction_id_only_and_speaks_in_capitals(
    gateway: Gateway,
) -> None:
    transaction_id = gateway.charge(method=DANA)["transaction_id"]

    status = gateway.status(transaction_id)

    assert (status["status_code"], status["transaction_status"]) == ("200", "PENDING")
    assert gateway.status()["status_code"] == "404"


def test_indomaret_tells_nothing_about_fraud(gateway: Gateway) -> None:
    gateway.charge(method=INDOMARET)

    gateway.event("pay")

    assert "fraud_status" not in gateway.status()


def test_an_unpaid_transaction_expires_when_its_time_is_up(gateway: Gateway) -> None:
    gateway.charge(method=GOPAY)

    gateway.advance(minutes=15)

    assert gateway.status()["transaction_status"] == "expire"


def test_the_expiry_batch_may_lag_and_money_may_come_meanwhile(gateway: Gateway) -> None:
    gateway.behave(expiry_lag_seconds=90)
    gateway.charge(method=GOPAY)
    gateway.advance(minutes=16)

    assert gateway.event("pay")["transaction_status"] == "settlement"


def test_a_path_that_nobody_serves_is_told_so_in_json(gateway: Gateway) -> None:
    response = gateway.http.post("/v2/SKT-1~1/explode")

    assert response.status_code == 404
    assert response.json()["status_code"] == "404"


def test_dana_can_be_made_known_by_its_order_id(gateway: Gateway) -> None:
    gateway.behave(dana_by_order_id=True)
    gateway.charge(method=DANA)

    assert gateway.status()["transaction_status"] == "PENDING"


def test_overdue_transactions_expire_together_in_batches(gateway: Gateway) -> None:
    gateway.behave(expiry_batch_seconds=600, expiry_lag_seconds=60)
    gateway.put("clock", now="2026-11-23T10:00:00+07:00", time_scale=0)
    gateway.charge("A~1", method=GOPAY)
    gateway.advance(minutes=2)
    gateway.charge("B~1", method=GOPAY)

    gateway.put("clock", now="2026-11-23T10:19:59+07:00")
    assert [each["transaction_status"] for each in gateway.transactions()] == ["pending"] * 2
    gateway.put("clock", now="2026-11-23T10:20:00+07:00")

    assert [each["transaction_status"] for each in gateway.transactions()] == ["expire"] * 2


def test_a_gopay_code_scanned_by_another_app_is_reported_as_qris(gateway: Gateway) -> None:
    gateway.charge(method=GOPAY)

    paid = gateway.event("pay", scanned=True)

    assert (paid["payment_type"], paid["issuer"]) == ("qris", "gopay")


def test_every_gopay_payment_can_be_made_one_by_qris(gateway: Gateway) -> None:
    gateway.behave(gopay_scanned_as_qris=True)
    gateway.charge(method=GOPAY)

    assert gateway.event("pay")["payment_type"] == "qris"


@pytest.mark.parametrize(
    ("method", "chosen"),
    [
        ({"payment_type": "bank_transfer", "bank_transfer": {"bank": "permata"}}, "va_number"),
        ({"payment_type": "echannel", "echannel": {"bill_info1": "a"}}, "bill_key"),
    ],
)
def test_bills_of_a_chosen_number_are_listed_newest_first(
    gateway: Gateway, method: Document, chosen: str
) -> None:
    section = method["payment_type"]
    wanted = method | {section: method[section] | {chosen: "1234567890"}}
    first = gateway.charge(method=wanted)["transaction_id"]
    gateway.act("expire")
    second = gateway.charge(method=wanted)["transaction_id"]

    listed = gateway.http.get("/v2/SKT-1~1/status/b2b").json()
    page = gateway.http.get("/v2/SKT-1~1/status/b2b", params={"page": 1, "per_page": 1}).json()

    assert listed["status_message"] == "Success, transactions are retrieved"
    assert [each["transaction_id"] for each in listed["transactions"]] == [second, first]
    assert [each["transaction_id"] for each in page["transactions"]] == [first]


def test_other_orders_are_no_b2b_ones(gateway: Gateway) -> None:
    gateway.charge(method=GOPAY)

    assert gateway.http.get("/v2/SKT-1~1/status/b2b").json()["status_code"] == "404"


@pytest.mark.parametrize(("bank", "paid"), [("bni", ["44000.00"]), ("bca", [])])
def test_bni_lists_what_was_paid_and_other_banks_nothing(
    gateway: Gateway, bank: str, paid: list[str]
) -> None:
    transfer = {"payment_type": "bank_transfer", "bank_transfer": {"bank": bank}}
    gateway.charge(method=transfer)

    gateway.event("pay")

    assert [each["amount"] for each in gateway.status()["payment_amounts"]] == paid
