"""Rows as a spreadsheet reads them; what came from elsewhere is never taken for a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

Value = str | int | datetime | None

_FORMULAS = ("=", "+", "-", "@")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def csv_bytes(rows: Iterable[Sequence[Value]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: Value) -> str | int:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds")
    return value if isinstance(value, int) else _harmless(value)


def _harmless(text: str) -> str:
    shown = _CONTROL.sub(" ", text).strip()
    return f"'{shown}" if shown.startswith(_FORMULAS) else shown
