"""What a reconciliation run came to, on a terminal and for scripts."""

from rich.markup import escape

from adapters.display import count, money
from adapters.midtrans.settlement_cells import Unread
from adapters.run_report import (
    Sums,
    found_by_kind,
    heard_of_by,
    sum_of_all,
    sums_by_method,
    verdict,
)
from payments.reconciliation import RunReport
from payments.request import Locale
from starter.bodies import in_utc
from starter.commands.terminal import err, facts, listing, out
from starter.reconciling import FileSummary


def print_summary(summary: FileSummary) -> None:
    """One line of each thing that could not be read goes to standard error."""
    for unread in summary.shown:
        err.print(_unread_text(unread), markup=False)
    if summary.hidden:
        err.print(f"… and {summary.hidden} more", markup=False)
    report = summary.report
    table = facts(f"run {report.run_id}")
    for name, number in _counts(summary).items():
        table.add_row(name, count(number, Locale.EN))
    out.print(table)
    _print_sums(report)
    out.print(f"\n{verdict(report)}", markup=False)


def summary_document(summary: FileSummary) -> dict[str, object]:
    return {
        **report_document(summary.report),
        "unread": summary.unread,
        "unread_shown": [
            {
                "line": each.line,
                "column": each.column,
                "text": each.text,
                "is_skipped": each.is_skipped,
            }
            for each in summary.shown
        ],
    }


def report_document(report: RunReport) -> dict[str, object]:
    tally = report.tally
    return {
        "run_id": report.run_id,
        "kind": report.kind,
        "started_at": in_utc(report.started_at),
        "finished_at": in_utc(report.finished_at),
        "checked": tally.checked,
        "unanswered": tally.unanswered,
        "found": dict(tally.found),
        "repaired": tally.repaired,
        "open_discrepancies": report.open_discrepancies,
        "overdue_discrepancies": report.overdue_discrepancies,
        "currency": report.currency,
        "captured": dict(tally.captured),
        "refunded": dict(tally.refunded),
        "fees": dict(tally.fees),
        "found_by": dict(tally.found_by),
    }


def _counts(summary: FileSummary) -> dict[str, int]:
    report = summary.report
    return {
        "checked": report.tally.checked,
        "not read": summary.unread,
        "not answered": report.tally.unanswered,
        **dict(found_by_kind(report)),
        "repaired": report.tally.repaired,
        "open": report.open_discrepancies,
        "open for too long": report.overdue_discrepancies,
        **{f"heard of by {way}": number for way, number in heard_of_by(report)},
    }


def _print_sums(report: RunReport) -> None:
    table = listing("method", "captured", "refunded", "fees", "net")
    for sums in (*sums_by_method(report), sum_of_all(report)):
        table.add_row(*map(escape, _cells(sums)))
    out.print()
    out.print(table)


def _cells(sums: Sums) -> tuple[str, ...]:
    fees = "" if sums.fees is None else money(sums.fees, Locale.EN)
    captured, refunded, net = (
        money(each, Locale.EN) for each in (sums.captured, sums.refunded, sums.net)
    )
    return (sums.label, captured, refunded, fees, net)


def _unread_text(unread: Unread) -> str:
    where = f", {unread.column}" if unread.column else ""
    skipped = " (line skipped)" if unread.is_skipped else ""
    return f"line {unread.line}{where}: {unread.text}{skipped}"
