import httpx
import pytest

from tests.simulator.gateway import CLIENT_KEY, SERVER_KEY, Document, Gateway

ACCEPTED = "4811111111111114"
WITH_POINTS = "4617006959746656"
DETAILS = {"card_exp_month": "12", "card_exp_year": "2039"}


def test_a_registered_card_pays_with_one_click_as_often_as_wanted(gateway: Gateway) -> None:
    saved = gateway.register_card()
    assert (saved["status_code"], saved["masked_card"]) == ("200", "48111111-1114")
    assert len(saved["saved_token_id"]) == 32

    for order_id in ("A~1", "B~1"):
        card = {"token_id": saved["saved_token_id"]}
        charged = gateway.charge(
            order_id, method={"payment_type": "credit_card", "credit_card": card}
        )
        assert charged["transaction_status"] == "capture"


def test_a_saved_card_pays_with_two_clicks(gateway: Gateway) -> None:
    charged = gateway.charge_card(ACCEPTED, save_token_id=True)
    assert charged["saved_token_id_expired_at"]

    query = {"client_key": CLIENT_KEY, "token_id": charged["saved_token_id"], "card_cvv": "123"}
    token = httpx.get(f"{gateway.url}/v2/token", params=query).json()["token_id"]

    card = {"token_id": token}
    again = gateway.charge("B~1", method={"payment_type": "credit_card", "credit_card": card})
    assert again["transaction_status"] == "capture"


def test_a_card_is_saved_only_once_it_was_accepted(gateway: Gateway) -> None:
    assert "saved_token_id" not in gateway.charge_card("4911111111111113", save_token_id=True)


def test_a_card_that_has_expired_is_not_registered(gateway: Gateway) -> None:
    refused = gateway.register_card(card_exp_year="2020")

    assert refused["status_code"] == "400"
    assert refused["validation_messages"] == ["card_exp_year must be greater than this year"]


@pytest.mark.parametrize("key", [CLIENT_KEY, SERVER_KEY])
def test_card_calls_may_be_signed_with_either_key(gateway: Gateway, key: str) -> None:
    query = DETAILS | {"card_number": ACCEPTED}

    response = httpx.get(f"{gateway.url}/v2/token", params=query, auth=(key, ""))

    assert response.json()["status_code"] == "200"


def test_a_client_key_signs_nothing_else(gateway: Gateway) -> None:
    assert gateway.http.get("/v2/a/status", auth=(CLIENT_KEY, "")).status_code == 401


def test_points_are_told_and_the_token_stays_good(gateway: Gateway) -> None:
    token = gateway.card_token(WITH_POINTS)

    points = gateway.http.get(f"/v2/point_inquiry/{token}").json()

    assert points["status_message"] == "Success, Credit Card Point inquiry is successful"
    assert (points["point_balance"], points["point_balance_amount"]) == (500_000, "500000.00")
    card = {"token_id": token, "point_redeem_amount": -1}
    charged = gateway.charge(method={"payment_type": "credit_card", "credit_card": card})
    assert charged["point_redeem_amount"] == 500_000


@pytest.mark.parametrize(("number", "code"), [(ACCEPTED, "402"), ("", "411")])
def test_no_points_or_no_token_is_an_error(gateway: Gateway, number: str, code: str) -> None:
    token = gateway.card_token(number) if number else "nobody"

    assert gateway.http.get(f"/v2/point_inquiry/{token}").json()["status_code"] == code


@pytest.mark.parametrize(
    ("digits", "brand", "bank"),
    [("420191", "VISA", "BCA"), ("46170069", "VISA", "MANDIRI"), ("526422", "MASTERCARD", "BNI")],
)
def test_a_bin_names_brand_bank_and_country(
    gateway: Gateway, digits: str, brand: str, bank: str
) -> None:
    found = gateway.http.get(f"/v1/bins/{digits}").json()["data"]

    assert (found["brand"], found["bank_code"]) == (brand, bank)
    assert (found["bin"], found["country_name"]) == (digits, "INDONESIA")


def test_a_bin_is_six_to_eight_digits(gateway: Gateway) -> None:
    assert gateway.http.get("/v1/bins/12345").json()["status_code"] == "400"


@pytest.fixture
def held(gateway: Gateway) -> str:
    """A card payment whose amount is held and not taken."""
    charged = gateway.charge_card(ACCEPTED, type="authorize")
    transaction_id: str = charged["transaction_id"]
    return transaction_id


@pytest.mark.parametrize(
    ("amount", "taken"), [({}, "44000.00"), ({"gross_amount": 4_000}, "4000.00")]
)
def test_a_held_amount_is_captured_whole_or_in_part(
    gateway: Gateway, held: str, amount: Document, taken: str
) -> None:
    captured = gateway.post("/v2/capture", {"transaction_id": held} | amount)

    assert (captured["status_code"], captured["transaction_status"]) == ("200", "capture")
    assert captured["gross_amount"] == taken
    assert gateway.post("/v2/capture", {"transaction_id": held})["status_code"] == "412"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"transaction_id": "nobody", "gross_amount": 1}, "404"),
        ({}, "400"),
        ({"gross_amount": 44_001}, "400"),
    ],
)
def test_a_capture_that_cannot_be_is_refused(
    gateway: Gateway, held: str, body: Document, code: str
) -> None:
    known = {"transaction_id": held} if "gross_amount" in body else {}

    assert gateway.post("/v2/capture", known | body)["status_code"] == code


def test_a_bank_that_fails_a_capture_leaves_the_amount_held(gateway: Gateway, held: str) -> None:
    gateway.faults({"operation": "capture", "fault": "deny"})

    failed = gateway.post("/v2/capture", {"transaction_id": held})

    assert (failed["status_code"], failed["transaction_status"]) == ("202", "deny")
    assert gateway.status()["transaction_status"] == "authorize"


def test_instalments_are_a_text_when_charged_and_a_number_when_read(gateway: Gateway) -> None:
    charged = gateway.charge_card(ACCEPTED, installment_term=6)

    assert charged["installment_term"] == "6"
    assert gateway.status()["installment_term"] == 6
