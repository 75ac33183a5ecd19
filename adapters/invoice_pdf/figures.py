"""A table of figures; over several pages it repeats its head."""

from collections.abc import Sequence
from dataclasses import dataclass

from reportlab.lib.units import mm
from reportlab.platypus import Table

from adapters.invoice_pdf.style import BODY, CELL_PADDING, HAIRLINE, INK, LABEL, SHADE, Style
from adapters.invoice_pdf.typeface import BOLD

Row = tuple[str, ...]

_TOTAL = Style(BOLD, 7.5, INK)  # bold runs wider, and a total longer, than what it sums up


@dataclass(frozen=True, slots=True)
class Figures:
    """Of each row the first cell says what the others count; `total` is the last row, if any."""

    head: Row
    rows: Sequence[Row]
    total: Row | None = None


def figures_table(figures: Figures, widths: Sequence[float]) -> Table:
    rows = [_fitted(row, widths, BODY) for row in figures.rows]
    if figures.total:
        rows.append(_fitted(figures.total, widths, _TOTAL))
    table = Table([figures.head, *rows], colWidths=list(widths), repeatRows=1)
    table.setStyle(
        [
            *LABEL.commands(0),
            *BODY.commands(1, -1),
            ("BACKGROUND", (0, 0), (-1, 0), SHADE),
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, HAIRLINE),
            ("ALIGN", (1, 0), (-1, -1), "RIGHT"),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), CELL_PADDING),
            ("RIGHTPADDING", (0, 0), (-1, -1), CELL_PADDING),
            ("TOPPADDING", (0, 0), (-1, -1), 1.2 * mm),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1.6 * mm),
            *(_TOTAL.commands(-1) if figures.total else ()),
        ]
    )
    return table


def _fitted(row: Row, widths: Sequence[float], style: Style) -> list[str]:
    return [
        _wrapped(text, width - 2 * CELL_PADDING, style)
        for text, width in zip(row, widths, strict=True)
    ]


def _wrapped(text: str, width: float, style: Style) -> str:
    """Broken into lines that fit; what is indented stays so."""
    bare = text.lstrip()
    return text[: len(text) - len(bare)] + style.wrapped(bare, width)
