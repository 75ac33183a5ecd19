"""The parts of an invoice, from top to bottom."""

from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, Spacer, Table

from adapters.display import day_wib, instant_wib, method_name
from adapters.invoice_pdf.blocks import GAP, SUMS, WIDTH, contact, head, parties, sums
from adapters.invoice_pdf.column import PLAIN, column, side_by_side
from adapters.invoice_pdf.items import items_table
from adapters.invoice_pdf.style import BODY, PAID, STAMP
from adapters.invoice_pdf.wording import WORDING
from payments.invoice import Invoice

_STAMP = 68 * mm


def parts(invoice: Invoice) -> list[Flowable]:
    words = WORDING[invoice.locale]
    return [
        *head(words.title, invoice.number, invoice.merchant),
        _parties(invoice),
        Spacer(0, 9 * mm),
        items_table(invoice, WIDTH),
        Spacer(0, 6 * mm),
        KeepTogether(
            [_closing(invoice), Spacer(0, 10 * mm), contact(words.contact, invoice.merchant)]
        ),
    ]


def _parties(invoice: Invoice) -> Table:
    words, locale = WORDING[invoice.locale], invoice.locale
    issued = (words.issued, day_wib(invoice.issued_at, locale))
    return parties(invoice.customer, locale, issued, (words.order, invoice.order_id))


def _closing(invoice: Invoice) -> Table:
    total = sums(WORDING[invoice.locale].total, invoice.total, invoice.tax, invoice.locale)
    return side_by_side([_stamp(invoice), total], [WIDTH - SUMS, SUMS])


def _stamp(invoice: Invoice) -> Table:
    text = [
        (WORDING[invoice.locale].paid, STAMP),
        (instant_wib(invoice.paid_at, invoice.locale), BODY),
    ]
    if invoice.paid_with:
        text.append((method_name(invoice.paid_with, invoice.locale), BODY))
    stamp = Table([[column(text, _STAMP - 2 * GAP)]], colWidths=[_STAMP], hAlign="LEFT")
    stamp.setStyle(
        [
            *PLAIN,
            ("BOX", (0, 0), (-1, -1), 1, PAID),
            ("ROUNDEDCORNERS", [4, 4, 4, 4]),
            ("LEFTPADDING", (0, 0), (-1, -1), GAP),
            ("TOPPADDING", (0, 0), (-1, -1), 3 * mm),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5 * mm),
        ]
    )
    return stamp
