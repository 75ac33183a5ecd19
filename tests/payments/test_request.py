from dataclasses import replace

import pytest

from payments.errors import FieldProblem, InvalidRequestError
from payments.methods import Integration, PaymentMethod
from payments.money import Currency, Money
from payments.request import (
    Customer,
    LineItem,
    PaymentRequest,
    check_request,
    gateway_order_id,
    is_order_id,
    split_gateway_order_id,
)
from tests.payments.samples import REQUEST

ITEM = REQUEST.items[0]
CUSTOMER = REQUEST.customer


def rupiah(value: int) -> Money:
    return Money(value, Currency.IDR)


def with_item(item: LineItem) -> PaymentRequest:
    amount = rupiah(item.price * item.quantity)
    return replace(REQUEST, items=(item,), amount=amount if amount.value > 0 else REQUEST.amount)


def with_customer(customer: Customer) -> PaymentRequest:
    return replace(REQUEST, customer=customer)


@pytest.mark.parametrize(
    "request_",
    [
        REQUEST,
        replace(REQUEST, return_url=None),
        replace(REQUEST, order_id="a" * 40),
        replace(REQUEST, order_id="0"),
        with_customer(Customer("S", "a.b+c@sub.example.co.id")),
        with_customer(replace(CUSTOMER, phone="08123456789")),
        with_item(LineItem("a" * 50, "n" * 255, 350_000, 1)),
    ],
)
def test_a_request_that_keeps_the_rules_passes(request_: PaymentRequest) -> None:
    check_request(request_)


@pytest.mark.parametrize(
    ("request_", "field", "rule"),
    [
        (replace(REQUEST, order_id=""), "order_id", "1 to 40"),
        (replace(REQUEST, order_id="-1"), "order_id", "1 to 40"),
        (replace(REQUEST, order_id="a" * 41), "order_id", "1 to 40"),
        (replace(REQUEST, order_id="SKT~1"), "order_id", "1 to 40"),
        (replace(REQUEST, order_id="SKT-1\n"), "order_id", "1 to 40"),
        (replace(REQUEST, amount=rupiah(0)), "amount.value", "greater than zero"),
        (replace(REQUEST, amount=rupiah(-1)), "amount.value", "greater than zero"),
        (replace(REQUEST, amount=rupiah(9_999)), "amount.value", "bca_va takes at least 10000"),
        (
            replace(REQUEST, method=PaymentMethod.QRIS, amount=rupiah(10_000_001)),
            "amount.value",
            "qris takes at least 1, at most 10000000",
        ),
        (
            replace(REQUEST, method=PaymentMethod.BSI_VA, amount=rupiah(999)),
            "amount.value",
            "bsi_va takes at least 1000, no upper limit",
        ),
        (replace(REQUEST, return_url="http://skaters.example"), "return_url", "https"),
        (replace(REQUEST, return_url="https://"), "return_url", "https"),
        (replace(REQUEST, return_url="https://a b"), "return_url", "https"),
        (replace(REQUEST, return_url="https://" + "a" * 248), "return_url", "at most 255"),
        (
            replace(REQUEST, method=PaymentMethod.CREDIT_CARD),
            "integration",
            "credit_card is served through snap only",
        ),
        (replace(REQUEST, items=()), "items", "between 1 and 100"),
        (replace(REQUEST, items=(ITEM,) * 101), "items", "between 1 and 100"),
        (
            replace(REQUEST, amount=rupiah(350_001)),
            "items",
            "sum to 350000, but amount.value is 350001",
        ),
        (with_item(replace(ITEM, quantity=0)), "items[0].quantity", "at least 1"),
        (with_item(replace(ITEM, quantity=-1)), "items[0].quantity", "at least 1"),
        (with_item(replace(ITEM, id="")), "items[0].id", "1 to 50"),
        (with_item(replace(ITEM, id="a" * 51)), "items[0].id", "1 to 50"),
        (with_item(replace(ITEM, name="  ")), "items[0].name", "1 to 255"),
        (with_item(replace(ITEM, name="a" * 256)), "items[0].name", "1 to 255"),
        (with_item(replace(ITEM, name="a\x00")), "items[0].name", "control"),
        (with_customer(replace(CUSTOMER, name="")), "customer.name", "1 to 255"),
        (with_customer(replace(CUSTOMER, name="Sari\nDewi")), "customer.name", "control"),
        (with_customer(replace(CUSTOMER, email="sari")), "customer.email", "e-mail"),
        (with_customer(replace(CUSTOMER, email="a@b@c.id")), "customer.email", "e-mail"),
        (with_customer(replace(CUSTOMER, email="a@b.id\r\nBcc: x@y.id")), "customer.email", ""),
        (
            with_customer(replace(CUSTOMER, email="a" * 250 + "@b.id")),
            "customer.email",
            "e-mail",
        ),
        (with_customer(replace(CUSTOMER, phone="12345")), "customer.phone", "6 to 30 digits"),
        (with_customer(replace(CUSTOMER, phone="1     2")), "customer.phone", "6 to 30 digits"),
        (with_customer(replace(CUSTOMER, phone="1" * 31)), "customer.phone", "6 to 30 digits"),
        (with_customer(replace(CUSTOMER, phone="call me")), "customer.phone", "6 to 30 digits"),
    ],
)
def test_a_broken_rule_is_named_with_its_field(
    request_: PaymentRequest, field: str, rule: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        check_request(request_)

    assert any(problem.field == field and rule in problem.rule for problem in caught.value.problems)


def test_every_broken_rule_is_named_at_once() -> None:
    broken = replace(REQUEST, order_id="", customer=Customer("", "nowhere"))

    with pytest.raises(InvalidRequestError) as caught:
        check_request(broken)

    assert [problem.field for problem in caught.value.problems] == [
        "order_id",
        "customer.name",
        "customer.email",
    ]
    assert "order_id: 1 to 40" in str(caught.value)


def test_what_is_wrong_is_said_without_quoting_it() -> None:
    problems = (FieldProblem("customer.phone", "6 to 30 digits, may begin with +"),)

    with pytest.raises(InvalidRequestError) as caught:
        check_request(with_customer(replace(CUSTOMER, phone="0812-secret")))

    assert caught.value.problems == problems


def test_an_attempt_has_a_gateway_order_id_of_its_own() -> None:
    assert gateway_order_id("SKT-1001", 2) == "SKT-1001~2"
    assert split_gateway_order_id("SKT-1001~2") == ("SKT-1001", 2)


@pytest.mark.parametrize("text", ["SKT-1001", "SKT~0", "SKT~01", "SKT~1~2", "~1", "SKT~100000"])
def test_a_foreign_gateway_order_id_is_none_of_ours(text: str) -> None:
    assert split_gateway_order_id(text) is None


def test_an_order_id_is_told_from_other_text() -> None:
    assert is_order_id("SKT-1001")
    assert not is_order_id("SKT/1001")


def test_core_serves_what_it_documents() -> None:
    check_request(replace(REQUEST, method=PaymentMethod.GOPAY, integration=Integration.CORE))
