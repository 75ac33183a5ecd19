"""What the database holds as evidence for the invariants: page by page, however much there is."""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    LargeBinary,
    Row,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    exists,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.audit_verdict import verify
from adapters.postgres.credit_note_store import open_credit_note
from adapters.postgres.document_numbers import Numbers
from adapters.postgres.gateway_reports import HeardBy, ReportState
from adapters.postgres.invoice_store import open_invoice
from adapters.postgres.sealing import Sealer
from adapters.postgres.stored_payment import UNREADABLE, StoredPayments
from adapters.postgres.tables import (
    audit_events,
    bank_details,
    cases,
    credit_notes,
    gateway_reports,
    gateway_transactions,
    invoices,
    mail_ledger,
    orders,
    payment_attempts,
    payment_events,
    payment_links,
    refunds,
)
from payments.evidence import (
    Audited,
    Document,
    Evidence,
    Hint,
    Letter,
    OrderEvidence,
    StrangerEvidence,
    Told,
    WholeEvidence,
)
from payments.mails import Mail, MailKind
from payments.payment import Payment
from payments.status import AttemptStatus, PaymentStatus

PAGE = 100

Rows = Mapping[str, Sequence[Row[Any]]]


class InvariantEvidence:
    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        # One snapshot for all statements, or what is told of an order might not fit together.
        self._snapshots = engine.execution_options(isolation_level="REPEATABLE READ")
        self._sealer = sealer
        self._stored = StoredPayments(sealer)

    async def orders(
        self, due_before: datetime, only: Collection[str] | None = None
    ) -> AsyncIterator[Evidence]:
        """Each order, or each of these; of one that cannot be read, no more than that."""
        query = select(orders).order_by(orders.c.order_id).limit(PAGE)
        if only is not None:
            query = query.where(orders.c.order_id.in_(sorted(only)))
        after = ""
        while True:
            async with self._snapshots.connect() as connection:
                page = query.where(orders.c.order_id > after)
                found = (await connection.execute(page)).all()
                payments = await self._stored.readable(connection, found)
                order_ids = [row.order_id for row in found]
                rows = {table: await _of(connection, table, order_ids) for table in _OF_ORDERS}
            read = {payment.order_id: payment for payment in payments}
            for order_id in order_ids:
                own = {table.name: rows[table].get(order_id, ()) for table in _OF_ORDERS}
                yield self._evidence(order_id, read.get(order_id), own, due_before)
            if len(found) < PAGE:
                return
            after = found[-1].order_id

    async def strangers(self, due_before: datetime) -> AsyncIterator[StrangerEvidence]:
        """Each order that the gateway told of, and that is not stored here."""
        after = ""
        while True:
            async with self._snapshots.connect() as connection:
                found = (await connection.execute(_HEARD_OF, {"after": after})).all()
                strangers = [row.order_id for row in found if not row.is_stored]
                hints = await _of(connection, gateway_reports, strangers)
                waiting = await _of(connection, cases, strangers)
            for order_id in strangers:
                yield StrangerEvidence(
                    order_id=order_id,
                    due_before=due_before,
                    hints=tuple(map(_hint, hints[order_id])),
                    cases=frozenset(row.transaction_id for row in waiting.get(order_id, ())),
                )
            if len(found) < PAGE:
                return
            after = found[-1].order_id

    async def whole(self) -> WholeEvidence:
        series = await Numbers(self._engine).series()
        broken = (await verify(self._engine, self._sealer)).broken
        if broken is None:
            return WholeEvidence(series=series)
        row = f"row {broken.seq} of {broken.log} is {broken.problem}"
        return WholeEvidence(series=series, broken=(broken.order_id, row))

    def _evidence(
        self, order_id: str, payment: Payment | None, rows: Rows, due_before: datetime
    ) -> Evidence:
        unreadable = WholeEvidence(unreadable=(order_id,))
        if payment is None:
            return unreadable
        try:
            issued = tuple(map(self._invoice, rows[invoices.name]))
            credited = tuple(map(self._credit_note, rows[credit_notes.name]))
        except UNREADABLE:
            return unreadable
        return OrderEvidence(
            payment=payment,
            due_before=due_before,
            invoices=issued,
            credit_notes=credited,
            audit=tuple(map(_audited, rows[audit_events.name])),
            feed=tuple(map(_told, rows[payment_events.name])),
            letters=tuple(map(_letter, rows[mail_ledger.name])),
            hints=tuple(
                _hint(row)
                for row in rows[gateway_reports.name]
                if row.heard_by == HeardBy.NOTIFICATION
            ),
            readable={name: "\n".join(map(_in_clear, found)) for name, found in rows.items()},
        )

    def _invoice(self, row: Row[Any]) -> Document:
        return Document(
            number=row.number,
            series=row.series,
            serial=row.serial,
            issued_at=row.issued_at,
            amount=open_invoice(self._sealer, row).total,
            has_pdf=row.has_pdf,
        )

    def _credit_note(self, row: Row[Any]) -> Document:
        return Document(
            number=row.number,
            series=row.series,
            serial=row.serial,
            issued_at=row.issued_at,
            amount=open_credit_note(self._sealer, row).amount,
            has_pdf=row.has_pdf,
            invoice_number=row.invoice_number,
            refund_key=row.refund_key,
        )


