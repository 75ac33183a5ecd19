"""What checkout asks for, and the rules it must keep."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from payments.errors import FieldProblem, InvalidRequestError
from payments.methods import METHODS, Integration, PaymentMethod
from payments.money import Money, total

ITEMS_MAX = 100
NAME_LENGTH_MAX = 255  # fact sheet §2.1
ITEM_ID_LENGTH_MAX = 50
EMAIL_LENGTH_MAX = 254  # RFC 5321 §4.5.3.1.3
URL_LENGTH_MAX = 255

_ORDER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_GATEWAY_ORDER_ID = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,39})~([1-9][0-9]{0,4})")
# The ATOM/DOMAIN form that Midtrans checks for several methods (fact sheet §2.1).
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9]")
_PHONE = re.compile(r"\+?[0-9](?:[ -]?[0-9]){5,29}")
_URL = re.compile(r"https://[!-~]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class Locale(StrEnum):
    ID = "id"
    EN = "en"


@dataclass(frozen=True, slots=True)
class LineItem:
    """One position; `price` in minor units of the payment's currency, negative for a discount."""

    id: str
    name: str
    price: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Customer:
    name: str
    email: str
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequest:
    """One order's wish to be paid."""

    order_id: str
    method: PaymentMethod
    amount: Money
    items: tuple[LineItem, ...]
    customer: Customer
    integration: Integration = Integration.SNAP
    locale: Locale = Locale.ID
    return_url: str | None = None


def gateway_order_id(order_id: str, attempt: int) -> str:
    """The id under which the gateway knows one attempt (DESIGN §3)."""
    return f"{order_id}~{attempt}"


def split_gateway_order_id(text: str) -> tuple[str, int] | None:
    """Order id and attempt number, or None when the id is not of our form."""
    match = _GATEWAY_ORDER_ID.fullmatch(text)
    return (match[1], int(match[2])) if match else None


def is_order_id(text: str) -> bool:
    return _ORDER_ID.fullmatch(text) is not None


def check_request(request: PaymentRequest) -> None:
    """Raise InvalidRequestError naming every field that breaks a rule, and the rule."""
    problems = (
        *_order_problems(request),
        *_method_problems(request),
        *_item_problems(request),
        *_customer_problems(request.customer),
    )
    if problems:
        raise InvalidRequestError(problems)


def _order_problems(request: PaymentRequest) -> Iterator[FieldProblem]:
    if not is_order_id(request.order_id):
        yield FieldProblem(
            "order_id", "1 to 40 of A-Z a-z 0-9 - _ . beginning with a letter or digit"
        )
    if request.amount.value <= 0:
        yield FieldProblem("amount.value", "must be greater than zero")
    url = request.return_url
    if url is not None and (len(url) > URL_LENGTH_MAX or not _URL.fullmatch(url)):
        yield FieldProblem("return_url", f"an https URL of at most {URL_LENGTH_MAX} characters")


def _method_problems(request: PaymentRequest) -> Iterator[FieldProblem]:
    rules = METHODS[request.method]
    if request.integration not in rules.integrations:
        served = " or ".join(rules.integrations)
        yield FieldProblem("integration", f"{request.method} is served through {served} only")
    if request.amount.value > 0 and not rules.allows_amount(request.amount):
        upper = f"at most {rules.amount_max}" if rules.amount_max else "no upper limit"
        yield FieldProblem(
            "amount.value", f"{request.method} takes at least {rules.amount_min}, {upper}"
        )


def _item_problems(request: PaymentRequest) -> Iterator[FieldProblem]:
    if not 1 <= len(request.items) <= ITEMS_MAX:
        yield FieldProblem("items", f"between 1 and {ITEMS_MAX} items")
    for index, item in enumerate(request.items):
        if item.quantity < 1:
            yield FieldProblem(f"items[{index}].quantity", "must be at least 1")
        yield from _text_problems(f"items[{index}].id", item.id, ITEM_ID_LENGTH_MAX)
        yield from _text_problems(f"items[{index}].name", item.name, NAME_LENGTH_MAX)
    currency = request.amount.currency
    lines = (Money(item.price, currency).times(item.quantity) for item in request.items)
    summed = total(lines, currency)
    if summed != request.amount:
        yield FieldProblem(
            "items", f"sum to {summed.value}, but amount.value is {request.amount.value}"
        )


def _customer_problems(customer: Customer) -> Iterator[FieldProblem]:
    yield from _text_problems("customer.name", customer.name, NAME_LENGTH_MAX)
    if len(customer.email) > EMAIL_LENGTH_MAX or not _EMAIL.fullmatch(customer.email):
        yield FieldProblem("customer.email", "must be an e-mail address such as name@example.com")
    if customer.phone is not None and not _PHONE.fullmatch(customer.phone):
        yield FieldProblem("customer.phone", "6 to 30 digits, may begin with +")


def _text_problems(field: str, text: str, length_max: int) -> Iterator[FieldProblem]:
    if not text.strip() or len(text) > length_max:
        yield FieldProblem(field, f"1 to {length_max} characters")
    if _CONTROL.search(text):
        yield FieldProblem(field, "no control characters")
