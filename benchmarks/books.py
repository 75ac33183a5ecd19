"""Payments put into the database by the thousand: the rows that the service would have written."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.chains import ChainEnd
from adapters.postgres.payment_rows import PaymentRows, Values
from adapters.postgres.refund_rows import RefundRows
from adapters.postgres.sealing import Sealer
from adapters.postgres.tables import (
    gateway_transactions,
    orders,
    payment_attempts,
    refunds,
)
from payments.payment import Payment

AT_ONCE = 2_000


class Books:
    """Writes orders, attempts, transactions and refunds; no cases, no mails, no audit."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._rows = PaymentRows(sealer)
        self._refund_rows = RefundRows(sealer)

    async def keep(self, payments: Iterable[Payment]) -> int:
        """Store them; how many attempts that were."""
        attempts, remaining = 0, iter(payments)
        async with self._engine.connect() as connection:
            while some := list(islice(remaining, AT_ONCE)):
                for table, rows in self._tables(some):
                    await _copy(connection, table, rows)
                attempts += sum(len(each.attempts) for each in some)
        return attempts

    def _tables(self, payments: Sequence[Payment]) -> Iterator[tuple[Table, list[Values]]]:
        yield orders, [self._order(each) for each in payments]
        yield payment_attempts, [row for each in payments for row in self._attempts(each)]
        yield gateway_transactions, [row for each in payments for row in self._transactions(each)]
        yield refunds, [row for each in payments for row in self._refunds(each)]

    def _order(self, payment: Payment) -> Values:
        nobody_wrote = ChainEnd()
        end = {"audit_seq": nobody_wrote.seq, "audit_hash": nobody_wrote.hash}
        return self._rows.new_order(payment) | end

    def _attempts(self, payment: Payment) -> list[Values]:
        return [self._rows.new_attempt(payment.order_id, each) for each in payment.attempts]

    def _transactions(self, payment: Payment) -> list[Values]:
        return self._rows.transactions(replace(payment, attempts=()), payment, None)

    def _refunds(self, payment: Payment) -> list[Values]:
        return self._refund_rows.changed(replace(payment, refunds=()), payment)


async def _copy(connection: AsyncConnection, table: Table, rows: Sequence[Values]) -> None:
    driver: Any = (await connection.get_raw_connection()).driver_connection
    columns = [column.name for column in table.c]
    records = [tuple(row.get(column) for column in columns) for row in rows]
    await driver.copy_records_to_table(table.name, columns=columns, records=records)
