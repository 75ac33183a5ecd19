"""Where a customer wants a manual refund to go."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from payments.errors import FieldProblem, InvalidRequestError

NAME_LENGTH_MAX = 100
_ACCOUNT = re.compile(r"[0-9]{5,20}")
_FILLING = re.compile(r"[ .-]")


@dataclass(frozen=True, slots=True, kw_only=True)
class BankDetails:
    """An account at an Indonesian bank, as the customer wrote it."""

    bank: str
    account_number: str
    account_holder: str


def bank_details(bank: str, account_number: str, account_holder: str) -> BankDetails:
    """What was written, without filling; InvalidRequestError names every field that is wrong."""
    details = BankDetails(
        bank=bank.strip(),
        account_number=_FILLING.sub("", account_number),
        account_holder=account_holder.strip(),
    )
    problems = tuple(_problems(details))
    if problems:
        raise InvalidRequestError(problems)
    return details


def _problems(details: BankDetails) -> Iterator[FieldProblem]:
    for field, text in (("bank", details.bank), ("account_holder", details.account_holder)):
        if not 0 < len(text) <= NAME_LENGTH_MAX or not text.isprintable():
            yield FieldProblem(field, f"1 to {NAME_LENGTH_MAX} printable characters")
    if not _ACCOUNT.fullmatch(details.account_number):
        yield FieldProblem("account_number", "5 to 20 digits")
