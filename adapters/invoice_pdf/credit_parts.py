"""The parts of a credit note, from top to bottom."""

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, Spacer, Table

from adapters.display import day_wib
from adapters.invoice_pdf.blocks import GAP, SUMS, WIDTH, contact, head, labelled, parties, sums
from adapters.invoice_pdf.column import column, side_by_side
from adapters.invoice_pdf.style import SMALL, STRONG
from adapters.invoice_pdf.wording import CREDIT_WORDING, WORDING
from payments.credit_note import CreditNote, CreditReason

_SPACE = ("", SMALL)


def credit_parts(note: CreditNote) -> list[Flowable]:
    words = CREDIT_WORDING[note.locale]
    return [
        *head(words.title, note.number, note.merchant),
        _parties(note),
        Spacer(0, 9 * mm),
        _closing(note),
        Spacer(0, 10 * mm),
        contact(words.contact, note.merchant),
    ]


def _parties(note: CreditNote) -> Table:
    words = WORDING[note.locale]
    issued = (words.issued, day_wib(note.issued_at, note.locale))
    return parties(note.customer, note.locale, issued, (words.order, note.order_id))


def _closing(note: CreditNote) -> Table:
    total = sums(CREDIT_WORDING[note.locale].total, note.amount, note.tax, note.locale)
    return side_by_side([_meaning(note), total], [WIDTH - SUMS, SUMS])


def _meaning(note: CreditNote) -> Table:
    """Which invoice it takes the amount back from, and why."""
    words = CREDIT_WORDING[note.locale]
    lines = [
        *labelled((words.invoice,)),
        (note.invoice_number, STRONG),
        _SPACE,
        *labelled((words.invoice_issued, day_wib(note.invoice_issued_at, note.locale))),
        _SPACE,
        *labelled((words.reason, _reason(note))),
    ]
    return column(lines, WIDTH - SUMS - GAP)


def _reason(note: CreditNote) -> str:
    words = CREDIT_WORDING[note.locale]
    if note.reason is CreditReason.REVERSAL:
        return words.reversal
    return words.refund.format(refund_key=note.refund_key)
