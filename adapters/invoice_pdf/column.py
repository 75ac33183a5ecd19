"""Text set in columns.

Table cells hold plain strings, never paragraphs: reportlab reads markup in a paragraph, so a
customer called `<b>` would change the document.
"""

from collections.abc import Sequence
from typing import Literal

from reportlab.platypus import Table

from adapters.invoice_pdf.style import BODY, Style, TableCommand

# Every cell names its font: where one does not, reportlab refers to a font that is not embedded.
PLAIN: tuple[TableCommand, ...] = (
    *BODY.commands(0, -1),
    *((f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT", "TOP", "BOTTOM")),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
)


def column(
    lines: Sequence[tuple[str, Style]], width: float, align: Literal["LEFT", "RIGHT"] = "LEFT"
) -> Table:
    """Lines of differing style under each other, wrapped to the width."""
    table = Table(
        [[style.wrapped(text, width)] for text, style in lines], colWidths=[width], hAlign=align
    )
    styles = (command for row, (_, style) in enumerate(lines) for command in style.commands(row))
    table.setStyle([*PLAIN, ("ALIGN", (0, 0), (-1, -1), align), *styles])
    return table


def side_by_side(tables: Sequence[Table], widths: Sequence[float]) -> Table:
    row = Table([list(tables)], colWidths=list(widths))
    row.setStyle(PLAIN)
    return row
