"""The requests that open a charge, through Core API or Snap; equal for equal charges."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.midtrans.words import METHOD_WORDS, MethodWords
from payments.gateway import Charge, InstructionKind
from payments.invoice import WIB
from payments.methods import METHODS, PaymentMethod, methods_for
from payments.request import LineItem, Locale

BODY_LENGTH_MAX = 15_000  # fact sheet §1.6: about 16,000 characters
IDEMPOTENCY_KEY_LENGTH_MAX = 36  # a key too long is ignored in silence (fact sheet §1.3)
_ITEM_NAME_LENGTH_MAX = 50
_ITEM_ID_LENGTH_MAX = 50
_SECOND, _MINUTE = timedelta(seconds=1), timedelta(minutes=1)
# Fact sheet §2.1: what the page's own validity may be.
_PAGE_MINUTES_MIN, _PAGE_MINUTES_MAX = 5, 7 * 24 * 60
_LOCALES = {Locale.ID: "id-ID", Locale.EN: "en-EN"}

Body = dict[str, object]


@dataclass(frozen=True, slots=True)
class CoreType:
    """How Core API is asked for one payment type, and what the customer is then shown."""

    kind: InstructionKind
    options: Callable[[Charge, MethodWords, str | None], Body]


# Fact sheet §3.2.
CORE_TYPES = {
    "bank_transfer": CoreType(
        InstructionKind.VIRTUAL_ACCOUNT, lambda _charge, words, _url: {"bank": words.variant}
    ),
    "echannel": CoreType(
        InstructionKind.BILL,
        lambda charge, _words, _url: {
            "bill_info1": "Order",
            "bill_info2": charge.request.order_id[:30],
        },
    ),
    "qris": CoreType(InstructionKind.QR, lambda _charge, _words, _url: {"acquirer": "gopay"}),
    "gopay": CoreType(
        InstructionKind.DEEPLINK,
        lambda _charge, _words, url: {"enable_callback": True, "callback_url": url} if url else {},
    ),
    "shopeepay": CoreType(
        InstructionKind.DEEPLINK, lambda _charge, _words, url: {"callback_url": url} if url else {}
    ),
    "cstore": CoreType(
        InstructionKind.PAYMENT_CODE,
        lambda charge, words, _url: {
            "store": words.variant,
            **_printed_at_the_counter(words.variant, charge.request.order_id),
        },
    ),
}


def core_body(charge: Charge, return_url: str | None) -> Body:
    """POST /v2/charge (fact sheet §3)."""
    words = METHOD_WORDS[charge.method]
    start = _start(charge)
    seconds = _whole(_span(charge, start), _SECOND)
    body = _common(charge)
    body["payment_type"] = words.payment_type
    url = charge.request.return_url or return_url
    body[words.payment_type] = CORE_TYPES[words.payment_type].options(charge, words, url)
    body["custom_expiry"] = {
        "order_time": _text(start),
        "expiry_duration": seconds,
        "unit": "second",
    }
    return _fitting(body, charge)


def snap_body(charge: Charge, return_url: str | None) -> Body:
    """POST /snap/v1/transactions (fact sheet §2); Snap knows no unit below the minute."""
    start = _start(charge)
    minutes = _whole(_span(charge, start), _MINUTE)
    page_minutes = min(max(minutes, _PAGE_MINUTES_MIN), _PAGE_MINUTES_MAX)
    body = _common(charge)
    body["enabled_payments"] = _enabled_payments(charge)
    body["credit_card"] = {"secure": True}
    body["expiry"] = {"start_time": _text(start), "duration": minutes, "unit": "minute"}
    body["page_expiry"] = {"duration": page_minutes, "unit": "minute"}
    url = charge.request.return_url or return_url
    if url is not None:
        body["callbacks"] = {"finish": url}
    return _fitting(body, charge)


def charge_headers(charge: Charge) -> dict[str, str]:
    if not 1 <= len(charge.idempotency_key) <= IDEMPOTENCY_KEY_LENGTH_MAX:
        raise ValueError("idempotency_key: 1 to 36 characters")
    return {
        "Idempotency-Key": charge.idempotency_key,
        "X-Payment-Locale": _LOCALES[charge.request.locale],
    }


def _common(charge: Charge) -> Body:
    request = charge.request
    customer: Body = {"first_name": request.customer.name, "email": request.customer.email}
    phone = _phone(charge)
    if phone is not None:
        customer["phone"] = phone
    return {
        "transaction_details": {
            "order_id": charge.gateway_order_id,
            "gross_amount": request.amount.value,
        },
        "item_details": _item_details(request.items),
        "customer_details": customer,
        "custom_field1": charge.nonce,
    }


def _item_details(items: tuple[LineItem, ...]) -> list[Body]:
    ids = [item.id for item in items]
    has_unique_ids = len(set(ids)) == len(ids)  # Akulaku insists on it (fact sheet §2.1)
    return [
        {
            "id": item.id if has_unique_ids else f"{index}-{item.id}"[:_ITEM_ID_LENGTH_MAX],
            "name": _item_name(item.name),
            "price": item.price,
            "quantity": item.quantity,
        }
        for index, item in enumerate(items, start=1)
    ]


def _item_name(name: str) -> str:
    printable = name.replace("|", " ").strip() or "-"  # Alfamart chokes on | (fact sheet §2.1)
    if len(printable) <= _ITEM_NAME_LENGTH_MAX:
        return printable
    return printable[: _ITEM_NAME_LENGTH_MAX - 1] + "…"


def _phone(charge: Charge) -> str | None:
    """The number as BNI takes it: +62 or 0 in front, or the charge is refused (fact sheet §2.1)."""
    phone = charge.request.customer.phone
    if phone is None:
        return None
    bare = phone.replace(" ", "").replace("-", "")
    if bare.startswith("62"):
        bare = f"+{bare}"
    may_be_bni = charge.method in {PaymentMethod.BNI_VA, PaymentMethod.ANY}
    return None if may_be_bni and not bare.startswith(("+62", "0")) else bare


def _enabled_payments(charge: Charge) -> list[str]:
    """One name skips Snap's list; of all methods, those that take the amount and the deadline."""
    if charge.method is not PaymentMethod.ANY:
        return [METHOD_WORDS[charge.method].snap]
    window = charge.expires_at - charge.accepted_at
    return [
        METHOD_WORDS[method].snap
        for method in methods_for(charge.request.amount)
        if method in METHOD_WORDS and (METHODS[method].expiry_min or window) <= window
    ]


