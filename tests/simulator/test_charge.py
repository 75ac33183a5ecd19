import pytest

from tests.simulator.gateway import BCA, GOPAY, OTHER_SERVER_KEY, QRIS, Document, Gateway, order
from tests.simulator.receiver import Receiver

BNI: Document = {"payment_type": "bank_transfer", "bank_transfer": {"bank": "bni"}}


@pytest.mark.parametrize(
    ("method", "members"),
    [
        (BCA, {"va_numbers", "fraud_status"}),
        (BNI, {"va_numbers"}),
        ({"payment_type": "bank_transfer", "bank_transfer": {"bank": "bri"}}, {"va_numbers"}),
        ({"payment_type": "bank_transfer", "bank_transfer": {"bank": "cimb"}}, {"va_numbers"}),
        ({"payment_type": "bank_transfer", "bank_transfer": {"bank": "danamon"}}, {"va_numbers"}),
        ({"payment_type": "bank_transfer", "bank_transfer": {"bank": "bsi"}}, {"va_numbers"}),
        (
            {"payment_type": "bank_transfer", "bank_transfer": {"bank": "permata"}},
            {"permata_va_number"},
        ),
        (
            {"payment_type": "echannel", "echannel": {"bill_info1": "a", "bill_info2": "b"}},
            {"bill_key", "biller_code"},
        ),
        (QRIS, {"qr_string", "acquirer", "actions"}),
        (GOPAY, {"actions", "channel_response_code"}),
        ({"payment_type": "shopeepay"}, {"actions"}),
        ({"payment_type": "dana"}, {"actions"}),
        ({"payment_type": "ovo", "ovo": {"payer_phone_number": "0812"}}, {"payer_phone_number"}),
        ({"payment_type": "cstore", "cstore": {"store": "indomaret"}}, {"payment_code", "store"}),
        ({"payment_type": "cstore", "cstore": {"store": "alfamart"}}, {"payment_code", "store"}),
        ({"payment_type": "akulaku"}, {"redirect_url"}),
        ({"payment_type": "kredivo"}, {"redirect_url"}),
    ],
)
def test_every_method_opens_a_pending_transaction_with_its_instructions(
    gateway: Gateway, method: Document, members: set[str]
) -> None:
    charged = gateway.charge(method=method)

    assert charged["status_code"] == "201"
    assert charged["transaction_status"] == "pending"
    assert charged["gross_amount"] == "44000.00"
    assert members <= charged.keys()


def test_an_unknown_key_is_told_so_before_anything_else_is_looked_at(gateway: Gateway) -> None:
    response = gateway.http.post("/v2/charge", content=b"not json", auth=("nobody", ""))

    assert response.status_code == 401
    assert response.json()["status_code"] == "401"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"payment_type": "gopay"}, "transaction_details.order_id is required"),
        (order("x" * 51) | GOPAY, "transaction_details.order_id is too long"),
        (order(amount=None) | GOPAY, "transaction_details.gross_amount is required"),
        (order(amount="lots") | GOPAY, "transaction_details.gross_amount is not a number"),
        (order(amount=0) | GOPAY, "must be equal or greater than 0.01"),
        (order(amount=10.5) | GOPAY, "must not have decimals"),
        (
            order() | GOPAY | {"item_details": [{"name": "a", "price": 1, "quantity": 2}]},
            "gross_amount is not equal to the sum of item_details",
        ),
        (order(), "payment_type is required"),
        (order() | {"payment_type": "barter"}, "barter is not a supported payment type"),
        (order() | {"payment_type": "cstore"}, "cstore.store is required"),
        (
            order() | GOPAY | {"item_details": [{"name": "a" * 51, "price": 1, "quantity": 1}]},
            "item_details.name is too long (maximum is 50 characters)",
        ),
        (
            order() | GOPAY | {"custom_field1": "a" * 256},
            "custom_field1 is too long (maximum is 255 characters)",
        ),
        (
            order() | BNI | {"customer_details": {"phone": "62812345678"}},
            "customer_details.phone format is invalid",
        ),
        (
            order()
            | {"payment_type": "cstore", "cstore": {"store": "indomaret", "message": "a" * 21}},
            "cstore.message is too long (maximum is 20 characters)",
        ),
        (
            order()
            | {"payment_type": "dana"}
            | {"custom_expiry": {"expiry_duration": 14, "unit": "minute"}},
            "custom_expiry.expiry_duration is out of the range",
        ),
        (
            order() | GOPAY | {"customer_details": {"email": "a..b@example.com"}},
            "customer_details.email format is invalid",
        ),
        (
            order() | GOPAY | {"custom_expiry": {"expiry_duration": 19, "unit": "second"}},
            "custom_expiry.expiry_duration is out of the range",
        ),
    ],
)
def test_bad_input_names_the_field_and_the_rule(
    gateway: Gateway, body: Document, message: str
) -> None:
    response = gateway.http.post("/v2/charge", json=body)

    assert (response.status_code, response.json()["status_code"]) == (400, "400")
    assert message in response.json()["validation_messages"][0]


