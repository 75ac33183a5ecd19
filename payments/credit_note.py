"""The credit note: it takes back a part of an invoice, or all of it, with the tax in it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from payments.invoice import Invoice, Merchant, Tax
from payments.money import Money
from payments.request import Customer, Locale


class CreditReason(StrEnum):
    REFUND = "refund"
    REVERSAL = "reversal"


def credit_note_series(invoice_series: str) -> str:
    """Credit notes are counted apart from invoices, by the same years."""
    return f"CN-{invoice_series}"


def credit_note_number(series: str, serial: int) -> str:
    return f"{series}-{serial:06d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNote:
    """A numbered document; never changed after issue. `refund_key` is None for a reversal."""

    number: str
    invoice_number: str
    invoice_issued_at: datetime
    order_id: str
    refund_key: str | None
    reason: CreditReason
    issued_at: datetime
    locale: Locale
    merchant: Merchant
    customer: Customer
    amount: Money
    tax: Tax | None


@dataclass(frozen=True, slots=True)
class Credit:
    """A credit note and its PDF."""

    note: CreditNote
    pdf: bytes


def credited_tax(invoice: Invoice, before: Money, amount: Money) -> Tax | None:
    """The tax in `amount`, when `before` was credited already: pro rata, half-up.

    Reckoned from the sums, so that the credit notes of a whole invoice have just its tax.
    """
    if invoice.tax is None:
        return None
    tax = _share(invoice, invoice.tax, before + amount) - _share(invoice, invoice.tax, before)
    return Tax(invoice.tax.label, amount - tax, tax)


def _share(invoice: Invoice, tax: Tax, part: Money) -> Money:
    doubled = 2 * tax.amount.value * part.value + invoice.total.value
    return Money(doubled // (2 * invoice.total.value), part.currency)
