"""The invoice of a paid order: its number, its lines, its tax."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

from payments.methods import PaymentMethod
from payments.money import Money
from payments.request import Customer, LineItem, Locale

WIB = timezone(timedelta(hours=7), "WIB")  # Indonesia has no daylight saving time


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A share of the tax-inclusive total, from a day on: numerator / denominator."""

    since: date
    numerator: int
    denominator: int
    label: str


# Prices include PPN. UU 7/2021 art. 7: 11 % from 2022-04-01; PMK 131/2024 art. 3: 12 % on 11/12
# of the base from 2025-01-01, which is 11/111 of an inclusive price.
PPN_RATES = (
    TaxRate(date(2000, 1, 1), 10, 110, "PPN 10%"),
    TaxRate(date(2022, 4, 1), 11, 111, "PPN 11%"),
    TaxRate(date(2025, 1, 1), 11, 111, "PPN 12% x 11/12"),
)


@dataclass(frozen=True, slots=True)
class Tax:
    """The tax that a total contains, and the base it is computed on."""

    label: str
    base: Money
    amount: Money


def ppn_in(total: Money, day: date) -> Tax:
    """PPN contained in a tax-inclusive total: half-up to whole rupiah, once per document."""
    rate = max((rate for rate in PPN_RATES if rate.since <= day), key=lambda rate: rate.since)
    doubled = 2 * total.value * rate.numerator + rate.denominator
    amount = Money(doubled // (2 * rate.denominator), total.currency)
    return Tax(rate.label, total - amount, amount)


def invoice_series(issued_at: datetime) -> str:
    """One series per WIB year."""
    return str(issued_at.astimezone(WIB).year)


def invoice_number(series: str, serial: int) -> str:
    return f"INV-{series}-{serial:06d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """Who sells: printed on invoices and mails. `npwp` is the tax id, `is_pkp` whether PPN is due."""

    name: str
    address: tuple[str, ...]
    email: str
    phone: str | None = None
    website: str | None = None
    npwp: str | None = None
    is_pkp: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """A numbered document; never changed after issue."""

    number: str
    order_id: str
    issued_at: datetime
    paid_at: datetime
    paid_with: PaymentMethod | None
    locale: Locale
    merchant: Merchant
    customer: Customer
    items: tuple[LineItem, ...]
    total: Money
    tax: Tax | None