@pytest.mark.parametrize(("real", "code"), [(False, 200), (True, 406)])
def test_an_order_id_in_use_is_refused_in_the_body_or_by_http_code(
    gateway: Gateway, *, real: bool, code: int
) -> None:
    gateway.behave(http_status_codes=real)
    gateway.charge_bca()

    again = gateway.http.post("/v2/charge", json=order() | GOPAY)

    assert again.status_code == code
    assert again.json()["status_code"] == "406"


@pytest.mark.parametrize("operation", ["expire", "cancel"])
def test_an_order_id_is_free_again_once_its_pending_transaction_has_ended(
    gateway: Gateway, operation: str
) -> None:
    first = gateway.charge_bca()
    gateway.act(operation)

    second = gateway.charge(method=GOPAY)

    assert second["status_code"] == "201"
    assert second["transaction_id"] != first["transaction_id"]
    assert gateway.status()["transaction_id"] == second["transaction_id"]


def test_merchants_do_not_see_each_other(gateway: Gateway) -> None:
    charged = gateway.charge_bca()

    other = gateway.http.get(f"/v2/{charged['transaction_id']}/status", auth=(OTHER_SERVER_KEY, ""))

    assert other.json()["status_code"] == "404"


def test_numbers_may_come_as_strings_and_order_ids_as_numbers(gateway: Gateway) -> None:
    charged = gateway.post("/v2/charge", order(12345, "44000") | BCA)  # type: ignore[arg-type]  # the leniency under test

    assert charged["order_id"] == "12345"
    assert charged["gross_amount"] == "44000.00"


def test_what_the_merchant_sends_along_comes_back_everywhere(gateway: Gateway) -> None:
    extra: Document = {"custom_field1": "nonce", "custom_field3": "c", "metadata": {"deck": 8}}

    charged = gateway.charge_bca(**extra)

    assert extra.items() <= charged.items()
    assert extra.items() <= gateway.status().items()
    assert extra.items() <= gateway.notifications()[0]["body"].items()


def test_a_custom_expiry_counts_from_its_order_time(gateway: Gateway) -> None:
    gateway.put("clock", now="2026-11-23T10:00:00+07:00")

    charged = gateway.charge_bca(
        custom_expiry={
            "order_time": "2026-11-23 09:59:00 +0700",
            "expiry_duration": 5,
            "unit": "minute",
        }
    )

    assert charged["expiry_time"] == "2026-11-23 10:04:00"


@pytest.mark.parametrize(
    ("wanted", "given"),
    [("123", "8127800000000123"), ("1234567890123", "8127812345678901")],
)
def test_a_wanted_va_number_is_padded_or_cut(gateway: Gateway, wanted: str, given: str) -> None:
    transfer = {"bank": "bca", "va_number": wanted}

    charged = gateway.charge(method={"payment_type": "bank_transfer", "bank_transfer": transfer})

    assert charged["va_numbers"] == [{"bank": "bca", "va_number": given}]


def test_a_disabled_method_is_refused_with_402(gateway: Gateway) -> None:
    gateway.behave(disabled_methods=["gopay"])

    assert gateway.charge(method=GOPAY)["status_code"] == "402"


