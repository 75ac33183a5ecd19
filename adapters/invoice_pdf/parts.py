"""The parts of an invoice, from top to bottom."""

from collections.abc import Iterator

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, HRFlowable, KeepTogether, Spacer, Table

from adapters.display import day_wib, instant_wib, method_name, money
from adapters.invoice_pdf.column import PLAIN, column, side_by_side
from adapters.invoice_pdf.items import items_table
from adapters.invoice_pdf.style import (
    ACCENT,
    BODY,
    CELL_PADDING,
    HAIRLINE,
    LABEL,
    NAME,
    PAID,
    SMALL,
    STAMP,
    STRONG,
    TITLE,
    TOTAL,
    Style,
)
from adapters.invoice_pdf.wording import WORDING
from payments.invoice import Invoice, Merchant

MARGIN = 20 * mm
WIDTH = A4[0] - 2 * MARGIN

_GAP = 6 * mm
_HALF = WIDTH / 2
_QUARTER = WIDTH / 4
_SUMS = 84 * mm
_STAMP = 68 * mm


def parts(invoice: Invoice) -> list[Flowable]:
    return [
        _letterhead(invoice),
        HRFlowable("100%", thickness=1, color=ACCENT, spaceBefore=7 * mm, spaceAfter=6 * mm),
        _parties(invoice),
        Spacer(0, 9 * mm),
        items_table(invoice, WIDTH),
        Spacer(0, 6 * mm),
        KeepTogether([_closing(invoice), Spacer(0, 10 * mm), _contact(invoice)]),
    ]


def _letterhead(invoice: Invoice) -> Table:
    title = [(WORDING[invoice.locale].title, TITLE), (invoice.number, STRONG)]
    return side_by_side(
        [
            column(list(_identity(invoice.merchant)), _HALF + _QUARTER - _GAP),
            column(title, _QUARTER, align="RIGHT"),
        ],
        [_HALF + _QUARTER, _QUARTER],
    )


def _identity(merchant: Merchant) -> Iterator[tuple[str, Style]]:
    yield merchant.name, NAME
    yield from ((line, BODY) for line in merchant.address)
    if merchant.npwp:
        yield f"NPWP {merchant.npwp}", BODY
    yield " · ".join(_ways_to_reach(merchant)), SMALL


def _ways_to_reach(merchant: Merchant) -> list[str]:
    return [way for way in (merchant.email, merchant.phone, merchant.website) if way]


def _parties(invoice: Invoice) -> Table:
    words, customer = WORDING[invoice.locale], invoice.customer
    buyer = [(words.buyer, LABEL), (customer.name, STRONG), (customer.email, BODY)]
    if customer.phone:
        buyer.append((customer.phone, BODY))
    issued = [(words.issued, LABEL), (day_wib(invoice.issued_at, invoice.locale), BODY)]
    order = [(words.order, LABEL), (invoice.order_id, BODY)]
    return side_by_side(
        [
            column(buyer, _HALF - _GAP),
            column(issued, _QUARTER - _GAP),
            column(order, _QUARTER, align="RIGHT"),
        ],
        [_HALF, _QUARTER, _QUARTER],
    )


def _closing(invoice: Invoice) -> Table:
    return side_by_side([_stamp(invoice), _sums(invoice)], [WIDTH - _SUMS, _SUMS])


def _stamp(invoice: Invoice) -> Table:
    text = [
        (WORDING[invoice.locale].paid, STAMP),
        (instant_wib(invoice.paid_at, invoice.locale), BODY),
    ]
    if invoice.paid_with:
        text.append((method_name(invoice.paid_with, invoice.locale), BODY))
    stamp = Table([[column(text, _STAMP - 2 * _GAP)]], colWidths=[_STAMP], hAlign="LEFT")
    stamp.setStyle(
        [
            *PLAIN,
            ("BOX", (0, 0), (-1, -1), 1, PAID),
            ("ROUNDEDCORNERS", [4, 4, 4, 4]),
            ("LEFTPADDING", (0, 0), (-1, -1), _GAP),
            ("TOPPADDING", (0, 0), (-1, -1), 3 * mm),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3.5 * mm),
        ]
    )
    return stamp


def _sums(invoice: Invoice) -> Table:
    rows = list(_sum_rows(invoice))
    table = Table([[label, amount] for label, amount, _ in rows], colWidths=[_SUMS / 2] * 2)
    table.setStyle(
        [
            ("ALIGN", (1, 0), (1, -1), "RIGHT"),
            ("LEFTPADDING", (0, 0), (-1, -1), CELL_PADDING),
            ("RIGHTPADDING", (0, 0), (-1, -1), CELL_PADDING),
            ("TOPPADDING", (0, 0), (-1, -1), 1.2 * mm),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1.2 * mm),
            ("BOTTOMPADDING", (0, 0), (-1, 0), 3 * mm),
            *(command for row, (*_, style) in enumerate(rows) for command in style.commands(row)),
        ]
    )
    if invoice.tax:
        table.setStyle([("LINEBELOW", (0, 0), (-1, 0), 0.5, HAIRLINE)])
    return table


def _sum_rows(invoice: Invoice) -> Iterator[tuple[str, str, Style]]:
    words, locale, tax = WORDING[invoice.locale], invoice.locale, invoice.tax
    yield words.total, money(invoice.total, locale), TOTAL
    if tax is None:
        return
    yield words.tax_included, "", SMALL
    yield words.tax_base, money(tax.base, locale), BODY
    yield tax.label, money(tax.amount, locale), BODY


def _contact(invoice: Invoice) -> Table:
    return column([(f"{WORDING[invoice.locale].contact} {invoice.merchant.email}", SMALL)], WIDTH)
