"""A reconciliation run in the words of finance: English, as the CSV files beside it are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from adapters.display import count, method_name
from payments.methods import PaymentMethod
from payments.money import Currency, Money, total
from payments.reconciliation import RunReport
from payments.reconciling import DiscrepancyKind, RunKind
from payments.request import Locale

RUN_KINDS: dict[RunKind, str] = {
    RunKind.OPEN: "Open attempts",
    RunKind.RECENT: "Recent attempts",
    RunKind.FILE: "Settlement file",
}
DIFFERENCES: dict[DiscrepancyKind, str] = {
    DiscrepancyKind.STATE_DIFFERS: "State differs",
    DiscrepancyKind.AMOUNT_DIFFERS: "Amount differs",
    DiscrepancyKind.CURRENCY_DIFFERS: "Currency differs",
    DiscrepancyKind.METHOD_DIFFERS: "Method differs",
    DiscrepancyKind.REFUND_DIFFERS: "Refund differs",
    DiscrepancyKind.OURS_MISSING: "Missing with us",
    DiscrepancyKind.THEIRS_MISSING: "Missing at the gateway",
    DiscrepancyKind.OVERDUE: "Still open long after the customer's time",
    DiscrepancyKind.CAPTURE_OVERDUE: "Card captured but not settled in time",
    DiscrepancyKind.FEE_UNEXPECTED: "Fee not as agreed",
    DiscrepancyKind.DUPLICATE_ROW: "Row twice in the file",
    DiscrepancyKind.UNREADABLE: "What we hold cannot be read",
}
_METHODS = {method.value: method_name(method, Locale.EN) for method in PaymentMethod}
_HEARD_BY = {
    "notification": "Notification",
    "asking": "Asking the gateway",
    "reconciliation": "Reconciliation",
}
_TOTAL = "Total"


@dataclass(frozen=True, slots=True)
class Sums:
    """What came in and went out; `fees` is None where the run knows of none."""

    label: str
    captured: Money
    refunded: Money
    fees: Money | None

    @property
    def net(self) -> Money:
        left = self.captured - self.refunded
        return left if self.fees is None else left - self.fees


def sums_by_method(report: RunReport) -> list[Sums]:
    """One line per method that had any money."""
    tally = report.tally
    names = [*tally.captured, *tally.refunded, *tally.fees]
    return [_sums_of(report, name, label) for name, label in _in_order(names, _METHODS)]


def sum_of_all(report: RunReport) -> Sums:
    tally, currency = report.tally, Currency(report.currency)
    captured, refunded, fees = (
        total((Money(each, currency) for each in by_method.values()), currency)
        for by_method in (tally.captured, tally.refunded, tally.fees)
    )
    return Sums(_TOTAL, captured, refunded, fees if tally.fees else None)


def found_by_kind(report: RunReport) -> list[tuple[str, int]]:
    found = report.tally.found
    words = {kind.value: label for kind, label in DIFFERENCES.items()}
    return [(label, found[name]) for name, label in _in_order(found, words) if found[name]]


def heard_of_by(report: RunReport) -> list[tuple[str, int]]:
    """How many payments were heard of in which way."""
    heard = report.tally.found_by
    return [(label, heard[name]) for name, label in _in_order(heard, _HEARD_BY)]


def outcome(report: RunReport) -> str:
    """`3 differences open, 2 attempts unanswered`; what could not be asked does not agree."""
    unsettled = [
        f"{counted(number, noun)} {what}"
        for number, noun, what in (
            (report.open_discrepancies, "difference", "open"),
            (report.tally.unanswered, "attempt", "unanswered"),
        )
        if number
    ]
    return ", ".join(unsettled) or "all agrees"


def verdict(report: RunReport) -> str:
    """The outcome in whole sentences."""
    return " ".join([_differing(report), *_unasked(report)])


def agrees(report: RunReport) -> bool:
    return not report.open_discrepancies and not report.tally.unanswered


def counted(number: int, noun: str) -> str:
    return f"{count(number, Locale.EN)} {noun if number == 1 else f'{noun}s'}"


def _differing(report: RunReport) -> str:
    if report.open_discrepancies:
        late = report.overdue_discrepancies
        too_long = f", {count(late, Locale.EN)} of them for too long" if late else ""
        are = "is" if report.open_discrepancies == 1 else "are"
        return f"{counted(report.open_discrepancies, 'difference')} {are} open{too_long}."
    if any(report.tally.found.values()):
        return "Nothing differs any more."
    return "Nothing differs."


def _unasked(report: RunReport) -> list[str]:
    number = report.tally.unanswered
    return [f"{counted(number, 'attempt')} could not be asked about."] if number else []


def _sums_of(report: RunReport, name: str, label: str) -> Sums:
    tally, currency = report.tally, Currency(report.currency)
    captured, refunded = tally.captured.get(name, 0), tally.refunded.get(name, 0)
    fee = tally.fees.get(name)
    return Sums(
        label,
        Money(captured, currency),
        Money(refunded, currency),
        None if fee is None else Money(fee, currency),
    )


def _in_order(names: Iterable[str], words: Mapping[str, str]) -> list[tuple[str, str]]:
    """Each name once with its word, in the order of the words; a name without one comes last."""
    present = set(names)
    unknown = sorted(present - set(words))
    return [(name, words[name]) for name in words if name in present] + [
        (name, name) for name in unknown
    ]
