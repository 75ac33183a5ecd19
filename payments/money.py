"""Amounts of money in whole minor units."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

_DECIMAL = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]{1,4}))?")


class Currency(StrEnum):
    """An ISO 4217 currency this service can charge in; one more is one line here and below."""

    IDR = "IDR"


# Digits after the decimal point that really exist. ISO 4217 lists two for the rupiah, but sen are
# not in use and Midtrans refuses decimals (fact sheet §2.1, §9).
MINOR_DIGITS = {Currency.IDR: 0}


@dataclass(frozen=True, slots=True)
class Money:
    """`value` whole minor units of `currency`; for IDR that is whole rupiah."""

    value: int
    currency: Currency

    @classmethod
    def zero(cls, currency: Currency) -> Self:
        return cls(0, currency)

    @classmethod
    def parse(cls, text: str, currency: Currency) -> Self:
        """Read a decimal amount such as `150000.00`; ValueError when minor units would be lost."""
        match = _DECIMAL.fullmatch(text)
        if match is None:
            raise ValueError(f"not an amount: {text!r}")
        sign, whole, fraction = match[1], match[2], match[3] or ""
        digits = MINOR_DIGITS[currency]
        if fraction[digits:].strip("0"):
            raise ValueError(f"{text!r} is finer than {currency} allows")
        value = int(whole + fraction[:digits].ljust(digits, "0"))
        return cls(-value if sign else value, currency)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.value + self._same_currency(other).value, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.value - self._same_currency(other).value, self.currency)

    def times(self, factor: int) -> "Money":
        return Money(self.value * factor, self.currency)

    def _same_currency(self, other: "Money") -> "Money":
        if other.currency is not self.currency:
            raise ValueError(f"{other.currency} cannot be reckoned with {self.currency}")
        return other


def total(amounts: Iterable[Money], currency: Currency) -> Money:
    """The sum of the amounts, all of `currency`; zero for none."""
    return sum(amounts, Money.zero(currency))
