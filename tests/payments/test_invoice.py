from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.invoice import PPN_RATES, invoice_number, invoice_series, ppn_in
from payments.money import Currency, Money

TODAY = date(2026, 11, 23)


def rupiah(value: int) -> Money:
    return Money(value, Currency.IDR)


@pytest.mark.parametrize(
    ("total", "day", "label", "tax"),
    [
        (350_000, TODAY, "PPN 12% x 11/12", 34_685),
        (111, TODAY, "PPN 12% x 11/12", 11),
        (5, TODAY, "PPN 12% x 11/12", 0),  # 0.495
        (6, TODAY, "PPN 12% x 11/12", 1),  # 0.594
        (350_000, date(2024, 12, 31), "PPN 11%", 34_685),
        (350_000, date(2022, 4, 1), "PPN 11%", 34_685),
        (350_000, date(2022, 3, 31), "PPN 10%", 31_818),
        (11, date(2022, 3, 31), "PPN 10%", 1),
        (16, date(2022, 3, 31), "PPN 10%", 1),  # 1.4545…
    ],
)
def test_the_tax_in_a_total_is_that_of_its_day(total: int, day: date, label: str, tax: int) -> None:
    found = ppn_in(rupiah(total), day)

    assert (found.label, found.amount, found.base) == (label, rupiah(tax), rupiah(total - tax))


@given(st.integers(1, 10**12), st.dates(PPN_RATES[0].since, date(2100, 1, 1)))
def test_tax_and_base_make_the_total_within_half_a_rupiah(total: int, day: date) -> None:
    tax = ppn_in(rupiah(total), day)
    rate = max((rate for rate in PPN_RATES if rate.since <= day), key=lambda rate: rate.since)

    assert tax.base + tax.amount == rupiah(total)
    assert abs(tax.amount.value * rate.denominator - total * rate.numerator) * 2 <= rate.denominator


@pytest.mark.parametrize(
    ("issued_at", "series"),
    [
        (datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC), "2026"),
        (datetime(2026, 12, 31, 17, 0, 0, tzinfo=UTC), "2027"),
    ],
)
def test_a_series_begins_at_new_year_in_jakarta(issued_at: datetime, series: str) -> None:
    assert invoice_series(issued_at) == series


def test_a_number_names_its_series_and_serial() -> None:
    assert invoice_number("2026", 42) == "INV-2026-000042"
