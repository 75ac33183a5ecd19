"""Rows as earlier versions of the schema held them."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import column, insert, table
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.audit import Why, chain
from adapters.postgres.chains import ChainEnd
from adapters.postgres.payment_rows import PaymentRows
from adapters.postgres.sealing import SealedColumn, Sealer
from adapters.postgres.tables import audit_events, cases, invoices
from payments.cases import CaseCode
from payments.changes import Change
from payments.invoice import Invoice
from payments.payment import Payment
from tests.payments.samples import NOW

OLD_DETAILS = {"attempt": "1", "differs": "nonce"}
_DETAILS = SealedColumn(cases.c.sealed_details, dict[str, str])
_DOCUMENT = SealedColumn(invoices.c.sealed_document, Invoice)
_NOT_YET = {
    "orders": ("paid_transaction_id", "cancelled_invoice"),
    "gateway_transactions": ("paid_at", "sealed_money"),
}


async def store_old(connection: AsyncConnection, sealer: Sealer, change: Change) -> None:
    """An order of the schema's first version, or of its second one."""
    rows, payment = PaymentRows(sealer), change.payment
    why = Why(actor="checkout", cause="await_instructions", at=NOW)
    end, entries = chain(payment.order_id, ChainEnd(), why, change.audit)
    order = rows.new_order(payment) | {
        "sealed_refunded_amount": b"zero",
        "audit_seq": end.seq,
        "audit_hash": end.hash,
    }
    await _insert(connection, "orders", order)
    for attempt in payment.attempts:
        values = rows.new_attempt(payment.order_id, attempt)
        if values["failure"] is None:
            del values["failure"]  # the first version did not know it
        await _insert(connection, "payment_attempts", values)
    for values in rows.transactions(_without_transactions(payment), payment, None):
        await _insert(connection, "gateway_transactions", values)
    await connection.execute(insert(audit_events), entries)


async def store_old_case(
    connection: AsyncConnection, sealer: Sealer, order_id: str, code: CaseCode, **more: Any
) -> None:
    sealed = _DETAILS.seal(sealer, dict(OLD_DETAILS), order_id, code, "trx-7")
    values = {
        "order_id": order_id,
        "code": code.value,
        "transaction_id": "trx-7",
        "attempt": 1,
        "opened_at": NOW,
        "sealed_details": sealed,
    }
    await _insert(connection, "cases", values | more)


async def store_old_invoice(
    connection: AsyncConnection, sealer: Sealer, invoice: Invoice, serial: int
) -> None:
    values = {
        "number": invoice.number,
        "order_id": invoice.order_id,
        "series": "2026",
        "serial": serial,
        "issued_at": invoice.issued_at,
        "sealed_document": _DOCUMENT.seal(sealer, invoice, invoice.number),
    }
    await _insert(connection, "invoices", values)


async def store_old_mail(connection: AsyncConnection, order_id: str, kind: str) -> None:
    values = {
        "order_id": order_id,
        "kind": kind,
        "attempt": 1,
        "message_id": f"<{order_id}@skaters.example>",
        "prepared_at": NOW,
        "sent_at": NOW,
    }
    await _insert(connection, "mail_ledger", values)


async def _insert(connection: AsyncConnection, name: str, values: Mapping[str, Any]) -> None:
    known = {key: values[key] for key in values if key not in _NOT_YET.get(name, ())}
    old_table = table(name, *(column(key) for key in known))
    await connection.execute(insert(old_table).values(known))


def _without_transactions(payment: Payment) -> Payment:
    attempts = tuple(replace(attempt, transactions=()) for attempt in payment.attempts)
    return replace(payment, attempts=attempts)
