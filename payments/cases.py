"""What waits for a human, and what a human may make of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class CaseCode(StrEnum):
    """Why a human is needed; also the values of the search attribute PaymentAttention."""

    MISMATCH = "mismatch"
    CONTRADICTION = "contradiction"
    LATE_MONEY = "late_money"
    SECOND_PAYMENT = "second_payment"
    UNMATCHED_MONEY = "unmatched_money"


class Resolution(StrEnum):
    """What a human makes of a case: seen; the money counts; the money does not count."""

    NOTED = "noted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Case:
    """What waits for a human, once per order, code and transaction, and once more if money comes.

    A transaction that was found wanting before it was paid must be told again when it is paid.
    """

    code: CaseCode
    attempt: int
    transaction_id: str
    details: Mapping[str, str] = field(default_factory=dict)
    money_came: bool = False
