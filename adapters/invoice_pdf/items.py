"""The table of what was bought; over several pages it repeats its head."""

from reportlab.lib.units import mm
from reportlab.platypus import Table

from adapters.display import count, money
from adapters.invoice_pdf.style import BODY, CELL_PADDING, HAIRLINE, LABEL, SHADE
from adapters.invoice_pdf.wording import WORDING
from payments.invoice import Invoice
from payments.money import Money
from payments.request import LineItem

_NUMBER, _QUANTITY, _PRICE = 11 * mm, 18 * mm, 35 * mm


def items_table(invoice: Invoice, width: float) -> Table:
    name_width = width - _NUMBER - _QUANTITY - 2 * _PRICE
    words = WORDING[invoice.locale]
    head = ["#", words.item, words.quantity, words.unit_price, words.line_total]
    rows = [
        [
            str(number),
            BODY.wrapped(item.name, name_width - 2 * CELL_PADDING),
            *_figures(item, invoice),
        ]
        for number, item in enumerate(invoice.items, start=1)
    ]
    table = Table(
        [head, *rows],
        colWidths=[_NUMBER, name_width, _QUANTITY, _PRICE, _PRICE],
        repeatRows=1,
    )
    table.setStyle(
        [
            *LABEL.commands(0),
            *BODY.commands(1, -1),
            ("BACKGROUND", (0, 0), (-1, 0), SHADE),
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, HAIRLINE),
            ("ALIGN", (2, 0), (-1, -1), "RIGHT"),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), CELL_PADDING),
            ("RIGHTPADDING", (0, 0), (-1, -1), CELL_PADDING),
            ("TOPPADDING", (0, 0), (-1, -1), 1.9 * mm),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2.3 * mm),
        ]
    )
    return table


def _figures(item: LineItem, invoice: Invoice) -> list[str]:
    price = Money(item.price, invoice.total.currency)
    return [
        count(item.quantity, invoice.locale),
        money(price, invoice.locale),
        money(price.times(item.quantity), invoice.locale),
    ]
