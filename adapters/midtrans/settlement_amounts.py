"""Amounts as people and spreadsheets write them: `10000.00`, `Rp10.000`, `(10,000)`."""

import re

_PREFIX = r"(?:(?:IDR|Rp)\.?\s*)?"
_PLAIN = re.compile(r"([0-9]{1,15})(?:([.,])([0-9]{1,2}))?")
_GROUPED = re.compile(
    r"([1-9][0-9]{0,2}(?:([.,])[0-9]{3})(?:\2[0-9]{3}){0,3})(?:([.,])([0-9]{1,2}))?"
)
_SIGNED = re.compile(rf"(-?)\s*{_PREFIX}(-?)\s*([0-9][0-9.,]*)(?:\s*IDR)?", re.IGNORECASE)
_OTHER = {".": ",", ",": "."}


class AmountReader:
    """Reads one file's amounts exactly; which mark begins its decimals is one per file.

    Without that, `10.500` could be either ten thousand five hundred or ten and a half.
    """

    def __init__(self) -> None:
        self._decimal_mark: str | None = None

    def read(self, text: str) -> int:
        """Whole rupiah; ValueError says why the text cannot be read."""
        written = text.strip()
        is_bracketed = written.startswith("(") and written.endswith(")")
        match = _SIGNED.fullmatch(written[1:-1].strip() if is_bracketed else written)
        if match is None or (is_bracketed, match[1], match[2]).count("-") + is_bracketed > 1:
            raise ValueError(f"{text!r} is not an amount")
        value = self._unsigned(match[3])
        return -value if is_bracketed or match[1] or match[2] else value

    def _unsigned(self, digits: str) -> int:
        grouped, plain = _GROUPED.fullmatch(digits), _PLAIN.fullmatch(digits)
        if grouped is not None and grouped[2] != grouped[3]:
            self._agree(digits, _OTHER[grouped[2]])
            return _whole(digits, grouped[1], grouped[4])
        if plain is None:
            raise ValueError(f"{digits!r} can be read in more than one way, or in none")
        if plain[2] is not None:
            self._agree(digits, plain[2])
        return _whole(digits, plain[1], plain[3])

    def _agree(self, digits: str, decimal_mark: str) -> None:
        self._decimal_mark = self._decimal_mark or decimal_mark
        if self._decimal_mark != decimal_mark:
            mark = _OTHER[decimal_mark]
            raise ValueError(
                f"{digits!r} is ambiguous: elsewhere in the file {mark!r} begins decimals"
            )


def _whole(digits: str, whole: str, fraction: str | None) -> int:
    if (fraction or "").strip("0"):
        raise ValueError(f"{digits!r} is finer than a rupiah")
    return int(whole.replace(".", "").replace(",", ""))
