"""Finance's export: every transaction whose money came in a span of days in Jakarta."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, datetime, time, timedelta
from tempfile import TemporaryFile
from typing import Protocol

from adapters.postgres.finance_store import ExportRow
from adapters.postgres.spreadsheets import Value, csv_bytes
from payments.errors import FieldProblem, InvalidRequestError
from payments.invoice import WIB

HEADER = (
    *("order", "transaction id", "paid at", "method"),
    *("gross", "fee", "net", "tax", "refunded"),
)
_PART = 64 * 1024


class FinanceRows(Protocol):
    def rows(self, start: datetime, end: datetime) -> AsyncIterator[ExportRow]:
        """What came in [start, end), page by page."""
        ...

    async def note_export(
        self,
        actor: str,
        start: datetime,
        end: datetime,
        rows: int,
        digest: bytes,
        at: datetime,
    ) -> object:
        """Keep for ever that somebody took this out."""
        ...


def day_of(field: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidRequestError((FieldProblem(field, "a day such as 2026-11-23"),)) from None


def span_of(first: date, last: date) -> tuple[datetime, datetime]:
    """From the beginning of the first day in Jakarta to the end of the last, which is included."""
    if last < first:
        raise InvalidRequestError((FieldProblem("to", "must not be before from"),))
    end = last + timedelta(days=1)
    return datetime.combine(first, time(), WIB), datetime.combine(end, time(), WIB)


class FinanceExport:
    def __init__(self, finance: FinanceRows, now: Callable[[], datetime]) -> None:
        self._finance = finance
        self._now = now

    async def write(
        self, actor: str, first: date, last: date, write: Callable[[bytes], object]
    ) -> int:
        """Keep who takes what, with its SHA-256, then write it; how many rows it is."""
        start, end = span_of(first, last)

        async def note(rows: int, digest: bytes) -> None:
            await self._finance.note_export(actor, start, end, rows, digest, self._now())

        return await take_out(self._lines(start, end), note, write)

    async def _lines(self, start: datetime, end: datetime) -> AsyncIterator[bytes]:
        yield csv_bytes([HEADER])
        async for row in self._finance.rows(start, end):
            yield csv_bytes([_cells(row)])


async def take_out(
    pieces: AsyncIterator[bytes],
    note: Callable[[int, bytes], Awaitable[object]],
    write: Callable[[bytes], object],
) -> int:
    """Gather a spreadsheet, note how many rows below its header it has, and hand it out after that:
    nobody has read a row of which nothing is noted."""
    digest, rows = hashlib.sha256(), -1
    # It has no name, so that nothing is left of it whatever ends this process.
    with TemporaryFile() as file:
        async for piece in pieces:
            digest.update(piece)
            rows += piece.count(b"\n")
            file.write(piece)
        await note(rows, digest.digest())
        file.seek(0)
        while part := file.read(_PART):
            write(part)
    return rows


async def once(content: bytes) -> AsyncIterator[bytes]:
    """What is in one piece, for `take_out`."""
    yield content


def _cells(row: ExportRow) -> tuple[Value, ...]:
    """Amounts in plain whole rupiah; empty where we do not know them."""
    amounts = (row.gross, row.fee, row.net, row.tax, row.refunded)
    return (
        row.order_id,
        row.transaction_id,
        row.paid_at.astimezone(WIB).isoformat(timespec="seconds"),
        row.method,
        *(None if amount is None else amount.value for amount in amounts),
    )
