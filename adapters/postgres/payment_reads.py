"""Reading payments: for the workflow, for the gateway, and for checkout."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, Field, TypeAdapter
from sqlalchemy import Row, select, tuple_
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.cases import Cases, StoredCase
from adapters.postgres.cursors import cursor_of, place_of
from adapters.postgres.feed import EventPage, read_events
from adapters.postgres.payment_rows import PaymentRows
from adapters.postgres.sealing import Sealer
from adapters.postgres.stored_payment import StoredPayment, StoredPayments
from adapters.postgres.tables import orders, payment_links
from payments.errors import OrderUnknownError, RefundUnknownError
from payments.gateway import AttemptRef, Charge
from payments.links import PaymentLink
from payments.payment import Payment
from payments.progress import Progress
from payments.refunding import refund_order
from payments.refunds import RefundOrder, RefundRef
from payments.status import PaymentStatus

# A cursor is the caller's word: what PostgreSQL could not even compare is refused as bad input.
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_PLACE = TypeAdapter(
    tuple[
        Annotated[AwareDatetime, Field(ge=_FIRST, lt=_LAST)],
        Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")],
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentPage:
    payments: tuple[Payment, ...]
    next_cursor: str | None


class PaymentReads:
    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        # One snapshot for all statements, or an order and its attempts might not fit together.
        self._snapshots = engine.execution_options(isolation_level="REPEATABLE READ")
        self._sealer = sealer
        self._rows = PaymentRows(sealer)
        self._stored = StoredPayments(sealer)
        self._cases = Cases(sealer)

    async def progress(self, order_id: str) -> Progress | None:
        stored = await self._find(order_id)
        return None if stored is None else stored.progress

    async def payment(self, order_id: str) -> Payment | None:
        stored = await self._find(order_id)
        return None if stored is None else stored.payment

    async def charge(self, attempt: AttemptRef) -> Charge:
        """The gateway request of a stored attempt."""
        return (await self._payment_with(attempt)).charge(attempt.number)

    async def session_token(self, attempt: AttemptRef) -> str | None:
        """The token of the attempt's Snap session, if one was opened."""
        payment = await self._payment_with(attempt)
        instructions = payment.attempts[attempt.number - 1].instructions
        return None if instructions is None else instructions.token

    async def refund_order(self, ref: RefundRef) -> RefundOrder:
        """The gateway request of a stored refund."""
        stored = await self._find(ref.order_id)
        if stored is None:
            raise OrderUnknownError(ref.order_id)
        refund = stored.payment.refund(ref.refund_key)
        if refund is None:
            raise RefundUnknownError(ref.order_id, ref.refund_key)
        return refund_order(stored.payment, refund)

    async def payments(
        self,
        *,
        status: PaymentStatus | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> PaymentPage:
        """Newest first, `created_to` excluded; InvalidRequestError when the cursor is not ours.

        What cannot be read is left out, and logged.
        """
        query = _NEWEST.limit(limit)
        if status is not None:
            query = query.where(orders.c.status == status)
        if created_from is not None:
            query = query.where(orders.c.created_at >= created_from)
        if created_to is not None:
            query = query.where(orders.c.created_at < created_to)
        if cursor is not None:
            place = tuple_(orders.c.created_at, orders.c.order_id)
            query = query.where(place < place_of(_PLACE, "cursor", cursor))
        async with self._snapshots.connect() as connection:
            found = (await connection.execute(query)).all()
            listed = await self._stored.readable(connection, found)
        return PaymentPage(payments=listed, next_cursor=_next_cursor(found, limit))

    async def link(self, token: str) -> PaymentLink | None:
        """The attempt that a one-time link belongs to; looking consumes nothing."""
        lookups = self._sealer.digests(payment_links.c.token_lookup, token)
        query = select(payment_links.c.order_id, payment_links.c.attempt).where(
            payment_links.c.token_lookup.in_(lookups)
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else PaymentLink(row.order_id, row.attempt)

    async def cases(self, *, open_only: bool = True) -> tuple[StoredCase, ...]:
        """What waits for a human, or waited once; the oldest first."""
        async with self._engine.connect() as connection:
            return await self._cases.all(connection, open_only=open_only)

    async def case(self, case_id: int) -> StoredCase | None:
        async with self._engine.connect() as connection:
            return await self._cases.find(connection, case_id)

    async def events(self, after: str | None, limit: int) -> EventPage:
        """The feed after a cursor; InvalidRequestError when the cursor is not ours."""
        async with self._snapshots.connect() as connection:
            return await read_events(connection, self._sealer, after, limit)

    async def _find(self, order_id: str) -> StoredPayment | None:
        async with self._snapshots.connect() as connection:
            return await self._stored.find(connection, order_id)

    async def _payment_with(self, attempt: AttemptRef) -> Payment:
        stored = await self._find(attempt.order_id)
        if stored is None:
            raise OrderUnknownError(attempt.order_id)
        stored.require_attempt(attempt.number)
        return stored.payment


def _next_cursor(found: Sequence[Row[Any]], limit: int) -> str | None:
    """None on a page that is not full; after a full one there may be nothing more all the same."""
    if len(found) < limit:
        return None
    return cursor_of(_PLACE, (found[-1].created_at, found[-1].order_id))


_NEWEST = select(orders).order_by(orders.c.created_at.desc(), orders.c.order_id.desc())
