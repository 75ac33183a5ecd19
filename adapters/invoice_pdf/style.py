"""The few colours and text styles of the documents."""

from dataclasses import dataclass
from typing import Any

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.units import mm

from adapters.invoice_pdf.typeface import BOLD, REGULAR, Typeface

INK = HexColor(0x1F2933)
MUTED = HexColor(0x66707D)
ACCENT = HexColor(0x1F3A5F)
PAID = HexColor(0x1B7F4D)
ATTENTION = HexColor(0xB3261E)
HAIRLINE = HexColor(0xD5DAE1)
SHADE = HexColor(0xF1F4F8)

CELL_PADDING = 2.4 * mm
_LEADING = 1.45  # line height, in type sizes

TableCommand = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Style:
    face: Typeface
    size: float
    colour: Color

    def commands(self, row: int, last_row: int | None = None) -> list[TableCommand]:
        """What tells a table to set these rows, or this one row, in this style."""
        first, last = (0, row), (-1, row if last_row is None else last_row)
        return [
            ("FONT", first, last, self.face.name, self.size, self.size * _LEADING),
            ("TEXTCOLOR", first, last, self.colour),
        ]

    def wrapped(self, text: str, width: float) -> str:
        return self.face.wrapped(text, self.size, width)


TITLE = Style(REGULAR, 22, ACCENT)
NAME = Style(BOLD, 13, INK)
TOTAL = Style(BOLD, 11, INK)
STAMP = Style(BOLD, 13, PAID)
WARNING = Style(BOLD, 13, ATTENTION)
STRONG = Style(BOLD, 9, INK)
BODY = Style(REGULAR, 8.5, INK)
LABEL = Style(BOLD, 7.5, MUTED)
SMALL = Style(REGULAR, 7.5, MUTED)
