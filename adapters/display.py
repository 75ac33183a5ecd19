"""Amounts, times and methods as people read them, in Indonesian and English."""

from datetime import datetime
from decimal import Decimal

from babel.dates import format_datetime
from babel.numbers import format_currency, format_decimal

from payments.invoice import WIB
from payments.methods import PROPER_NAMES, PaymentMethod
from payments.money import MINOR_DIGITS, Currency, Money
from payments.request import Locale

# Babel's own pattern adds sen, which are not in use. `Rp1.500.000` is what every Indonesian price
# tag says, so it is not translated: `Rp1,500,000` would read as one and a half thousand.
_FIXED_FORMS = {Currency.IDR: ("¤#,##0", "id")}

_DAY = "d MMMM y"
_INSTANTS = {Locale.ID: f"{_DAY} HH.mm 'WIB'", Locale.EN: f"{_DAY}, HH:mm 'WIB'"}


def money(amount: Money, locale: Locale) -> str:
    """`Rp1.500.000`, `-Rp100.000`; another currency as the locale writes it."""
    number = Decimal(amount.value).scaleb(-MINOR_DIGITS[amount.currency])
    pattern, written_as = _FIXED_FORMS.get(amount.currency, (None, locale))
    return format_currency(
        number, amount.currency, pattern, locale=written_as, currency_digits=pattern is None
    )


def count(number: int, locale: Locale) -> str:
    """`1.250`, in English `1,250`."""
    return format_decimal(number, locale=locale)


def instant_wib(instant: datetime, locale: Locale) -> str:
    """`23 November 2026 14.05 WIB`, in English `23 November 2026, 14:05 WIB`."""
    return format_datetime(instant.astimezone(WIB), _INSTANTS[locale], locale=locale)


def day_wib(instant: datetime, locale: Locale) -> str:
    """The day in Jakarta: `23 November 2026`."""
    return format_datetime(instant.astimezone(WIB), _DAY, locale=locale)


def method_name(method: PaymentMethod, locale: Locale) -> str:
    return METHOD_NAMES[locale][method]


METHOD_NAMES: dict[Locale, dict[PaymentMethod, str]] = {
    Locale.ID: {
        PaymentMethod.ANY: "Pembayaran daring",
        PaymentMethod.CREDIT_CARD: "Kartu kredit/debit",
        **PROPER_NAMES,
    },
    Locale.EN: {
        PaymentMethod.ANY: "Online payment",
        PaymentMethod.CREDIT_CARD: "Credit/debit card",
        **PROPER_NAMES,
    },
}
