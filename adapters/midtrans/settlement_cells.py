"""One line of a settlement file: each cell read exactly, or told."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from adapters.midtrans.settlement_amounts import AmountReader
from adapters.midtrans.settlement_columns import Column
from adapters.midtrans.words import METHOD_WORDS, attempt_status, payment_method
from payments.invoice import WIB
from payments.methods import PaymentMethod
from payments.money import Currency, Money
from payments.settlements import SettlementRow
from payments.status import AttemptStatus

T = TypeVar("T")

_ID_LENGTH_MAX = 100
# How the last line may begin, where an order id would be.
_TOTALS = frozenset({"total", "totals", "grand_total", "subtotal", "jumlah"})

# Types that say nothing without their bank or store.
_WITH_VARIANTS = {each.payment_type for each in METHOD_WORDS.values() if each.variant}
# Besides ISO 8601: days first, as Indonesia writes them. A day without a time is its beginning.
_TIMES = (
    *("%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y"),
    *("%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M", "%d-%m-%Y"),
)
_DAY = re.compile(r"[0-9]{1,4}([-/]?)[0-9]{1,2}\1[0-9]{1,4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """What of a line could not be read: one column, or the whole line when it `is_skipped`.

    `is_harmless`: the line names no transaction, as one of totals does not.
    """

    line: int
    column: Column | None
    text: str
    gateway_order_id: str | None = None
    is_skipped: bool = False
    is_harmless: bool = False


class CellReader:
    """Reads the lines of one file, whose columns are at `places` of `width`."""

    def __init__(self, places: Mapping[Column, int], width: int) -> None:
        self._places = places
        self._width = width
        self._amounts = AmountReader()

    def read(self, line: int, cells: Sequence[str]) -> Iterator[SettlementRow | Unread]:
        """What of the line could not be read, then the row."""
        texts = {name: _cell(cells, place) for name, place in self._places.items()}
        order_id = texts[Column.ORDER_ID]
        if not order_id or _word(order_id.rstrip(":")) in _TOTALS:
            yield Unread(
                line=line,
                column=Column.ORDER_ID,
                text="no order id",
                is_skipped=True,
                is_harmless=not texts.get(Column.TRANSACTION_ID),
            )
        elif not _is_id(order_id) or not _is_id(texts.get(Column.TRANSACTION_ID, "")):
            yield Unread(
                line=line, column=Column.ORDER_ID, text="ids cannot be read", is_skipped=True
            )
        elif any(cell.strip() for cell in cells[self._width :]):
            # An amount with an unquoted comma moves every cell after it.
            yield Unread(
                line=line,
                column=None,
                text=f"{len(cells)} cells under {self._width} headers",
                gateway_order_id=order_id,
                is_skipped=True,
            )
        else:
            yield from _Line(line, texts, self._amounts).read()


class _Line:
    def __init__(self, line: int, texts: Mapping[Column, str], amounts: AmountReader) -> None:
        self._line = line
        self._texts = texts
        self._amounts = amounts
        self._unread: list[Unread] = []

    def read(self) -> Iterator[SettlementRow | Unread]:
        settled_at = self._cell(Column.SETTLED_AT, _instant)
        is_day = _DAY.fullmatch(self._texts.get(Column.SETTLED_AT, "")) is not None
        row = SettlementRow(
            line=self._line,
            gateway_order_id=self._texts[Column.ORDER_ID],
            transaction_id=self._texts.get(Column.TRANSACTION_ID) or None,
            status=self._cell(Column.STATUS, _status),
            method=self._cell(Column.PAYMENT_TYPE, self._method),
            amount=self._amount(Column.AMOUNT),
            # Some exports write what was taken or given back as less than nothing.
            fee=self._size(Column.FEE),
            refunded=self._size(Column.REFUNDED),
            settled_at=settled_at,
            has_time=settled_at is None or not is_day,
        )
        yield from self._unread
        yield row

    def _cell(self, column: Column, read: Callable[[str], T]) -> T | None:
        text = self._texts.get(column, "")
        if text in ("", "-"):
            return None
        try:
            return read(text)
        except ValueError as error:
            unread = Unread(line=self._line, column=column, text=str(error))
            self._unread.append(unread)
            return None

    def _amount(self, column: Column) -> Money | None:
        return self._cell(column, self._money)

    def _size(self, column: Column) -> Money | None:
        amount = self._amount(column)
        return amount and Money(abs(amount.value), amount.currency)

    def _money(self, text: str) -> Money:
        currency = self._texts.get(Column.CURRENCY, "").upper()
        if currency not in ("", *Currency):
            raise ValueError(f"an amount in {currency!r}")
        return Money(self._amounts.read(text), Currency.IDR)

    def _method(self, text: str) -> PaymentMethod | None:
        return _method_of(text, self._texts.get(Column.CHANNEL, ""))


def _cell(cells: Sequence[str], place: int) -> str:
    """A line may end before its last columns."""
    return cells[place].strip() if place < len(cells) else ""


def _is_id(text: str) -> bool:
    return text.isprintable() and len(text) <= _ID_LENGTH_MAX


def _status(text: str) -> AttemptStatus:
    status = attempt_status(_word(text), None)
    if status is None:
        raise ValueError(f"{text!r} is no status that we know")
    return status


def _method_of(payment_type: str, channel: str) -> PaymentMethod | None:
    """None where the type alone does not tell, and the file says no more."""
    kind, variant = _word(payment_type), _word(channel)
    if kind in set(PaymentMethod) - {PaymentMethod.ANY}:
        return PaymentMethod(kind)
    # Of a method that has no variants the channel only repeats its name.
    found = payment_method(kind, variant) or payment_method(kind, "")
    if found is None and (variant or kind not in _WITH_VARIANTS):
        raise ValueError(f"{payment_type!r} {channel!r} is no method that we know")
    return found


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = _read_time(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=WIB)


def _read_time(text: str) -> datetime:
    for form in _TIMES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=WIB)
        except ValueError:
            continue
    raise ValueError(f"{text!r} is not a time")


def _word(text: str) -> str:
    return "_".join(text.casefold().split())
