"""Who was shown payloads of which order, as the order's audit has it."""

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres import audit
from adapters.postgres.audit import Why, order_seals
from adapters.postgres.sealing import Sealer
from payments.changes import AuditEntry
from payments.errors import OrderUnknownError


class Decodings:
    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._seals = order_seals(sealer)

    async def note(self, order_id: str, why: Why, entry: AuditEntry) -> bool:
        """Add the entry to the order's audit; False when the order is not stored, and has none.

        One order at a time: a payment waits for its row, and a page may be about hundreds.
        """
        async with self._engine.begin() as connection:
            try:
                end = await audit.lock_end(connection, order_id)
            except OrderUnknownError:
                return False
            await audit.note(connection, self._seals, order_id, end, why, entry)
        return True
