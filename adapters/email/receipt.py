"""What the receipt's templates are given."""

from dataclasses import dataclass
from typing import Any

from payments.invoice import Invoice, Merchant
from payments.money import Money


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    name: str
    quantity: int
    price: Money
    total: Money


def receipt_facts(invoice: Invoice, merchant: Merchant) -> dict[str, Any]:
    return {"invoice": invoice, "merchant": merchant, "lines": _lines(invoice)}


def _lines(invoice: Invoice) -> list[ReceiptLine]:
    prices = ((item, Money(item.price, invoice.total.currency)) for item in invoice.items)
    return [
        ReceiptLine(item.name, item.quantity, price, price.times(item.quantity))
        for item, price in prices
    ]
