"""The parts of a reconciliation report, from top to bottom."""

from collections.abc import Iterator

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer, Table

from adapters.display import count, instant_wib, money
from adapters.invoice_pdf.blocks import GAP, WIDTH, head, labelled
from adapters.invoice_pdf.column import column, side_by_side
from adapters.invoice_pdf.figures import Figures, figures_table
from adapters.invoice_pdf.style import SMALL, STAMP, WARNING
from adapters.run_report import (
    RUN_KINDS,
    Sums,
    agrees,
    found_by_kind,
    heard_of_by,
    sum_of_all,
    sums_by_method,
    verdict,
)
from payments.invoice import Merchant
from payments.money import Money
from payments.reconciliation import RunReport
from payments.request import Locale

TITLE = "Reconciliation"

_UNKNOWN = "–"  # noqa: RUF001 (a dash, as tables have it)
_FEES = "Fees are those that a settlement file names; net is captured less refunded and fees."
_THIRD = WIDTH / 3
_LARGE, _SMALL = 38 * mm, 28 * mm  # trillions come in, far less goes out
_SUMS = (WIDTH - 2 * (_LARGE + _SMALL), _LARGE, _SMALL, _SMALL, _LARGE)
_COUNTS = (WIDTH - _SMALL, _SMALL)
_INDENT = "   "


def report_parts(report: RunReport, merchant: Merchant) -> list[Flowable]:
    return [
        *head(TITLE, report.run_id, merchant),
        _run(report),
        Spacer(0, 8 * mm),
        column([(verdict(report), STAMP if agrees(report) else WARNING)], WIDTH),
        Spacer(0, 6 * mm),
        figures_table(
            Figures(("Attempts and differences", "Count"), list(_counts(report))), _COUNTS
        ),
        Spacer(0, 8 * mm),
        *_sums(report),
        Spacer(0, 8 * mm),
        _heard(report),
    ]


def _run(report: RunReport) -> Table:
    facts = (
        ("Compared", RUN_KINDS[report.kind]),
        ("Started", instant_wib(report.started_at, Locale.EN)),
        ("Finished", instant_wib(report.finished_at, Locale.EN)),
    )
    return side_by_side([column(labelled(fact), _THIRD - GAP) for fact in facts], [_THIRD] * 3)


def _counts(report: RunReport) -> Iterator[tuple[str, ...]]:
    tally = report.tally
    yield "Checked", _number(tally.checked)
    yield "Without an answer from the gateway", _number(tally.unanswered)
    yield "Differences found", _number(sum(tally.found.values()))
    yield from ((f"{_INDENT}{label}", _number(found)) for label, found in found_by_kind(report))
    yield "Repaired automatically", _number(tally.repaired)
    yield "Open", _number(report.open_discrepancies)
    yield "Open for too long", _number(report.overdue_discrepancies)


def _sums(report: RunReport) -> list[Flowable]:
    rows = [_amounts(sums) for sums in sums_by_method(report)]
    figures = Figures(
        ("Method", "Captured", "Refunded", "Fees", "Net"), rows, _amounts(sum_of_all(report))
    )
    note = column([(_FEES, SMALL)], WIDTH)
    return [figures_table(figures, _SUMS), Spacer(0, 2 * mm), note]


def _heard(report: RunReport) -> Flowable:
    rows = [(label, _number(heard)) for label, heard in heard_of_by(report)]
    paid = sum(report.tally.found_by.values())
    figures = Figures(
        ("Payments, by how they were heard of", "Count"), rows, ("Total", _number(paid))
    )
    return KeepTogether([figures_table(figures, _COUNTS)])


def _amounts(sums: Sums) -> tuple[str, ...]:
    fees = _UNKNOWN if sums.fees is None else _money(sums.fees)
    return sums.label, _money(sums.captured), _money(sums.refunded), fees, _money(sums.net)


def _money(amount: Money) -> str:
    return money(amount, Locale.EN)


def _number(number: int) -> str:
    return count(number, Locale.EN)
