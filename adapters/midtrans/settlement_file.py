"""The dashboard's export of settled transactions, read line by line."""

import codecs
import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from adapters.midtrans.settlement_cells import CellReader, Unread
from adapters.midtrans.settlement_columns import (
    Column,
    SettlementFileError,
    count_known,
    has_order_id,
    listed,
    places_of,
)
from adapters.midtrans.settlement_mapping import SettlementMapping
from payments.settlements import SettlementRow

_DELIMITERS = ",;\t"
# Some exports begin with a title.
_LINES_BEFORE_HEADER = 20
_CHUNK = 1 << 16
_ARCHIVES = (b"PK\x03\x04", b"7z\xbc\xaf", b"\xd0\xcf\x11\xe0")


def read_settlements(
    file: BinaryIO, mapping: SettlementMapping
) -> Iterator[SettlementRow | Unread]:
    """The rows, each after what of it could not be read: that is None in the row.

    `file` is read from its beginning, twice, since its encoding may show only at its end; it
    stays open. SettlementFileError when it is no table with order ids.
    """
    text = io.TextIOWrapper(file, encoding=_encoding(file), newline="")
    try:
        header = _header(text, mapping.columns)
        places = places_of(header.cells, mapping.columns)
    except BaseException:
        text.detach()
        raise
    return _rows(text, header, CellReader(places, len(header.cells)))


@dataclass(frozen=True, slots=True)
class _Header:
    line: int
    delimiter: str
    cells: Sequence[str]


def _rows(
    text: io.TextIOWrapper, header: _Header, cells: CellReader
) -> Iterator[SettlementRow | Unread]:
    table = csv.reader(text, delimiter=header.delimiter, strict=True)
    try:
        for row in table:
            if any(cell.strip() for cell in row):
                yield from cells.read(header.line + table.line_num, row)
    except csv.Error as error:
        at = header.line + table.line_num
        raise SettlementFileError(f"line {at} is no CSV: {error}") from None
    except UnicodeDecodeError:
        raise SettlementFileError("the text breaks off in the middle of a character") from None
    finally:
        # Or the file would be closed with it.
        text.detach()


def _header(lines: Iterable[str], named: Mapping[Column, str]) -> _Header:
    """The first line that names the order id, with the delimiter that makes most of it known."""
    best = _Header(0, ",", ())
    for number, line in enumerate(itertools.islice(lines, _LINES_BEFORE_HEADER), start=1):
        for mark in _DELIMITERS:
            header = _Header(number, mark, next(csv.reader([line], delimiter=mark), []))
            if count_known(header.cells, named) > count_known(best.cells, named) or not best.cells:
                best = header
        if has_order_id(best.cells, named):
            return best
    raise SettlementFileError(f"{Column.ORDER_ID}: no header for it, {listed(best.cells)}")


def _encoding(file: BinaryIO) -> str:
    """By its byte order mark, else UTF-8 if all of it is, else Latin-1."""
    head = file.read(4)
    file.seek(0)
    if head.startswith(_ARCHIVES):
        raise SettlementFileError("this is a spreadsheet or an archive: export or unpack it as CSV")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if b"\0" in head:
        return "utf-16-be" if head.startswith(b"\0") else "utf-16-le"
    encoding = "utf-8-sig" if _is_utf8(file) else "latin-1"
    file.seek(0)
    return encoding


def _is_utf8(file: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