async def _of(
    connection: AsyncConnection, table: Table, order_ids: Sequence[str]
) -> Mapping[str, Sequence[Row[Any]]]:
    """The table's rows of these orders, by order."""
    found = defaultdict[str, list[Row[Any]]](list)
    if order_ids:
        rows = await connection.execute(_OF_ORDERS[table], {"order_ids": order_ids})
        for row in rows:
            found[row.order_id].append(row)
    return found


def _audited(row: Row[Any]) -> Audited:
    return Audited(event=row.event, actor=row.actor, at=row.at, details=row.details)


def _told(row: Row[Any]) -> Told:
    status = PaymentStatus(row.type.removeprefix("payment."))
    return Told(status=status, version=row.version, at=row.at)


def _letter(row: Row[Any]) -> Letter:
    mail = Mail(MailKind(row.kind), row.attempt, row.about)
    return Letter(mail=mail, message_id=row.message_id, is_sent=row.sent_at is not None)


def _hint(row: Row[Any]) -> Hint:
    return Hint(
        gateway_order_id=row.gateway_order_id,
        transaction_id=row.transaction_id,
        status=AttemptStatus(row.status),
        at=row.received_at,
        is_matched=row.state == ReportState.RECORDED,
        was_asked=row.heard_by == HeardBy.ASKING,
    )


def _in_clear(row: Row[Any]) -> str:
    return " ".join(str(value) for value in row if not isinstance(value, bytes | bool))


def _rows_of(table: Table, *order: Column[Any]) -> Select[Any]:
    """What is in clear, and the documents."""
    columns: list[Any] = [column for column in table.c if not isinstance(column.type, LargeBinary)]
    if "sealed_pdf" in table.c:
        columns += [table.c.sealed_document, table.c.sealed_pdf.is_not(None).label("has_pdf")]
    of_them = table.c.order_id == any_(bindparam("order_ids", type_=ARRAY(Text)))
    return select(*columns).where(of_them).order_by(*order)


_OF_ORDERS = {
    audit_events: _rows_of(audit_events, audit_events.c.seq),
    payment_events: _rows_of(payment_events, payment_events.c.version),
    invoices: _rows_of(invoices, invoices.c.serial),
    credit_notes: _rows_of(credit_notes, credit_notes.c.serial),
    mail_ledger: _rows_of(mail_ledger, mail_ledger.c.prepared_at),
    gateway_reports: _rows_of(gateway_reports, gateway_reports.c.received_at),
    orders: _rows_of(orders),
    payment_attempts: _rows_of(payment_attempts),
    payment_links: _rows_of(payment_links),
    gateway_transactions: _rows_of(gateway_transactions),
    refunds: _rows_of(refunds),
    bank_details: _rows_of(bank_details),
    cases: _rows_of(cases),
}
_HEARD_OF = (
    select(
        gateway_reports.c.order_id,
        exists().where(orders.c.order_id == gateway_reports.c.order_id).label("is_stored"),
    )
    .where(gateway_reports.c.order_id > bindparam("after"))
    .group_by(gateway_reports.c.order_id)
    .order_by(gateway_reports.c.order_id)
    .limit(PAGE)
)
