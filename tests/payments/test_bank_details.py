import pytest

from payments.bank_details import BankDetails, bank_details
from payments.errors import InvalidRequestError


def test_filling_is_left_out() -> None:
    assert bank_details(" BCA ", "123-456 7890.1", "  Sari Dewi ") == BankDetails(
        bank="BCA", account_number="12345678901", account_holder="Sari Dewi"
    )


@pytest.mark.parametrize(
    ("bank", "number", "holder", "fields"),
    [
        ("", "12345", "Sari", {"bank"}),
        ("B" * 101, "12345", "Sari", {"bank"}),
        ("BCA\n", "12345", "Sa\nri", {"account_holder"}),
        ("BCA", "1234", "Sari", {"account_number"}),
        ("BCA", "1" * 21, "Sari", {"account_number"}),
        ("BCA", "12345x", "Sari", {"account_number"}),
        ("BCA", "١٢٣٤٥", "Sari", {"account_number"}),
        (" ", "", " ", {"bank", "account_number", "account_holder"}),
    ],
)
def test_every_field_that_is_wrong_is_named(
    bank: str, number: str, holder: str, fields: set[str]
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        bank_details(bank, number, holder)

    assert {problem.field for problem in caught.value.problems} == fields


@pytest.mark.parametrize("number", ["12345", "1" * 20])
def test_accounts_of_any_bank_are_taken(number: str) -> None:
    assert bank_details("Bank Jago", number, "Sari").account_number == number
