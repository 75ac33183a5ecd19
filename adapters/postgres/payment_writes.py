"""Writing what became of a payment: its rows, its audit entries, its event and its cases."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import bindparam, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres import audit
from adapters.postgres.audit import Why, end_values, order_seals
from adapters.postgres.cases import Cases
from adapters.postgres.chains import ChainEnd
from adapters.postgres.feed import append_event
from adapters.postgres.payment_rows import PaymentRows, Values
from adapters.postgres.refund_writes import RefundWrites
from adapters.postgres.sealing import Sealer, new_token
from adapters.postgres.stored_payment import StoredPayment
from adapters.postgres.tables import (
    gateway_transactions,
    orders,
    payment_attempts,
    payment_links,
)
from payments.cases import Case
from payments.changes import AuditEntry, Change
from payments.gateway import StatusReport
from payments.payment import Payment, PaymentAttempt

Decide = Callable[[Payment], Change]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is kept sealed beside a change, because nobody can ask for it again."""

    report: StatusReport | None = None
    closing_reason: tuple[int, str] | None = None


NO_EVIDENCE = Evidence()


class PaymentWrites:
    """Writes in the caller's transaction."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._rows = PaymentRows(sealer)
        self._refunds = RefundWrites(sealer)
        self._cases = Cases(sealer)
        self._seals = order_seals(sealer)

    async def insert(
        self, connection: AsyncConnection, change: Change, why: Why
    ) -> StoredPayment | None:
        """Store a new order; None when it is stored already."""
        payment = change.payment
        end, entries = audit.chain(payment.order_id, ChainEnd(), why, change.audit)
        end = self._seals.sealed(payment.order_id, end)
        values = self._rows.new_order(payment) | end_values(end)
        fingerprint = (await connection.execute(_INSERT_ORDER, values)).scalar()
        if fingerprint is None:
            return None
        await self._insert_attempts(connection, payment.order_id, payment.attempts)
        await audit.append(connection, entries)
        await append_event(connection, self._sealer, payment)
        return StoredPayment(payment, sent=frozenset(), audit_end=end, fingerprint=fingerprint)

    async def save(
        self,
        connection: AsyncConnection,
        stored: StoredPayment,
        decisions: Sequence[Decide],
        why: Why,
        evidence: Evidence = NO_EVIDENCE,
    ) -> StoredPayment:
        """Store what follows from one another as one new version; nothing when none is news."""
        payment, entries = stored.payment, list[AuditEntry]()
        for decide in decisions:
            change = decide(payment)
            if change.payment != payment:
                payment = change.payment
                entries.extend(change.audit)
        if not entries:
            return stored
        news = Change(payment, tuple(entries))
        return await self.write(connection, stored, news, why, evidence)

    async def write(
        self,
        connection: AsyncConnection,
        stored: StoredPayment,
        change: Change,
        why: Why,
        evidence: Evidence = NO_EVIDENCE,
    ) -> StoredPayment:
        """Store a change as the next version, without asking whether it is news."""
        before = stored.payment
        payment = replace(change.payment, version=before.version + 1, updated_at=why.at)
        end, rows = audit.chain(payment.order_id, stored.audit_end, why, change.audit)
        end = self._seals.renewed(payment.order_id, stored.audit_end, end)
        await self._update_order(connection, payment, end)
        await self._save_attempts(connection, before, payment)
        await self._save_transactions(connection, before, payment, evidence.report)
        await self._save_closing_reason(connection, payment, evidence.closing_reason)
        await self._refunds.save(connection, before, payment)
        waiting = await self._save_cases(connection, before, payment, why)
        await audit.append(connection, rows)
        if payment.status is not before.status:
            await append_event(connection, self._sealer, payment)
        return replace(stored, payment=replace(payment, cases=waiting), audit_end=end)

    async def _update_order(
        self, connection: AsyncConnection, payment: Payment, end: ChainEnd
    ) -> None:
        values = self._rows.order(payment) | end_values(end)
        await connection.execute(_UPDATE_ORDER, values | {_ORDER_ID: payment.order_id})

    async def _save_attempts(
        self, connection: AsyncConnection, before: Payment, payment: Payment
    ) -> None:
        for old, new in zip(before.attempts, payment.attempts, strict=False):
            if replace(old, transactions=()) != replace(new, transactions=()):
                values = self._rows.attempt(payment.order_id, new)
                await _update_attempt(connection, payment.order_id, new.number, values)
        added = payment.attempts[len(before.attempts) :]
        if added:
            await self._insert_attempts(connection, payment.order_id, added)

    async def _insert_attempts(
        self, connection: AsyncConnection, order_id: str, attempts: Sequence[PaymentAttempt]
    ) -> None:
        """Store attempts, each with the token of its one-time link."""
        rows = [self._rows.new_attempt(order_id, attempt) for attempt in attempts]
        links = [self._rows.link(order_id, attempt, new_token()) for attempt in attempts]
        await connection.execute(insert(payment_attempts), rows)
        await connection.execute(insert(payment_links), links)

    async def _save_transactions(
        self,
        connection: AsyncConnection,
        before: Payment,
        payment: Payment,
        report: StatusReport | None,
    ) -> None:
        rows = self._rows.transactions(before, payment, report)
        if rows:
            await connection.execute(_UPSERT_TRANSACTION, rows)

    async def _save_closing_reason(
        self, connection: AsyncConnection, payment: Payment, reason: tuple[int, str] | None
    ) -> None:
        if reason is not None:
            number, text = reason
            sealed = self._rows.closing_reason(payment.order_id, number, text)
            values = {"sealed_closing_reason": sealed}
            await _update_attempt(connection, payment.order_id, number, values)

    async def _save_cases(
        self, connection: AsyncConnection, before: Payment, payment: Payment, why: Why
    ) -> tuple[Case, ...]:
        """The cases, each with its id."""
        saved = []
        for case in payment.cases:
            known, kept = before.case(case.key), case
            if known is None:
                kept = await self._cases.open(connection, payment.order_id, case, why.at)
            if case.resolution is not (known and known.resolution):
                await self._cases.close(connection, payment.order_id, case, why)
            saved.append(kept)
        return tuple(saved)


async def _update_attempt(
    connection: AsyncConnection, order_id: str, number: int, values: Values
) -> None:
    await connection.execute(_UPDATE_ATTEMPT, values | {_ORDER_ID: order_id, _NUMBER: number})


# Built once: SQLAlchemy then finds the compiled statement by itself, whatever the values are.
_ORDER_ID, _NUMBER = "of_order", "of_attempt"
_INSERT_ORDER = insert(orders).on_conflict_do_nothing().returning(orders.c.request_fingerprint)
_UPDATE_ORDER = update(orders).where(orders.c.order_id == bindparam(_ORDER_ID))
_UPDATE_ATTEMPT = update(payment_attempts).where(
    payment_attempts.c.order_id == bindparam(_ORDER_ID),
    payment_attempts.c.number == bindparam(_NUMBER),
)
_NEW = insert(gateway_transactions)
_UPSERT_TRANSACTION = _NEW.on_conflict_do_update(
    constraint=gateway_transactions.primary_key,
    set_={
        "position": _NEW.excluded.position,
        "payment_type": _NEW.excluded.payment_type,
        "method": _NEW.excluded.method,
        "status": _NEW.excluded.status,
        "paid_at": _NEW.excluded.paid_at,
        "sealed_money": _NEW.excluded.sealed_money,
        # A transaction that only changed its place keeps the report it came with.
        "sealed_report": func.coalesce(
            _NEW.excluded.sealed_report, gateway_transactions.c.sealed_report
        ),
    },
)
