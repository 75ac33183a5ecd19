"""A reconciliation run: what it looks at, and what it comes to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from payments.gateway import StatusReport
from payments.payment import Payment
from payments.reconciling import Discrepancy, RunKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The next attempts to be looked at: those after `after`, a gateway order id ("" at first).

    OPEN: every attempt that is open. RECENT: attempts accepted since `since` and before `until`,
    and every attempt with a refund that is not confirmed, an unmatched case, or an open difference
    that the gateway's answer can close. `is_recheck` when the run looks at them again.
    """

    run_id: str
    kind: RunKind
    since: datetime
    after: str
    size: int
    at: datetime
    until: datetime | None = None
    is_recheck: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """What a batch looks at; `unreadable` are those of it that cannot be, one difference each.

    `last` is where the next batch goes on; None when this is the last one.
    """

    readable: tuple[tuple[Payment, int], ...] = ()
    unreadable: tuple[Discrepancy, ...] = ()
    last: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was counted so far: numbers only, so that it stays small however long the run is.

    `money` is by payment method, in minor units: what was captured, refunded. `found_by` counts
    paid attempts by how we heard of the money: notification, asking or reconciliation.
    """

    checked: int = 0
    unanswered: int = 0
    found: Mapping[str, int] = field(default_factory=dict)
    repaired: int = 0
    captured: Mapping[str, int] = field(default_factory=dict)
    refunded: Mapping[str, int] = field(default_factory=dict)
    fees: Mapping[str, int] = field(default_factory=dict)
    found_by: Mapping[str, int] = field(default_factory=dict)

    def plus(self, other: "Tally") -> "Tally":
        return Tally(
            checked=self.checked + other.checked,
            unanswered=self.unanswered + other.unanswered,
            found=_summed(self.found, other.found),
            repaired=self.repaired + other.repaired,
            captured=_summed(self.captured, other.captured),
            refunded=_summed(self.refunded, other.refunded),
            fees=_summed(self.fees, other.fees),
            found_by=_summed(self.found_by, other.found_by),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """`last` is where the next batch goes on; None when this was the last one."""

    tally: Tally
    last: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedRun:
    run_id: str
    kind: RunKind
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRun:
    run_id: str
    tally: Tally
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One attempt that was asked about, once per batch.

    `report` is the first of its transactions' that the gateway has; `found` is of all of them.
    `was_answered` unless the gateway could not be asked about one.
    """

    payment: Payment
    number: int
    report: StatusReport | None
    was_answered: bool
    found: tuple[Discrepancy, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What a run came to, as finance reads it."""

    run_id: str
    kind: RunKind
    started_at: datetime
    finished_at: datetime
    tally: Tally
    currency: str
    open_discrepancies: int
    overdue_discrepancies: int


def _summed(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    names = (*one, *(name for name in other if name not in one))
    return {name: one.get(name, 0) + other.get(name, 0) for name in names}
