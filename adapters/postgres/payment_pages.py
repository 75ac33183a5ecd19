"""Payments page by page: a page is a fixed number of statements, however long the way is."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.next_attempts import Key, next_attempts, seen_before
from adapters.postgres.sealing import Sealer
from adapters.postgres.stored_payment import StoredPayments
from adapters.postgres.tables import gateway_transactions, orders
from payments.errors import RecordUnreadableError
from payments.gateway import GatewayTransaction
from payments.payment import Payment
from payments.reconciliation import Attempts, Batch
from payments.reconciling import unreadable
from payments.request import gateway_order_id
from payments.status import MONEY_CAME

PAGE = 200

Money = tuple[Payment, int, GatewayTransaction]


class PaymentPages:
    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        # One snapshot for all statements, or an order and its attempts might not fit together.
        self._snapshots = engine.execution_options(isolation_level="REPEATABLE READ")
        self._stored = StoredPayments(sealer)

    async def attempts(self, batch: Batch) -> Attempts:
        """The attempts that the batch's run is to look at next."""
        async with self._snapshots.connect() as connection:
            return await self._attempts(connection, batch, await next_attempts(connection, batch))

    async def with_differences(self, batch: Batch) -> Attempts:
        """The attempts that the batch's run is to look at again."""
        async with self._snapshots.connect() as connection:
            return await self._attempts(connection, batch, await seen_before(connection, batch))

    async def of(self, order_ids: Collection[str]) -> dict[str, Payment]:
        """Those of the orders that are stored, and can be read."""
        ids = sorted(set(order_ids))
        found: dict[str, Payment] = {}
        for start in range(0, len(ids), PAGE):
            async with self._snapshots.connect() as connection:
                found |= await self._payments(connection, ids[start : start + PAGE])
        return found

    async def unreadable(self, order_ids: Collection[str]) -> set[str]:
        """Those of the orders that are stored, but cannot be read."""
        ids = sorted(set(order_ids))
        found = set[str]()
        for start in range(0, len(ids), PAGE):
            page = ids[start : start + PAGE]
            async with self._snapshots.connect() as connection:
                query = select(orders.c.order_id).where(orders.c.order_id.in_(page))
                stored = set((await connection.execute(query)).scalars())
                found |= stored - (await self._payments(connection, stored)).keys()
        return found

    async def paid_between(
        self, start: datetime, end: datetime, *, without_unreadable: bool = False
    ) -> AsyncIterator[Sequence[Money]]:
        """The transactions whose money came in [start, end), a page at a time, the oldest first.

        RecordUnreadableError when one cannot be read, unless it may be left out.
        """
        query = _MONEY.where(gateway_transactions.c.paid_at >= start)
        query = query.where(gateway_transactions.c.paid_at < end).limit(PAGE)
        rest = query
        while True:
            async with self._snapshots.connect() as connection:
                keys = (await connection.execute(rest)).all()
                payments = await self._payments(connection, {key.order_id for key in keys})
            if keys:
                read = [key for key in keys if key.order_id in payments]
                shown = read if without_unreadable else keys
                yield [_held(payments.get(key.order_id), key) for key in shown]
            if len(keys) < PAGE:
                return
            place = tuple_(*_PLACE)
            rest = query.where(place > tuple(keys[-1]))

    async def _attempts(
        self, connection: AsyncConnection, batch: Batch, keys: Sequence[Key]
    ) -> Attempts:
        payments = await self._payments(connection, {order_id for order_id, _ in keys})
        return Attempts(
            readable=tuple((payments[key[0]], key[1]) for key in keys if key[0] in payments),
            unreadable=tuple(unreadable(*key) for key in keys if key[0] not in payments),
            last=gateway_order_id(*keys[-1]) if len(keys) >= batch.size else None,
        )

    async def _payments(
        self, connection: AsyncConnection, order_ids: Collection[str]
    ) -> dict[str, Payment]:
        if not order_ids:
            return {}
        query = select(orders).where(orders.c.order_id.in_(sorted(order_ids)))
        rows = (await connection.execute(query)).all()
        payments = await self._stored.readable(connection, rows)
        return {payment.order_id: payment for payment in payments}


def _held(payment: Payment | None, key: Any) -> Money:
    if payment is None:
        raise RecordUnreadableError(key.order_id)
    held = payment.attempts[key.attempt - 1].transaction(key.transaction_id)
    assert held is not None, "it was read in the same snapshot"
    return payment, key.attempt, held


_PLACE = (
    gateway_transactions.c.paid_at,
    gateway_transactions.c.order_id,
    gateway_transactions.c.attempt,
    gateway_transactions.c.transaction_id,
)
_MONEY = (
    select(*_PLACE).where(gateway_transactions.c.status.in_(sorted(MONEY_CAME))).order_by(*_PLACE)
)
