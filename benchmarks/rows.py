"""What a benchmark waits for, seen in the database itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.tables import mail_ledger, orders
from payments.status import PaymentStatus

LOOK_SECONDS = 0.005


class Rows:
    """Waits for orders to become paid; one look asks about all that are awaited."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._awaited: dict[str, asyncio.Event] = {}

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            looking.cancel()

    async def paid(self, order_id: str) -> None:
        """Return within LOOK_SECONDS of the commit after which the order's row says `paid`."""
        event = self._awaited.setdefault(order_id, asyncio.Event())
        await event.wait()

    async def mailed(self, order_ids: list[str]) -> None:
        """Return once each of them has been sent its receipt."""
        query = select(mail_ledger.c.order_id).where(
            mail_ledger.c.order_id.in_(order_ids), mail_ledger.c.sent_at.is_not(None)
        )
        # What it waits for happens in other processes.
        while len(await self._found(query)) < len(order_ids):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        while True:
            if self._awaited:
                query = select(orders.c.order_id).where(
                    orders.c.order_id.in_(self._awaited), orders.c.status == PaymentStatus.PAID
                )
                for order_id in await self._found(query):
                    self._awaited.pop(order_id).set()
            await asyncio.sleep(LOOK_SECONDS)

    async def _found(self, query: Select[tuple[str]]) -> list[str]:
        async with self._engine.connect() as connection:
            return [row.order_id for row in await connection.execute(query)]
