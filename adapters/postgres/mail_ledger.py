"""Which mail was sent, and under which Message-ID, so that a repeat can be known as one."""

import secrets

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres import audit
from adapters.postgres.audit import Why, order_seals
from adapters.postgres.sealing import Sealer
from adapters.postgres.tables import mail_ledger
from payments.changes import AuditEntry
from payments.commands import MailOrder

ACTOR = "service"
RANDOM_BYTES = 16


class MailLedger:
    """`domain` is the right-hand side of each Message-ID."""

    def __init__(self, engine: AsyncEngine, sealer: Sealer, domain: str) -> None:
        self._engine = engine
        self._seals = order_seals(sealer)
        self._domain = domain

    async def message_id(self, order: MailOrder) -> str:
        """The stable Message-ID of this mail, stored before it is first sent."""
        async with self._engine.begin() as connection:
            await self._prepare(connection, order)
            query = select(mail_ledger.c.message_id).where(_is(order))
            message_id: str = (await connection.execute(query)).scalar_one()
        return message_id

    async def is_sent(self, order: MailOrder) -> bool:
        query = select(mail_ledger.c.sent_at).where(_is(order))
        async with self._engine.connect() as connection:
            return (await connection.execute(query)).scalar() is not None

    async def record_sent(self, order: MailOrder) -> None:
        async with self._engine.begin() as connection:
            end = await audit.lock_end(connection, order.order_id)
            await self._prepare(connection, order)
            once = update(mail_ledger).where(_is(order), mail_ledger.c.sent_at.is_(None))
            sent = await connection.execute(once.values(sent_at=order.at))
            if sent.rowcount == 0:
                return
            mail = order.mail
            about = {"about": mail.about} if mail.about else {}
            details = {"kind": mail.kind.value, "attempt": str(mail.attempt), **about}
            entry = AuditEntry("mail.sent", details)
            why = Why(actor=ACTOR, cause="send_mail", at=order.at)
            await audit.note(connection, self._seals, order.order_id, end, why, entry)

    async def _prepare(self, connection: AsyncConnection, order: MailOrder) -> None:
        values = {
            "order_id": order.order_id,
            "kind": order.mail.kind,
            "attempt": order.mail.attempt,
            "about": order.mail.about,
            "message_id": f"<{secrets.token_hex(RANDOM_BYTES)}@{self._domain}>",
            "prepared_at": order.at,
        }
        await connection.execute(insert(mail_ledger).values(values).on_conflict_do_nothing())


def _is(order: MailOrder) -> ColumnElement[bool]:
    return and_(
        mail_ledger.c.order_id == order.order_id,
        mail_ledger.c.kind == order.mail.kind,
        mail_ledger.c.attempt == order.mail.attempt,
        mail_ledger.c.about == order.mail.about,
    )
