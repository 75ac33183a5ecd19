"""The dashboard's export of what was settled, with the gateway's fees."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime

from simulator.clock import wib_text
from simulator.transactions import Transaction

_HEADER = (
    "Order ID",
    "Transaction ID",
    "Payment type",
    "Channel",
    "Currency",
    "Amount",
    "MDR amount",
    "Refund amount",
    "Net amount",
    "Transaction status",
    "Transaction time",
    "Settlement time",
    "Custom field 1",
    "Custom field 2",
    "Custom field 3",
)


def settlement_report(
    transactions: Iterable[Transaction], start: datetime | None, end: datetime | None
) -> str:
    """Write one row for each transaction whose money came in between start and end, both in."""
    rows = [
        _row(each, each.settled_at)
        for each in transactions
        if each.settled_at is not None
        and (start is None or start <= each.settled_at)
        and (end is None or each.settled_at <= end)
    ]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADER)
    writer.writerows(rows)
    return text.getvalue()


def _row(transaction: Transaction, settled_at: datetime) -> tuple[object, ...]:
    method, amount = transaction.method, transaction.gross_amount
    fee = round(amount * method.fee_percent / 100) + method.fee_flat
    refunded = transaction.refunded_amount
    return (
        transaction.order_id,
        transaction.transaction_id,
        transaction.payment_type,
        method.variant or method.name,
        transaction.currency,
        amount,
        fee,
        refunded,
        amount - fee - refunded,
        transaction.status.value,
        wib_text(transaction.created_at),
        wib_text(settled_at),
        *(transaction.echoed.get(f"custom_field{n}", "") for n in (1, 2, 3)),
    )
