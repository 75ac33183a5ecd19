"""Reading one order's payment from its rows, for decisions under its lock and for everybody else."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ARRAY, Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.audit import ChainEnd
from adapters.postgres.payment_rows import PaymentRows
from adapters.postgres.sealing import Sealer
from adapters.postgres.tables import (
    gateway_transactions,
    mail_ledger,
    orders,
    payment_attempts,
    payment_links,
)
from payments.errors import OrderUnknownError
from payments.mails import Mail, MailKind
from payments.payment import Payment, PaymentAttempt
from payments.progress import Progress, progress_of


@dataclass(frozen=True, slots=True)
class StoredPayment:
    """A payment with what only the database keeps of it."""

    payment: Payment
    sent: frozenset[Mail]
    audit_end: ChainEnd
    fingerprint: bytes

    @property
    def progress(self) -> Progress:
        return progress_of(self.payment, self.sent)

    def require_attempt(self, number: int) -> None:
        if not 1 <= number <= len(self.payment.attempts):
            raise OrderUnknownError(f"{self.payment.order_id}~{number}")


class StoredPayments:
    """Reads in the caller's transaction."""

    def __init__(self, sealer: Sealer) -> None:
        self._rows = PaymentRows(sealer)

    async def find(
        self, connection: AsyncConnection, order_id: str, *, locked: bool = False
    ) -> StoredPayment | None:
        query = _LOCKED_ORDER if locked else _ORDER
        # Two statements: one that waited for a lock would see other tables as they were before.
        order = (await connection.execute(query, {_ORDER_ID: order_id})).first()
        if order is None:
            return None
        attempts = await self.attempts(connection, [order_id])
        return StoredPayment(
            payment=self._rows.payment(order, attempts[order_id]),
            sent=frozenset(Mail(MailKind(kind), attempt) for kind, attempt in order.sent or ()),
            audit_end=ChainEnd(order.audit_seq, order.audit_hash),
            fingerprint=order.request_fingerprint,
        )

    async def lock(self, connection: AsyncConnection, order_id: str) -> StoredPayment:
        """Read an order that nobody else can change before the transaction ends."""
        stored = await self.find(connection, order_id, locked=True)
        if stored is None:
            raise OrderUnknownError(order_id)
        return stored

    async def attempts(
        self, connection: AsyncConnection, order_ids: Sequence[str]
    ) -> dict[str, tuple[PaymentAttempt, ...]]:
        found = await connection.execute(_ATTEMPTS, {_ORDER_IDS: order_ids})
        return self._rows.attempts(found)


_ORDER_ID, _ORDER_IDS = "of_order", "of_orders"
_SENT = (
    select(
        func.jsonb_agg(
            func.jsonb_build_array(mail_ledger.c.kind, mail_ledger.c.attempt), type_=JSONB
        )
    )
    .where(mail_ledger.c.order_id == orders.c.order_id, mail_ledger.c.sent_at.is_not(None))
    .scalar_subquery()
)
# Sent mails may be read as they were before the lock: one that seems due once too often is not
# sent again, for the ledger knows it.
_ORDER = select(orders, _SENT.label("sent")).where(orders.c.order_id == bindparam(_ORDER_ID))
# FOR NO KEY UPDATE: shuts out every other writer, but no new row that refers to the order.
_LOCKED_ORDER = _ORDER.with_for_update(of=orders, key_share=True)
_ATTEMPTS = (
    select(
        payment_attempts,
        gateway_transactions.c.transaction_id,
        gateway_transactions.c.payment_type,
        gateway_transactions.c.method.label("transaction_method"),
        gateway_transactions.c.status.label("transaction_status"),
        payment_links.c.sealed_token,
    )
    .select_from(payment_attempts.outerjoin(gateway_transactions).outerjoin(payment_links))
    .where(payment_attempts.c.order_id == any_(bindparam(_ORDER_IDS, type_=ARRAY(Text))))
    .order_by(
        payment_attempts.c.order_id, payment_attempts.c.number, gateway_transactions.c.position
    )
)
