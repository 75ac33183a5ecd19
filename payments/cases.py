"""What waits for a human, and what a human may make of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from payments.money import Money


class CaseCode(StrEnum):
    """Why a human is needed; also the values of the search attribute PaymentAttention."""

    MISMATCH = "mismatch"
    CONTRADICTION = "contradiction"
    UNMATCHED_MONEY = "unmatched_money"
    MANUAL_REFUND = "manual_refund"
    REFUND_APPROVAL = "refund_approval"
    REFUND_STUCK = "refund_stuck"
    CHARGEBACK = "chargeback"
    # Opened by 0.1 only: since then such money goes back by itself, or is a manual refund.
    LATE_MONEY = "late_money"
    SECOND_PAYMENT = "second_payment"


class Resolution(StrEnum):
    """What becomes of a case.

    NOTED: seen. ACCEPTED and REJECTED: the money counts, or does not; the refund was made, or was
    not. APPROVED, then TRANSFERRED: a refund may go out, and has. WON and LOST: a chargeback.
    MATCHED and SUPERSEDED are the service's own: its reason is gone.
    """

    NOTED = "noted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    APPROVED = "approved"
    TRANSFERRED = "transferred"
    WON = "won"
    LOST = "lost"
    MATCHED = "matched"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseKey:
    """Which case of an order is meant: there is never a second one of the same key.

    `about` is the refund's key, or what else tells cases of one transaction apart. A transaction
    that was found wanting before it was paid must be told again when it is paid: `money_came`.
    """

    code: CaseCode
    transaction_id: str
    money_came: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What waits for a human until it has a `resolution`; details and amount are kept sealed.

    `case_id` is how operators name it; None before it is stored.
    """

    key: CaseKey
    attempt: int
    details: Mapping[str, str] = field(default_factory=dict)
    amount: Money | None = None
    resolution: Resolution | None = None
    case_id: int | None = field(default=None, compare=False)

    @property
    def code(self) -> CaseCode:
        return self.key.code

    @property
    def is_open(self) -> bool:
        return self.resolution is None
