"""Every sealed and every looked-up column, with all that it takes to make its value anew.

A column that is missing here would keep its old key needed for ever: a test finds it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Column, Table

from adapters.postgres import cases as case_rows
from adapters.postgres import discrepancy_rows
from adapters.postgres.audit_tables import log_ends
from adapters.postgres.payment_rows import fingerprinted, payable_of
from adapters.postgres.reconciliation_tables import (
    discrepancies,
    gateway_fees,
    reconciliation_rows,
    reconciliation_runs,
)
from adapters.postgres.sealing import Part, normal_email, normal_phone
from adapters.postgres.tables import (
    bank_details,
    cases,
    credit_notes,
    gateway_reports,
    gateway_transactions,
    invoices,
    orders,
    payment_attempts,
    payment_events,
    payment_links,
    refunds,
)
from payments.cases import CaseCode, CaseKey
from payments.gateway import Instructions
from payments.request import PaymentRequest

RowValues = Mapping[str, Any]
Parts = tuple[Part, ...]
Place = Callable[[RowValues], Parts]


@dataclass(frozen=True, slots=True)
class Lookup:
    """A digest of something that is sealed beside it, in the column `source`."""

    source: str
    parts: Callable[[RowValues, bytes], Parts]


@dataclass(frozen=True, slots=True)
class SealedTable:
    """`sealed` says of each column what its values are bound to."""

    table: Table
    sealed: Mapping[str, Place]
    lookups: Mapping[str, Lookup] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[Column[bytes], ...]:
        return tuple(self.table.c[name] for name in (*self.sealed, *self.lookups))


def _by(*names: str) -> Place:
    return lambda row: tuple(row[name] for name in names)


def _case_key(row: RowValues) -> CaseKey:
    return CaseKey(
        code=CaseCode(row["code"]),
        transaction_id=row["transaction_id"],
        money_came=row["money_came"],
        about=row["about"],
    )


def _case_details(row: RowValues) -> Parts:
    return case_rows.details_place(row["order_id"], _case_key(row))


def _case_amount(row: RowValues) -> Parts:
    return case_rows.amount_place(row["order_id"], _case_key(row))


def _discrepancy_details(row: RowValues) -> Parts:
    key = (row["kind"], row["gateway_order_id"], row["transaction_id"])
    first_seen_at: datetime = row["first_seen_at"]
    return discrepancy_rows.details_place(key, row["first_run_id"], first_seen_at)


def _fingerprint(_: RowValues, clear: bytes) -> Parts:
    return fingerprinted(_REQUEST.validate_json(clear))


def _email(_: RowValues, clear: bytes) -> Parts:
    return (normal_email(_REQUEST.validate_json(clear).customer.email),)


def _phone(_: RowValues, clear: bytes) -> Parts:
    return (normal_phone(_REQUEST.validate_json(clear).customer.phone or ""),)


def _payable(_: RowValues, clear: bytes) -> Parts:
    return (payable_of(_INSTRUCTIONS.validate_json(clear)) or "",)


def _token(_: RowValues, clear: bytes) -> Parts:
    return (clear,)


def _report(row: RowValues, clear: bytes) -> Parts:
    return (row["gateway_order_id"], row["transaction_id"], row["status"], clear)


_REQUEST, _INSTRUCTIONS = TypeAdapter(PaymentRequest), TypeAdapter(Instructions)
_ATTEMPT = _by("order_id", "number")
_TRANSACTION = _by("order_id", "attempt", "transaction_id")
_REFUND = _by("order_id", "refund_key")
_DOCUMENT = {"sealed_document": _by("number"), "sealed_pdf": _by("number")}

SEALED_TABLES = (
    SealedTable(
        orders,
        {"sealed_request": _by("order_id"), "sealed_audit_end": _by("order_id")},
        {
            "request_fingerprint": Lookup("sealed_request", _fingerprint),
            "email_lookup": Lookup("sealed_request", _email),
            "phone_lookup": Lookup("sealed_request", _phone),
        },
    ),
    SealedTable(
        payment_attempts,
        {
            "sealed_nonce": _ATTEMPT,
            "sealed_idempotency_key": _ATTEMPT,
            "sealed_instructions": _ATTEMPT,
            "sealed_closing_reason": _ATTEMPT,
        },
        {"payable_lookup": Lookup("sealed_instructions", _payable)},
    ),
    SealedTable(
        payment_links,
        {"sealed_token": _by("order_id", "attempt")},
        {"token_lookup": Lookup("sealed_token", _token)},
    ),
    SealedTable(
        gateway_transactions, {"sealed_money": _TRANSACTION, "sealed_report": _TRANSACTION}
    ),
    SealedTable(refunds, {"sealed_refund": _REFUND}),
    SealedTable(
        bank_details,
        {"sealed_token": _REFUND, "sealed_details": _REFUND},
        {"token_lookup": Lookup("sealed_token", _token)},
    ),
    SealedTable(invoices, _DOCUMENT),
    SealedTable(credit_notes, _DOCUMENT),
    SealedTable(payment_events, {"sealed_payment": _by("order_id", "version")}),
    SealedTable(
        gateway_reports,
        # Bound to a digest, which is made anew as well.
        {"sealed_raw": _by("digest")},
        {"digest": Lookup("sealed_raw", _report)},
    ),
    SealedTable(
        cases,
        {
            "sealed_details": _case_details,
            "sealed_amount": _case_amount,
            "sealed_resolution_reason": _by("case_id"),
        },
    ),
    SealedTable(
        reconciliation_runs,
        {name: _by("run_id") for name in ("sealed_report", "sealed_differences", "sealed_pdf")},
    ),
    SealedTable(reconciliation_rows, {"sealed_rows": _by("run_id", "after")}),
    SealedTable(
        discrepancies,
        {"sealed_details": _discrepancy_details, "sealed_note": _by("discrepancy_id")},
    ),
    SealedTable(gateway_fees, {"sealed_fee": _by("gateway_order_id", "transaction_id")}),
    SealedTable(log_ends, {"sealed_end": _by("log")}),
)
