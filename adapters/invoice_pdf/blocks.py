"""The blocks that invoices, credit notes and reports are put together from."""

from collections.abc import Iterator, Sequence

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, HRFlowable, Table

from adapters.display import money
from adapters.invoice_pdf.column import column, side_by_side
from adapters.invoice_pdf.style import (
    ACCENT,
    BODY,
    CELL_PADDING,
    HAIRLINE,
    LABEL,
    NAME,
    SMALL,
    STRONG,
    TITLE,
    TOTAL,
    Style,
)
from adapters.invoice_pdf.wording import WORDING
from payments.invoice import Merchant, Tax
from payments.money import Money
from payments.request import Customer, Locale

MARGIN = 20 * mm
WIDTH = A4[0] - 2 * MARGIN
SUMS = 84 * mm
GAP = 6 * mm

_HALF = WIDTH / 2
_QUARTER = WIDTH / 4
_ROUNDING = 1


def head(title: str, number: str, merchant: Merchant) -> list[Flowable]:
    """Who issues what, and the rule below it."""
    title_width = max(_QUARTER, TITLE.face.width(title, TITLE.size) + _ROUNDING)
    letterhead = side_by_side(
        [
            column(list(_identity(merchant)), WIDTH - title_width - GAP),
            column([(title, TITLE), (number, STRONG)], title_width, align="RIGHT"),
        ],
        [WIDTH - title_width, title_width],
    )
    rule = HRFlowable("100%", thickness=1, color=ACCENT, spaceBefore=7 * mm, spaceAfter=6 * mm)
    return [letterhead, rule]


def parties(
    customer: Customer, locale: Locale, issued: Sequence[str], order: Sequence[str]
) -> Table:
    """The customer, and two labelled facts beside; of each fact the first line is its label."""
    buyer = [(WORDING[locale].buyer, LABEL), (customer.name, STRONG), (customer.email, BODY)]
    if customer.phone:
        buyer.append((customer.phone, BODY))
    return side_by_side(
        [
            column(buyer, _HALF - GAP),
            column(labelled(issued), _QUARTER - GAP),
            column(labelled(order), _QUARTER, align="RIGHT"),
        ],
        [_HALF, _QUARTER, _QUARTER],
    )


def labelled(lines: Sequence[str]) -> list[tuple[str, Style]]:
    """A label and what it stands for."""
    label, *facts = lines
    return [(label, LABEL), *((fact, BODY) for fact in facts)]


def sums(label: str, total: Money, tax: Tax | None, locale: Locale) -> Table:
    """The total, and the tax in it where the shop owes any."""
    rows = list(_sum_rows(label, total, tax, locale))
    table = Table([[name, amount] for name, amount, _ in rows], colWidths=[SUMS / 2] * 2)
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
    if tax:
        table.setStyle([("LINEBELOW", (0, 0), (-1, 0), 0.5, HAIRLINE)])
    return table


def contact(question: str, merchant: Merchant) -> Table:
    return column([(f"{question} {merchant.email}", SMALL)], WIDTH)


def _identity(merchant: Merchant) -> Iterator[tuple[str, Style]]:
    yield merchant.name, NAME
    yield from ((line, BODY) for line in merchant.address)
    if merchant.npwp:
        yield f"NPWP {merchant.npwp}", BODY
    yield " · ".join(_ways_to_reach(merchant)), SMALL


def _ways_to_reach(merchant: Merchant) -> list[str]:
    return [way for way in (merchant.email, merchant.phone, merchant.website) if way]


def _sum_rows(
    label: str, total: Money, tax: Tax | None, locale: Locale
) -> Iterator[tuple[str, str, Style]]:
    yield label, money(total, locale), TOTAL
    if tax is None:
        return
    words = WORDING[locale]
    yield words.tax_included, "", SMALL
    yield words.tax_base, money(tax.base, locale), BODY
    yield tax.label, money(tax.amount, locale), BODY