def test_a_body_over_sixteen_kilobytes_is_refused(gateway: Gateway) -> None:
    answer = gateway.charge_bca(metadata={"x": "y" * 16_000})

    assert answer["status_code"] == "413"


def test_order_ids_of_the_clients_own_tests_are_taken_unless_forbidden(gateway: Gateway) -> None:
    assert gateway.charge_bca("py-test 10:00:00")["status_code"] == "201"
    gateway.behave(enforce_order_id_symbols=True)

    refused = gateway.charge_bca("py-test 11:00:00")

    assert refused["validation_messages"] == ["transaction_details.order_id format is invalid"]


def test_a_transfer_to_no_named_bank_is_one_to_permata(gateway: Gateway) -> None:
    charged = gateway.charge(method={"payment_type": "bank_transfer"})

    assert charged["status_message"] == "Success, PERMATA VA transaction is successful"


def test_a_store_may_be_written_with_a_capital(gateway: Gateway) -> None:
    charged = gateway.charge(method={"payment_type": "cstore", "cstore": {"store": "Indomaret"}})

    assert charged["store"] == "indomaret"


@pytest.mark.parametrize(("raw", "code"), [(b"null", 500), (b"", 400)])
def test_a_charge_of_nothing_is_an_error_of_one_or_the_other_kind(
    gateway: Gateway, raw: bytes, code: int
) -> None:
    response = gateway.http.post("/v2/charge", content=raw)

    assert response.status_code == code


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (GOPAY, "GO-PAY transaction is rejected"),
        ({"payment_type": "shopeepay"}, "ShopeePay transaction is rejected"),
    ],
)
def test_a_provider_can_deny_at_creation(
    gateway: Gateway, receiver: Receiver, method: Document, message: str
) -> None:
    gateway.faults({"operation": "charge", "fault": "deny", "nth": 1})

    denied = gateway.charge(method=method)

    assert (denied["status_code"], denied["transaction_status"]) == ("202", "deny")
    assert (denied["status_message"], denied["channel_response_code"]) == (message, "900")
    assert receiver.wait_for(1)[0]["status_code"] == "202"
    assert gateway.charge(method=method)["status_code"] == "201"


def test_a_method_can_be_disabled_for_one_merchant(gateway: Gateway) -> None:
    gateway.behave(disabled_methods=["G000000002:gopay"])

    other = gateway.http.post(
        "/v2/charge", json=order() | GOPAY, auth=(OTHER_SERVER_KEY, "")
    ).json()

    assert other["status_code"] == "402"
    assert gateway.charge(method=GOPAY)["status_code"] == "201"


@pytest.mark.parametrize(("amount", "code"), [(9_999, "400"), (10_000, "201")])
def test_amount_limits_hold_where_they_are_enforced(
    gateway: Gateway, amount: int, code: str
) -> None:
    gateway.behave(enforce_amount_limits=True)

    assert gateway.post("/v2/charge", order(amount=amount) | BCA)["status_code"] == code


def test_a_body_that_is_no_json_is_refused(gateway: Gateway) -> None:
    response = gateway.http.post("/v2/charge", content=b"{")

    assert response.json()["status_code"] == "413"


def test_ovo_waits_sixty_five_seconds_whatever_is_asked(gateway: Gateway) -> None:
    gateway.put("clock", now="2026-11-23T10:00:00+07:00", time_scale=0)
    ovo: Document = {"payment_type": "ovo", "ovo": {"payer_phone_number": "0812"}}

    charged = gateway.charge(method=ovo, custom_expiry={"expiry_duration": 60})

    assert charged["expiry_time"] == "2026-11-23 10:01:05"


def test_an_ovo_customer_who_is_not_there_is_an_error(gateway: Gateway) -> None:
    ovo: Document = {"payment_type": "ovo", "ovo": {"payer_phone_number": "081000000099"}}

    refused = gateway.charge(method=ovo)

    assert refused["status_code"] == "404"
    assert refused["status_message"] == "User with requested phone number doesn't exist"
