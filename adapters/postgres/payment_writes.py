"""Writing what became of a payment: its rows, its audit entries, its event and its case."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import bindparam, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres import audit
from adapters.postgres.audit import ChainEnd, Why
from adapters.postgres.feed import append_event
from adapters.postgres.payment_rows import PaymentRows, Values
from adapters.postgres.sealing import SealedColumn, Sealer
from adapters.postgres.stored_payment import StoredPayment
from adapters.postgres.tables import cases, gateway_transactions, orders, payment_attempts
from payments.changes import AuditEntry, Case, Change
from payments.gateway import StatusReport
from payments.payment import Payment

_DETAILS = SealedColumn(cases.c.sealed_details, dict[str, str])


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

    async def insert(
        self, connection: AsyncConnection, change: Change, why: Why
    ) -> StoredPayment | None:
        """Store a new order; None when it is stored already."""
        payment = change.payment
        end, entries = audit.chain(payment.order_id, ChainEnd(), why, change.audit)
        values = self._rows.new_order(payment) | _chain_end(end)
        fingerprint = (await connection.execute(_INSERT_ORDER, values)).scalar()
        if fingerprint is None:
            return None
        attempts = [
            self._rows.new_attempt(payment.order_id, attempt) for attempt in payment.attempts
        ]
        await connection.execute(insert(payment_attempts), attempts)
        await audit.append(connection, entries)
        await append_event(connection, self._sealer, payment)
        return StoredPayment(payment, receipt_sent=False, audit_end=end, fingerprint=fingerprint)

    async def save(
        self,
        connection: AsyncConnection,
        stored: StoredPayment,
        changes: Sequence[Change],
        why: Why,
        evidence: Evidence,
    ) -> StoredPayment:
        """Store changes that follow one another as one new version; nothing when none is news."""
        before, entries = stored.payment, await self._news(connection, stored.payment, changes, why)
        if not entries:
            return stored
        payment = replace(changes[-1].payment, version=before.version + 1, updated_at=why.at)
        end, rows = audit.chain(payment.order_id, stored.audit_end, why, entries)
        await self._update_order(connection, payment, end)
        await self._save_attempts(connection, before, payment)
        await self._save_transactions(connection, before, payment, evidence.report)
        await self._save_closing_reason(connection, payment, evidence.closing_reason)
        await audit.append(connection, rows)
        if payment.status is not before.status:
            await append_event(connection, self._sealer, payment)
        return replace(stored, payment=payment, audit_end=end)

    async def _news(
        self, connection: AsyncConnection, payment: Payment, changes: Sequence[Change], why: Why
    ) -> list[AuditEntry]:
        entries: list[AuditEntry] = []
        for change in changes:
            is_new_case = change.case is not None and await self._insert_case(
                connection, payment.order_id, change.case, why
            )
            if is_new_case or change.payment != payment:
                entries.extend(change.audit)
            payment = change.payment
        return entries

    async def _insert_case(
        self, connection: AsyncConnection, order_id: str, case: Case, why: Why
    ) -> bool:
        row = (order_id, case.code, case.transaction_id)
        values = {
            "order_id": order_id,
            "code": case.code,
            "transaction_id": case.transaction_id,
            "attempt": case.attempt,
            "opened_at": why.at,
            "sealed_details": _DETAILS.seal(self._sealer, dict(case.details), *row),
        }
        return (await connection.execute(_INSERT_CASE, values)).first() is not None

    async def _update_order(
        self, connection: AsyncConnection, payment: Payment, end: ChainEnd
    ) -> None:
        values = self._rows.order(payment) | _chain_end(end)
        await connection.execute(_UPDATE_ORDER, values | {_ORDER_ID: payment.order_id})

    async def _save_attempts(
        self, connection: AsyncConnection, before: Payment, payment: Payment
    ) -> None:
        for old, new in zip(before.attempts, payment.attempts, strict=True):
            if replace(old, transactions=()) != replace(new, transactions=()):
                values = self._rows.attempt(payment.order_id, new)
                await _update_attempt(connection, payment.order_id, new.number, values)

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


def _chain_end(end: ChainEnd) -> Values:
    return {"audit_seq": end.seq, "audit_hash": end.hash}


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
_INSERT_CASE = insert(cases).on_conflict_do_nothing().returning(cases.c.case_id)
_NEW = insert(gateway_transactions)
_UPSERT_TRANSACTION = _NEW.on_conflict_do_update(
    constraint=gateway_transactions.primary_key,
    set_={
        "position": _NEW.excluded.position,
        "payment_type": _NEW.excluded.payment_type,
        "method": _NEW.excluded.method,
        "status": _NEW.excluded.status,
        # A transaction that only changed its place keeps the report it came with.
        "sealed_report": func.coalesce(
            _NEW.excluded.sealed_report, gateway_transactions.c.sealed_report
        ),
    },
)
