"""Writing what became of refunds, and of the links on which customers say where money goes."""

from datetime import datetime

from sqlalchemy import bindparam, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.refund_rows import RefundRows, newly_manual, no_longer_manual
from adapters.postgres.sealing import Sealer, new_token
from adapters.postgres.tables import bank_details, refunds
from payments.payment import Payment


class RefundWrites:
    """Writes in the caller's transaction."""

    def __init__(self, sealer: Sealer) -> None:
        self._rows = RefundRows(sealer)

    async def save(self, connection: AsyncConnection, before: Payment, payment: Payment) -> None:
        rows = self._rows.changed(before, payment)
        if not rows:
            return
        await connection.execute(_UPSERT_REFUND, rows)
        await self._open_links(connection, before, payment)
        for refund in no_longer_manual(before, payment):
            await _forget(connection, payment.order_id, refund.refund_key, payment.updated_at)

    async def _open_links(
        self, connection: AsyncConnection, before: Payment, payment: Payment
    ) -> None:
        for refund in newly_manual(before, payment):
            link = self._rows.link(payment.order_id, refund, new_token())
            await connection.execute(_OPEN_LINK, link | {"created_at": payment.updated_at})


async def _forget(
    connection: AsyncConnection, order_id: str, refund_key: str, at: datetime
) -> None:
    """Delete where the money went, and what opens the page about it."""
    values = {_ORDER_ID: order_id, _REFUND_KEY: refund_key, "deleted_at": at}
    await connection.execute(_FORGET, values)


_ORDER_ID, _REFUND_KEY = "of_order", "of_refund"
_NEW_REFUND = insert(refunds)
_UPSERT_REFUND = _NEW_REFUND.on_conflict_do_update(
    constraint=refunds.primary_key,
    set_={
        column.name: _NEW_REFUND.excluded[column.name]
        for column in refunds.c
        if not column.primary_key
    },
)
_NEW_LINK = insert(bank_details)
# A refund that is to be transferred once more, after all, gets another link.
_OPEN_LINK = _NEW_LINK.on_conflict_do_update(
    constraint=bank_details.primary_key,
    set_={
        "token_lookup": _NEW_LINK.excluded.token_lookup,
        "sealed_token": _NEW_LINK.excluded.sealed_token,
        "created_at": _NEW_LINK.excluded.created_at,
        "sealed_details": None,
        "given_at": None,
        "deleted_at": None,
    },
)
_FORGET = (
    update(bank_details)
    .where(
        bank_details.c.order_id == bindparam(_ORDER_ID),
        bank_details.c.refund_key == bindparam(_REFUND_KEY),
    )
    .values(token_lookup=None, sealed_token=None, sealed_details=None)
)
