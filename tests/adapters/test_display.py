from datetime import UTC, datetime

import pytest

from adapters.display import METHOD_NAMES, count, day_wib, instant_wib, method_name, money
from payments.methods import PaymentMethod
from payments.money import Currency, Money
from payments.request import Locale


@pytest.mark.parametrize("locale", Locale)
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "Rp0"),
        (999, "Rp999"),
        (1_500_000, "Rp1.500.000"),
        (-100_000, "-Rp100.000"),
        (12_345_678_901_234_567, "Rp12.345.678.901.234.567"),
    ],
)
def test_rupiah_are_shown_as_on_an_indonesian_price_tag(
    value: int, shown: str, locale: Locale
) -> None:
    assert money(Money(value, Currency.IDR), locale) == shown


def test_a_time_is_shown_in_wib_as_the_language_writes_it() -> None:
    instant = datetime(2026, 11, 23, 7, 5, tzinfo=UTC)

    assert instant_wib(instant, Locale.ID) == "23 November 2026 14.05 WIB"
    assert instant_wib(instant, Locale.EN) == "23 November 2026, 14:05 WIB"


def test_the_day_is_the_day_in_jakarta() -> None:
    evening = datetime(2026, 7, 31, 18, 0, tzinfo=UTC)

    assert day_wib(evening, Locale.ID) == "1 Agustus 2026"
    assert day_wib(evening, Locale.EN) == "1 August 2026"


def test_a_count_has_the_separators_of_its_language() -> None:
    assert count(1250, Locale.ID) == "1.250"
    assert count(1250, Locale.EN) == "1,250"


@pytest.mark.parametrize("locale", Locale)
def test_every_method_has_a_name_for_people(locale: Locale) -> None:
    names = METHOD_NAMES[locale]

    assert set(names) == set(PaymentMethod)
    assert len(set(names.values())) == len(names)


@pytest.mark.parametrize(
    ("method", "locale", "name"),
    [
        (PaymentMethod.BCA_VA, Locale.ID, "BCA Virtual Account"),
        (PaymentMethod.MANDIRI_BILL, Locale.EN, "Mandiri Bill"),
        (PaymentMethod.CREDIT_CARD, Locale.ID, "Kartu kredit/debit"),
        (PaymentMethod.CREDIT_CARD, Locale.EN, "Credit/debit card"),
    ],
)
def test_methods_are_called_what_people_call_them(
    method: PaymentMethod, locale: Locale, name: str
) -> None:
    assert method_name(method, locale) == name
