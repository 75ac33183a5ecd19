"""Asking for refunds and reading how far they have come, by the API."""

from typing import Any

import httpx

from tests.e2e.shop import Shop, until


async def paid(shop: Shop, **changes: Any) -> str:
    """An order that its customer has just paid, by QRIS unless told otherwise."""
    payment = await shop.checkout(**{"method": "qris", **changes})
    order_id = str(payment["order_id"])
    await shop.customer(f"{order_id}~1", "pay")
    await shop.payment_when(order_id, status="paid", invoice_number=...)
    return order_id


async def ask_back(
    shop: Shop, order_id: str, amount: int | None = None, key: str = "return-1"
) -> httpx.Response:
    """`POST …/refunds`, for all that is left unless an amount is given."""
    part = {} if amount is None else {"amount": {"value": amount, "currency": "IDR"}}
    wish = {"refund_key": key, "reason": "one wheel was missing", **part}
    return await shop.post(f"/v1/payments/{order_id}/refunds", wish)


async def refund_when(
    shop: Shop, order_id: str, status: str, key: str = "return-1"
) -> dict[str, Any]:
    """The refund of this key once it has this status."""

    async def look() -> dict[str, Any] | None:
        payment = await shop.payment(order_id)
        wanted = (each for each in payment["refunds"] if each["refund_key"] == key)
        return next((each for each in wanted if each["status"] == status), None)

    return await until(look)


async def credited(shop: Shop, order_id: str, key: str = "return-1") -> dict[str, Any]:
    """The refund of this key once its credit note is issued."""

    async def look() -> dict[str, Any] | None:
        payment = await shop.payment(order_id)
        wanted = (each for each in payment["refunds"] if each["refund_key"] == key)
        return next((each for each in wanted if each["credit_note_number"]), None)

    return await until(look)


async def credit_note(shop: Shop, order_id: str, number: str) -> httpx.Response:
    return await shop.get(f"/v1/payments/{order_id}/credit-notes/{number}.pdf")


async def given_back(shop: Shop, order_id: str) -> list[int]:
    """Each refund that Midtrans has made of the order's money."""
    return [
        int(float(refund["refund_amount"]))
        for transaction in await shop.at_gateway(order_id)
        for refund in transaction.get("refunds") or ()
    ]