def _start(charge: Charge) -> datetime:
    return charge.accepted_at.astimezone(WIB).replace(microsecond=0)


def _span(charge: Charge, start: datetime) -> timedelta:
    """Until our deadline, within what the method allows (fact sheet §3.3)."""
    rules = METHODS[charge.method]
    wanted = charge.expires_at - start
    shortest = wanted if rules.expiry_min is None else max(wanted, rules.expiry_min)
    return shortest if rules.expiry_max is None else min(shortest, rules.expiry_max)


def _whole(span: timedelta, unit: timedelta) -> int:
    """Rounded up: a deadline at the gateway is never before the one we told the customer."""
    return -(-span // unit)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S %z")


def _printed_at_the_counter(store: str, order_id: str) -> Body:
    """Indomaret takes 20 characters, Alfamart 40 (fact sheet §3.2)."""
    if store == "alfamart":
        return {"alfamart_free_text_1": order_id}
    return {"message": order_id[:20]}


def _fitting(body: Body, charge: Charge) -> Body:
    """A body too long for Midtrans goes with one line for the whole order: the sum stays exact."""
    if len(json.dumps(body)) <= BODY_LENGTH_MAX:
        return body
    whole_order = {
        "id": charge.request.order_id,
        "name": f"Order {charge.request.order_id}",
        "price": charge.request.amount.value,
        "quantity": 1,
    }
    return {**body, "item_details": [whole_order]}
