"""The part of a request that Core and Snap share: the order, its items, its customer."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.body import Body
from simulator.transactions import Destination

_ORDER_ID_LENGTH = 50
_ITEM_NAME_LENGTH = 50
_TEXT_LENGTH = 255
_MOST_URLS = 3
_ORDER_ID = re.compile(r"[A-Za-z0-9\-_~.]+")
_EMAIL = re.compile(r"[^\s@.]+(\.[^\s@.]+)*@[^\s@.]+(\.[^\s@.]+)*")
_PHONE = re.compile(r"(\+62|0)[0-9]{1,27}")
_CUSTOM_FIELDS = ("custom_field1", "custom_field2", "custom_field3")
_UNITS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}


@dataclass(frozen=True, slots=True)
class Order:
    order_id: str
    gross_amount: int


def read_order(body: Body, *, strict_symbols: bool) -> tuple[Order | None, list[str]]:
    """Return the order, or every problem that Midtrans would name."""
    details = body.section("transaction_details")
    problems = [
        *_order_id_problems(details, strict_symbols=strict_symbols),
        *_amount_problems(details, body),
        *_customer_problems(body),
    ]
    order_id, amount = details.text("order_id"), details.whole("gross_amount")
    if problems or order_id is None or amount is None:
        return None, problems
    return Order(order_id, amount), []


def echoed_fields(body: Body) -> dict[str, object]:
    """Pick what the gateway gives back in every answer and notification."""
    echoed: dict[str, object] = {
        name: body.text(name) for name in _CUSTOM_FIELDS if body.text(name) is not None
    }
    echoed |= {
        name: body.fields[name] for name in ("metadata", "customer_details") if body.has(name)
    }
    return echoed


def read_destination(append: str, override: str) -> Destination:
    return Destination(_urls(append), _urls(override))


def read_span(duration: int | None, unit: str | None) -> timedelta | None:
    """Read a span as `expiry` gives it: singular and plural units, minutes by default."""
    size = _UNITS.get((unit or "minute").lower().removesuffix("s"))
    if duration is None or size is None:
        return None
    try:
        return duration * size
    except OverflowError:
        return timedelta.max


def later(moment: datetime, span: timedelta) -> datetime:
    try:
        return moment + span
    except OverflowError:
        return datetime.max.replace(tzinfo=moment.tzinfo) - timedelta(days=1)


def bni_phone_is_fit(body: Body) -> bool:
    """BNI refuses a charge whose phone it cannot show; without a phone there is nothing to show."""
    phone = body.section("customer_details").text("phone")
    return phone is None or _PHONE.fullmatch(phone) is not None


def _order_id_problems(details: Body, *, strict_symbols: bool) -> list[str]:
    order_id = details.text("order_id")
    if order_id is None:
        return ["transaction_details.order_id is required"]
    if len(order_id) > _ORDER_ID_LENGTH:
        return ["transaction_details.order_id is too long (maximum is 50 characters)"]
    if strict_symbols and not _ORDER_ID.fullmatch(order_id):
        return ["transaction_details.order_id format is invalid"]
    return []


def _amount_problems(details: Body, body: Body) -> list[str]:
    if not details.has("gross_amount"):
        return ["transaction_details.gross_amount is required"]
    amount = details.number("gross_amount")
    if amount is None:
        return ["transaction_details.gross_amount is not a number"]
    if amount <= 0:
        return ["transaction_details.gross_amount must be equal or greater than 0.01"]
    if details.whole("gross_amount") is None:
        return ["transaction_details.gross_amount must not have decimals"]
    return _item_problems(body, int(amount))


def _item_problems(body: Body, amount: int) -> list[str]:
    items = body.sections("item_details")
    for item in items:
        price, quantity = item.whole("price"), item.whole("quantity")
        if item.text("name") is None:
            return ["item_details.name is required"]
        if len(item.text("name") or "") > _ITEM_NAME_LENGTH:
            return ["item_details.name is too long (maximum is 50 characters)"]
        if price is None:
            return ["item_details.price is not a number"]
        if quantity is None or quantity < 1:
            return ["item_details.quantity must be equal or greater than 1"]
    total = sum((item.whole("price") or 0) * (item.whole("quantity") or 0) for item in items)
    if items and total != amount:
        return ["transaction_details.gross_amount is not equal to the sum of item_details"]
    return []


def _customer_problems(body: Body) -> list[str]:
    customer = body.section("customer_details")
    problems = [
        f"customer_details.{name} is too long (maximum is 255 characters)"
        for name in ("first_name", "last_name", "email", "phone")
        if len(customer.text(name) or "") > _TEXT_LENGTH
    ]
    problems += [
        f"{name} is too long (maximum is 255 characters)"
        for name in _CUSTOM_FIELDS
        if len(body.text(name) or "") > _TEXT_LENGTH
    ]
    email = customer.text("email")
    if email is not None and not _EMAIL.fullmatch(email):
        problems.append("customer_details.email format is invalid")
    return problems


def _urls(header: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in header.split(",") if each.strip())[:_MOST_URLS]
