"""Where customers want manual refunds to go: asked once, read by who transfers, then deleted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres import audit
from adapters.postgres.audit import Why, order_seals
from adapters.postgres.sealing import SealedColumn, Sealer
from adapters.postgres.stored_payment import StoredPayments
from adapters.postgres.tables import bank_details
from payments.bank_details import BankDetails
from payments.changes import AuditEntry
from payments.payment import Payment
from payments.refunds import Refund, RefundStatus

CUSTOMER = "customer"
_DETAILS = SealedColumn(bank_details.c.sealed_details, BankDetails)


@dataclass(frozen=True, slots=True, kw_only=True)
class BankDetailsPage:
    """What the customer's one-time link opens; `given` is None until they said where to."""

    payment: Payment
    refund: Refund
    given_at: datetime | None
    given: BankDetails | None

    @property
    def is_open(self) -> bool:
        """Whether somebody still waits to be told where the money goes."""
        return self.given_at is None and self.refund.status is RefundStatus.MANUAL


class BankDetailsStore:
    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        # One snapshot for all statements, as for any other reading of payments.
        self._snapshots = engine.execution_options(isolation_level="REPEATABLE READ")
        self._sealer = sealer
        self._stored = StoredPayments(sealer)
        self._seals = order_seals(sealer)

    async def page(self, token: str) -> BankDetailsPage | None:
        """What the link is about; None when there is no such link, or it has served its purpose."""
        async with self._snapshots.connect() as connection:
            row = await self._opened_by(connection, token)
            if row is None:
                return None
            stored = await self._stored.find(connection, row.order_id)
        assert stored is not None, "a link belongs to a stored order"
        refund = stored.payment.refund(row.refund_key)
        assert refund is not None, "a link belongs to a stored refund"
        sealed, place = row.sealed_details, (row.order_id, row.refund_key)
        given = None if sealed is None else _DETAILS.open(self._sealer, sealed, *place)
        return BankDetailsPage(
            payment=stored.payment, refund=refund, given_at=row.given_at, given=given
        )

    async def give(self, token: str, details: BankDetails, at: datetime) -> bool:
        """Keep where the money goes, once; False when it is known, or nobody needs it any more."""
        async with self._engine.begin() as connection:
            link = await self._opened_by(connection, token)
            if link is None:
                return False
            stored = await self._stored.lock(connection, link.order_id)
            refund = stored.payment.refund(link.refund_key)
            if refund is None or refund.status is not RefundStatus.MANUAL:
                return False
            if not await self._keep(connection, link, details, at):
                return False
            why = Why(actor=CUSTOMER, cause="give_bank_details", at=at)
            entry, end = _entry("bank_details.given", link.refund_key), stored.audit_end
            await audit.note(connection, self._seals, link.order_id, end, why, entry)
            return True

    async def read(
        self, order_id: str, refund_key: str, actor: str, at: datetime
    ) -> BankDetails | None:
        """Where the money goes, for who transfers it; each look is audited."""
        async with self._engine.begin() as connection:
            end = await audit.lock_end(connection, order_id)
            query = select(bank_details.c.sealed_details).where(_is(order_id, refund_key))
            sealed = (await connection.execute(query)).scalar()
            if sealed is None:
                return None
            why = Why(actor=actor, cause="read_bank_details", at=at)
            entry = _entry("bank_details.read", refund_key)
            await audit.note(connection, self._seals, order_id, end, why, entry)
        return _DETAILS.open(self._sealer, sealed, order_id, refund_key)

    async def _opened_by(self, connection: AsyncConnection, token: str) -> Row[Any] | None:
        lookups = self._sealer.digests(bank_details.c.token_lookup, token)
        query: Select[Any] = select(bank_details).where(bank_details.c.token_lookup.in_(lookups))
        row: Row[Any] | None = (await connection.execute(query)).first()
        return row

    async def _keep(
        self, connection: AsyncConnection, link: Row[Any], details: BankDetails, at: datetime
    ) -> bool:
        place = (link.order_id, link.refund_key)
        once = update(bank_details).where(_is(*place), bank_details.c.given_at.is_(None))
        sealed = _DETAILS.seal(self._sealer, details, *place)
        kept = await connection.execute(once.values(sealed_details=sealed, given_at=at))
        return kept.rowcount > 0


def _is(order_id: str, refund_key: str) -> ColumnElement[bool]:
    return and_(bank_details.c.order_id == order_id, bank_details.c.refund_key == refund_key)


def _entry(event: str, refund_key: str) -> AuditEntry:
    return AuditEntry(event, {"refund": refund_key})
