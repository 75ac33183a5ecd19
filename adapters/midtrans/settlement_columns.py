"""The columns of a settlement file, by their headers in English and Indonesian."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from payments.errors import PermanentError


class SettlementFileError(PermanentError):
    """The file as a whole cannot be read."""

    code = "settlement_file_unreadable"


class Column(StrEnum):
    """What we read of a row; a mapping file calls the columns by these names."""

    ORDER_ID = "order_id"
    TRANSACTION_ID = "transaction_id"
    PAYMENT_TYPE = "payment_type"
    CHANNEL = "channel"
    CURRENCY = "currency"
    AMOUNT = "amount"
    FEE = "fee"
    REFUNDED = "refunded"
    STATUS = "status"
    SETTLED_AT = "settled_at"


# The exact spelling is not documented (fact sheet §11); where a file has several, the first wins.
_HEADERS = {
    Column.ORDER_ID: ("Order ID", "ID Pesanan", "Nomor Pesanan", "No Pesanan", "ID Order"),
    Column.TRANSACTION_ID: ("Transaction ID", "ID Transaksi", "Nomor Transaksi"),
    Column.PAYMENT_TYPE: (
        *("Payment type", "Payment method", "Tipe Pembayaran", "Jenis Pembayaran"),
        "Metode Pembayaran",
    ),
    Column.CHANNEL: ("Channel", "Payment channel", "Acquirer", "Bank", "Kanal", "Saluran"),
    Column.CURRENCY: ("Currency", "Mata Uang"),
    Column.AMOUNT: (
        *("Gross amount", "Transaction amount", "Amount", "Jumlah Transaksi", "Jumlah"),
        *("Nominal Transaksi", "Nominal"),
    ),
    Column.FEE: (
        *("MDR amount", "MDR", "Biaya MDR", "Total MDR", "Fee amount", "Fee"),
        *("Transaction fee", "Biaya Transaksi", "Biaya"),
    ),
    Column.REFUNDED: (
        *("Refund amount", "Refunded amount", "Jumlah Pengembalian", "Pengembalian Dana"),
        "Jumlah Refund",
    ),
    Column.STATUS: ("Transaction status", "Status Transaksi", "Status"),
    Column.SETTLED_AT: (
        *("Settlement time", "Settlement date", "Waktu Settlement", "Waktu Penyelesaian"),
        "Tanggal Settlement",
    ),
}
_UNIT = re.compile(r"\((?:idr|rp)\)", re.IGNORECASE)


def places_of(headers: Sequence[str], named: Mapping[Column, str]) -> dict[Column, int]:
    """Where each column is; `named` says how this file calls some of them."""
    places = {}
    for column in Column:
        place = _place(headers, column, _wanted(column, named))
        if place is not None:
            places[column] = place
        elif column in named:
            raise SettlementFileError(
                f"{column}: the mapping names the header {named[column]!r}, {listed(headers)}"
            )
    return places


def has_order_id(headers: Sequence[str], named: Mapping[Column, str]) -> bool:
    return _place(headers, Column.ORDER_ID, _wanted(Column.ORDER_ID, named)) is not None


def count_known(headers: Sequence[str], named: Mapping[Column, str]) -> int:
    """How many of the headers we know."""
    known = {_plain(name) for column in Column for name in _wanted(column, named)}
    return sum(_plain(header) in known for header in headers)


def listed(headers: Sequence[str]) -> str:
    return f"but the file has: {', '.join(header.strip() for header in headers) or 'nothing'}"


def _wanted(column: Column, named: Mapping[Column, str]) -> tuple[str, ...]:
    return (named[column],) if column in named else _HEADERS[column]


def _place(headers: Sequence[str], column: Column, wanted: Sequence[str]) -> int | None:
    plain = [_plain(header) for header in headers]
    for name in wanted:
        found = plain.count(_plain(name))
        if found > 1:
            raise SettlementFileError(f"{column}: {found} columns are called {name!r}")
        if found:
            return plain.index(_plain(name))
    return None


def _plain(header: str) -> str:
    return re.sub(r"[\W_]+", "", _UNIT.sub("", header)).casefold()
