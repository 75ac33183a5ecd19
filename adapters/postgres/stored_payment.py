"""Reading one order's payment from its rows, for decisions under its lock and for everybody else."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import tink
from sqlalchemy import ARRAY, Row, Select, Text, any_, bindparam, exists, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.cases import Cases
from adapters.postgres.chains import ChainEnd
from adapters.postgres.payment_rows import PaymentRows
from adapters.postgres.refund_rows import RefundRows
from adapters.postgres.sealing import Sealer
from adapters.postgres.tables import (
    bank_details,
    cases,
    gateway_transactions,
    mail_ledger,
    orders,
    payment_attempts,
    payment_links,
    refunds,
)
from payments.errors import OrderUnknownError
from payments.mails import Mail, MailKind
from payments.payment import Payment
from payments.progress import Progress, progress_of

# Of a value that no key opens, and of one that was changed where it is clear.
UNREADABLE = (tink.TinkError, ValueError)

log = logging.getLogger(__name__)


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
        self._refund_rows = RefundRows(sealer)
        self._cases = Cases(sealer)

    async def find(
        self, connection: AsyncConnection, order_id: str, *, locked: bool = False
    ) -> StoredPayment | None:
        query = _LOCKED_ORDER if locked else _ORDER
        # Two statements: one that waited for a lock would see other tables as they were before.
        order = (await connection.execute(query, {_ORDER_ID: order_id})).first()
        if order is None:
            return None
        (payment,) = await self.payments(connection, [order])
        return StoredPayment(
            payment=payment,
            sent=frozenset(Mail(MailKind(kind), *which) for kind, *which in order.sent or ()),
            audit_end=ChainEnd(order.audit_seq, order.audit_hash, order.sealed_audit_end),
            fingerprint=order.request_fingerprint,
        )

    async def lock(self, connection: AsyncConnection, order_id: str) -> StoredPayment:
        """Read an order that nobody else can change before the transaction ends."""
        stored = await self.find(connection, order_id, locked=True)
        if stored is None:
            raise OrderUnknownError(order_id)
        return stored

    async def payments(
        self, connection: AsyncConnection, found: Sequence[Row[Any]]
    ) -> tuple[Payment, ...]:
        """The payments of these rows of `orders`, by one statement, or three, for all of them."""
        rows = await _rows_beside(connection, found)
        return tuple(self._payment(row, rows) for row in found)

    async def readable(
        self, connection: AsyncConnection, found: Sequence[Row[Any]]
    ) -> tuple[Payment, ...]:
        """Those of the payments that can be read: one that was tampered with hides no other."""
        rows = await _rows_beside(connection, found)
        payments = []
        for row in found:
            try:
                payments.append(self._payment(row, rows))
            except UNREADABLE:
                log.exception("payment.unreadable", extra={"order_id": row.order_id})
        return tuple(payments)

    def _payment(self, order: Row[Any], rows: "_RowsBeside") -> Payment:
        order_id = order.order_id
        return replace(
            self._rows.payment(order, self._rows.attempts(rows.attempts[order_id])[order_id]),
            refunds=self._refund_rows.refunds(rows.refunds[order_id]).get(order_id, ()),
            cases=self._cases.of_orders(rows.cases[order_id]).get(order_id, ()),
        )


@dataclass(frozen=True, slots=True)
class _RowsBeside:
    """What is read of some orders besides their own rows, by order."""

    attempts: Mapping[str, Sequence[Row[Any]]]
    refunds: Mapping[str, Sequence[Row[Any]]]
    cases: Mapping[str, Sequence[Row[Any]]]


async def _rows_beside(connection: AsyncConnection, found: Sequence[Row[Any]]) -> _RowsBeside:
    attempts = await _of_orders(connection, _ATTEMPTS, [row.order_id for row in found])
    with_refunds = {row.order_id for row in attempts if row.has_refunds}
    with_cases = {row.order_id for row in attempts if row.has_cases}
    return _RowsBeside(
        _by_order(attempts),
        _by_order(await _of_orders(connection, _REFUNDS, with_refunds)),
        _by_order(await _of_orders(connection, _CASES, with_cases)),
    )


def _by_order(rows: Iterable[Row[Any]]) -> Mapping[str, Sequence[Row[Any]]]:
    found = defaultdict[str, list[Row[Any]]](list)
    for row in rows:
        found[row.order_id].append(row)
    return found


async def _of_orders(
    connection: AsyncConnection, query: Select[Any], order_ids: Collection[str]
) -> Sequence[Row[Any]]:
    if not order_ids:
        return ()
    found: Sequence[Row[Any]] = (
        await connection.execute(query, {_ORDER_IDS: list(order_ids)})
    ).all()
    return found


_ORDER_ID, _ORDER_IDS = "of_order", "of_orders"
_SENT = (
    select(
        func.jsonb_agg(
            func.jsonb_build_array(mail_ledger.c.kind, mail_ledger.c.attempt, mail_ledger.c.about),
            type_=JSONB,
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
_ANY_OF_THEM = any_(bindparam(_ORDER_IDS, type_=ARRAY(Text)))
_ATTEMPTS = (
    select(
        payment_attempts,
        gateway_transactions.c.transaction_id,
        gateway_transactions.c.payment_type,
        gateway_transactions.c.method.label("transaction_method"),
        gateway_transactions.c.status.label("transaction_status"),
        gateway_transactions.c.paid_at,
        gateway_transactions.c.sealed_money,
        payment_links.c.sealed_token,
        # Asked here, behind the order's lock, and not with the order itself: see `find`.
        exists().where(refunds.c.order_id == payment_attempts.c.order_id).label("has_refunds"),
        exists().where(cases.c.order_id == payment_attempts.c.order_id).label("has_cases"),
    )
    .select_from(payment_attempts.outerjoin(gateway_transactions).outerjoin(payment_links))
    .where(payment_attempts.c.order_id == _ANY_OF_THEM)
    .order_by(
        payment_attempts.c.order_id, payment_attempts.c.number, gateway_transactions.c.position
    )
)
_REFUNDS = (
    select(refunds, bank_details.c.sealed_token)
    .select_from(refunds.outerjoin(bank_details))
    .where(refunds.c.order_id == _ANY_OF_THEM)
    .order_by(refunds.c.order_id, refunds.c.position)
)
_CASES = (
    select(cases)
    .where(cases.c.order_id == _ANY_OF_THEM)
    .order_by(cases.c.order_id, cases.c.case_id)
)
