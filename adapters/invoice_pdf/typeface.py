"""The embedded typeface: which glyphs it has, and where its lines break."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import reportlab
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

# By its full path: by name alone, reportlab would prefer a namesake among the system's fonts.
_FILES = Path(reportlab.__file__).parent / "fonts"
NO_GLYPH = "?"


@dataclass(frozen=True)
class Typeface:
    """One weight, known to reportlab by `name` once it is registered."""

    name: str
    file: str

    def register(self) -> None:
        pdfmetrics.registerFont(self._font)

    @cached_property
    def _font(self) -> TTFont:
        return TTFont(self.name, str(_FILES / self.file))

    def writable(self, text: str) -> str:
        """The text on one line, each glyph that the font lacks shown as `?`."""
        glyphs = self._font.face.charToGlyph
        composed = unicodedata.normalize("NFC", " ".join(text.split()))
        return "".join(char if ord(char) in glyphs else NO_GLYPH for char in composed)

    def width(self, text: str, size: float) -> float:
        return pdfmetrics.stringWidth(text, self.name, size)

    def wrapped(self, text: str, size: float, width: float) -> str:
        """The writable text, broken into lines that fit the width."""
        return "\n".join(self._lines(self.writable(text), size, width))

    def _lines(self, text: str, size: float, width: float) -> Iterator[str]:
        line = ""
        for word in text.split(" "):
            joined = f"{line} {word}".lstrip()
            if self.width(joined, size) <= width:
                line = joined
                continue
            if line:
                yield line
            *full, line = self._pieces(word, size, width)
            yield from full
        yield line

    def _pieces(self, word: str, size: float, width: float) -> Iterator[str]:
        """A word that is wider than a whole line is broken anywhere."""
        piece = ""
        for char in word:
            if piece and self.width(piece + char, size) > width:
                yield piece
                piece = ""
            piece += char
        yield piece


REGULAR = Typeface("Invoice-Regular", "Vera.ttf")
BOLD = Typeface("Invoice-Bold", "VeraBd.ttf")
