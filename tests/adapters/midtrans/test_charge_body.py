"""What is sent to open a charge (fact sheet §2.1, §3.2, §3.3)."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.midtrans.charge_body import BODY_LENGTH_MAX, charge_headers, core_body, snap_body
from payments.gateway import Charge
from payments.methods import PaymentMethod
from payments.request import LineItem, Locale

NOON = datetime(2026, 11, 23, 5, 0, 0, 250_000, tzinfo=UTC)  # 12:00:00.25 WIB


@pytest.fixture
def noon_charge(charge: Charge) -> Charge:
    return replace(charge, accepted_at=NOON, expires_at=NOON + timedelta(minutes=5))


@pytest.mark.parametrize(
    ("method", "payment_type", "options"),
    [
        (PaymentMethod.BCA_VA, "bank_transfer", {"bank": "bca"}),
        (PaymentMethod.PERMATA_VA, "bank_transfer", {"bank": "permata"}),
        (PaymentMethod.MANDIRI_BILL, "echannel", {"bill_info1": "Order", "bill_info2": "SKT-1"}),
        (PaymentMethod.QRIS, "qris", {"acquirer": "gopay"}),
        (
            PaymentMethod.GOPAY,
            "gopay",
            {"enable_callback": True, "callback_url": "https://skaters.example/done"},
        ),
        (PaymentMethod.SHOPEEPAY, "shopeepay", {"callback_url": "https://skaters.example/done"}),
        (PaymentMethod.INDOMARET, "cstore", {"store": "indomaret", "message": "SKT-1"}),
        (PaymentMethod.ALFAMART, "cstore", {"store": "alfamart", "alfamart_free_text_1": "SKT-1"}),
    ],
)
def test_core_api_is_asked_in_the_words_of_the_method(
    charge: Charge, method: PaymentMethod, payment_type: str, options: dict[str, object]
) -> None:
    request = replace(charge.request, order_id="SKT-1", return_url="https://skaters.example/done")

    body = core_body(replace(charge, request=request, method=method), None)

    assert (body["payment_type"], body[payment_type]) == (payment_type, options)


def test_a_charge_says_what_is_paid_by_whom_and_carries_the_nonce(charge: Charge) -> None:
    body: Any = core_body(charge, None)

    assert body["transaction_details"] == {
        "order_id": f"{charge.request.order_id}~1",
        "gross_amount": 350_000,
    }
    assert body["item_details"][1] == {
        "id": "PROMO",
        "name": "Diskon",
        "price": -100_000,
        "quantity": 1,
    }
    assert body["customer_details"] == {
        "first_name": "Sari Dewi",
        "email": "sari.dewi@example.com",
        "phone": "+628123456789",
    }
    assert body["custom_field1"] == charge.nonce


def test_equal_charges_make_equal_bodies(charge: Charge, snap_charge: Charge) -> None:
    assert core_body(charge, None) == core_body(replace(charge), None)
    assert snap_body(snap_charge, None) == snap_body(replace(snap_charge), None)


def test_core_expires_at_our_deadline(noon_charge: Charge) -> None:
    body = core_body(noon_charge, None)

    assert body["custom_expiry"] == {
        "order_time": "2026-11-23 12:00:00 +0700",
        "expiry_duration": 301,
        "unit": "second",
    }


def test_core_expires_no_sooner_than_the_method_allows(noon_charge: Charge) -> None:
    hasty = replace(noon_charge, expires_at=NOON + timedelta(seconds=3))

    body: Any = core_body(hasty, None)

    assert body["custom_expiry"]["expiry_duration"] == 20


def test_snap_expires_at_our_deadline_counted_from_acceptance(noon_charge: Charge) -> None:
    exact = replace(noon_charge, expires_at=NOON.replace(microsecond=0) + timedelta(minutes=7))

    body = snap_body(exact, None)

    assert body["expiry"] == {
        "start_time": "2026-11-23 12:00:00 +0700",
        "duration": 7,
        "unit": "minute",
    }
    assert body["page_expiry"] == {"duration": 7, "unit": "minute"}


def test_snap_expires_at_the_methods_minimum_where_that_is_longer(noon_charge: Charge) -> None:
    body: Any = snap_body(replace(noon_charge, method=PaymentMethod.DANA), None)

    assert body["expiry"]["duration"] == 15


def test_a_snap_page_lives_at_least_five_minutes(noon_charge: Charge) -> None:
    hasty = replace(noon_charge, expires_at=NOON + timedelta(seconds=3))

    body: Any = snap_body(hasty, None)

    assert (body["expiry"]["duration"], body["page_expiry"]["duration"]) == (1, 5)


@pytest.mark.parametrize(
    ("method", "name"),
    [
        (PaymentMethod.CREDIT_CARD, "credit_card"),
        (PaymentMethod.MANDIRI_BILL, "echannel"),
        (PaymentMethod.QRIS, "other_qris"),
        (PaymentMethod.DANA, "dana"),
    ],
)
def test_snap_offers_the_one_method_asked_for(
    snap_charge: Charge, method: PaymentMethod, name: str
) -> None:
    assert snap_body(replace(snap_charge, method=method), None)["enabled_payments"] == [name]


def test_snap_offers_of_all_methods_those_that_take_amount_and_deadline(
    snap_charge: Charge,
) -> None:
    body: Any = snap_body(replace(snap_charge, method=PaymentMethod.ANY), None)

    assert {"credit_card", "bca_va", "gopay", "alfamart"} <= set(body["enabled_payments"])
    assert "dana" not in body["enabled_payments"]  # 15 minutes at least


def test_cards_always_go_through_3d_secure(snap_charge: Charge) -> None:
    assert snap_body(snap_charge, None)["credit_card"] == {"secure": True}


@pytest.mark.parametrize(
    ("own", "default", "finish"),
    [
        pytest.param("https://a.example", "https://b.example", "https://a.example", id="own"),
        pytest.param(None, "https://b.example", "https://b.example", id="default"),
    ],
)
def test_the_customer_returns_to_the_orders_page_or_the_default(
    snap_charge: Charge, own: str | None, default: str, finish: str
) -> None:
    request = replace(snap_charge.request, return_url=own)

    body = snap_body(replace(snap_charge, request=request), default)

    assert body["callbacks"] == {"finish": finish}


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        pytest.param("Roda 52mm|78A", "Roda 52mm 78A", id="Alfamart's separator"),
        pytest.param("||", "-", id="nothing else"),
        pytest.param("x" * 50, "x" * 50, id="fits"),
        pytest.param("x" * 51, "x" * 49 + "…", id="too long"),
    ],
)
def test_item_names_are_made_to_fit(charge: Charge, name: str, sent: str) -> None:
    request = replace(charge.request, items=(LineItem("A", name, 350_000, 1),))

    body: Any = core_body(replace(charge, request=request), None)

    assert body["item_details"][0]["name"] == sent


def test_item_ids_are_made_unique(charge: Charge) -> None:
    twice = (LineItem("A", "Deck", 300_000, 1), LineItem("A", "Roda", 50_000, 1))

    body: Any = core_body(replace(charge, request=replace(charge.request, items=twice)), None)

    assert [item["id"] for item in body["item_details"]] == ["1-A", "2-A"]


def test_a_body_too_long_is_sent_with_one_line_of_the_same_sum(charge: Charge) -> None:
    many = tuple(LineItem(f"{n:050}", "é" * 255, 3_500, 1) for n in range(100))

    body: Any = core_body(replace(charge, request=replace(charge.request, items=many)), None)

    assert len(json.dumps(body)) <= BODY_LENGTH_MAX
    assert [(item["price"], item["quantity"]) for item in body["item_details"]] == [(350_000, 1)]


@pytest.mark.parametrize(
    ("method", "phone", "sent"),
    [
        pytest.param(PaymentMethod.BNI_VA, "62 812-345-678", "+62812345678", id="plus added"),
        pytest.param(PaymentMethod.BNI_VA, "0812345678", "0812345678", id="local"),
        pytest.param(PaymentMethod.BNI_VA, "+6591234567", None, id="foreign, BNI would refuse"),
        pytest.param(PaymentMethod.ANY, "+6591234567", None, id="foreign, may become BNI"),
        pytest.param(PaymentMethod.BCA_VA, "+65 9123 4567", "+6591234567", id="foreign"),
        pytest.param(PaymentMethod.BCA_VA, None, None, id="none"),
    ],
)
def test_a_phone_number_never_makes_the_charge_fail(
    charge: Charge, method: PaymentMethod, phone: str | None, sent: str | None
) -> None:
    customer = replace(charge.request.customer, phone=phone)
    request = replace(charge.request, customer=customer)

    body: Any = snap_body(replace(charge, request=request, method=method), None)

    assert body["customer_details"].get("phone") == sent


def test_the_customer_is_addressed_in_their_language(charge: Charge) -> None:
    english = replace(charge, request=replace(charge.request, locale=Locale.EN))

    assert charge_headers(english)["X-Payment-Locale"] == "en-EN"


def test_a_key_that_midtrans_might_ignore_is_never_sent(charge: Charge) -> None:
    with pytest.raises(ValueError, match="idempotency_key"):
        charge_headers(replace(charge, idempotency_key="k" * 37))
