import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.money import MINOR_DIGITS, Currency, Money, total

IDR = Currency.IDR
AMOUNTS = st.integers(-(10**14), 10**14).map(lambda value: Money(value, IDR))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("150000.00", 150_000),
        ("150000", 150_000),
        ("0.0000", 0),
        ("-50000.00", -50_000),
        ("007", 7),
        ("999999999999999", 999_999_999_999_999),
    ],
)
def test_an_amount_is_read_as_whole_rupiah(text: str, value: int) -> None:
    assert Money.parse(text, IDR) == Money(value, IDR)


@pytest.mark.parametrize(
    "text",
    [
        *("", "1e5", "1,000", " 1", "1 ", "1.", ".5", "+1", "--1", "NaN", "1.00000", "1" * 16),
        "\N{ARABIC-INDIC DIGIT ONE}",
    ],
)
def test_what_is_no_plain_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        Money.parse(text, IDR)


@pytest.mark.parametrize("text", ["1.50", "0.01", "-1.0001"])
def test_no_part_of_an_amount_is_ever_dropped(text: str) -> None:
    with pytest.raises(ValueError, match="finer than IDR allows"):
        Money.parse(text, IDR)


@given(AMOUNTS)
def test_what_midtrans_writes_is_read_back(amount: Money) -> None:
    assert Money.parse(f"{amount.value}.00", IDR) == amount


@given(st.lists(AMOUNTS, max_size=20))
def test_a_total_is_the_sum_of_its_parts(amounts: list[Money]) -> None:
    assert total(amounts, IDR).value == sum(amount.value for amount in amounts)


@given(AMOUNTS, AMOUNTS)
def test_taking_away_undoes_adding(first: Money, second: Money) -> None:
    assert first + second - second == first


def test_an_amount_times_a_quantity_stays_in_its_currency() -> None:
    assert Money(25_000, IDR).times(2) == Money(50_000, IDR)


def test_currencies_are_never_mixed() -> None:
    dollars = Money(1, "USD")  # type: ignore[arg-type]  # there is only one currency yet

    with pytest.raises(ValueError, match="USD cannot be reckoned with IDR"):
        Money.zero(IDR) + dollars


def test_every_currency_says_how_many_digits_are_real() -> None:
    assert set(MINOR_DIGITS) == set(Currency)
