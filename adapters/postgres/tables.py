"""Every table of the service; their names are for ever.

Clear: ids, statuses, methods, currency, times and versions. A `sealed_` column holds everything
else about a payment, encrypted and bound to its row; a `_lookup` column holds a keyed hash, so
that a value can be found by who has the key and by nobody else.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# Ids compare byte by byte, whatever the locale of the database and its version are.
Id = Text(collation="C")
Instant = DateTime(timezone=True)


class TransactionId(UserDefinedType[str]):
    """PostgreSQL's xid8: the 64-bit number of a transaction, which never wraps around."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


def _order_id() -> Column[str]:
    return Column("order_id", Id, ForeignKey("orders.order_id"), primary_key=True)


orders = Table(
    "orders",
    metadata,
    Column("order_id", Id, primary_key=True),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("method", Text, nullable=False),
    Column("integration", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("paid_at", Instant),
    Column("paid_with", Text),
    Column("paid_attempt", Integer),
    Column("paid_transaction_id", Id),
    Column("retry_until", Instant),
    Column("invoice_number", Text, unique=True),
    Column("cancelled_invoice", Id),
    Column("attention", Text),
    Column("sealed_request", LargeBinary, nullable=False),
    Column("request_fingerprint", LargeBinary, nullable=False),
    Column("email_lookup", LargeBinary, nullable=False, index=True),
    Column("phone_lookup", LargeBinary, index=True),
    # The end of the order's audit chain; without it, cutting off the end would leave no trace.
    Column("audit_seq", Integer, nullable=False),
    Column("audit_hash", LargeBinary, nullable=False),
    Column("sealed_audit_end", LargeBinary),
    Index(None, "created_at", "order_id"),
    Index(None, "status", "created_at", "order_id"),
)

payment_attempts = Table(
    "payment_attempts",
    metadata,
    _order_id(),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("method", Text, nullable=False),
    Column("integration", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("closing", Text),
    Column("failure", Text),
    Column("accepted_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("sealed_nonce", LargeBinary, nullable=False),
    Column("sealed_idempotency_key", LargeBinary, nullable=False),
    Column("sealed_instructions", LargeBinary),
    Column("sealed_closing_reason", LargeBinary),
    Column("payable_lookup", LargeBinary, index=True),
)

payment_links = Table(
    "payment_links",
    metadata,
    Column("order_id", Id, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("token_lookup", LargeBinary, nullable=False, unique=True),
    Column("sealed_token", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
    ForeignKeyConstraint(
        ["order_id", "attempt"], ["payment_attempts.order_id", "payment_attempts.number"]
    ),
)

gateway_transactions = Table(
    "gateway_transactions",
    metadata,
    Column("order_id", Id, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("transaction_id", Id, primary_key=True),
    # Among the transactions of its attempt: the one heard of last is the last.
    Column("position", Integer, nullable=False),
    Column("payment_type", Text, nullable=False),
    Column("method", Text),
    Column("status", Text, nullable=False),
    Column("paid_at", Instant),
    Column("sealed_money", LargeBinary),
    Column("sealed_report", LargeBinary),
    ForeignKeyConstraint(
        ["order_id", "attempt"], ["payment_attempts.order_id", "payment_attempts.number"]
    ),
    Index(None, "transaction_id"),
)

refunds = Table(
    "refunds",
    metadata,
    _order_id(),
    Column("refund_key", Id, primary_key=True),
    # Among the refunds of its order: in the order in which they were asked for.
    Column("position", Integer, nullable=False),
    Column("gateway_key", Id, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("transaction_id", Id, nullable=False),
    Column("cause", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("needs_approval", Boolean, nullable=False),
    Column("approved_by", Text),
    Column("sent_at", Instant),
    Column("accepted_at", Instant),
    Column("confirmed_at", Instant),
    Column("gateway_code", Text),
    Column("transferred_by", Text),
    Column("forget_at", Instant),
    Column("credit_note_number", Id),
    Column("sealed_refund", LargeBinary, nullable=False),
)

bank_details = Table(
    "bank_details",
    metadata,
    Column("order_id", Id, primary_key=True),
    Column("refund_key", Id, primary_key=True),
    # The token goes when the details go: nothing is left to be opened.
    Column("token_lookup", LargeBinary, unique=True),
    Column("sealed_token", LargeBinary),
    Column("created_at", Instant, nullable=False),
    Column("sealed_details", LargeBinary),
    Column("given_at", Instant),
    Column("deleted_at", Instant),
    ForeignKeyConstraint(["order_id", "refund_key"], ["refunds.order_id", "refunds.refund_key"]),
)

invoices = Table(
    "invoices",
    metadata,
    Column("number", Id, primary_key=True),
    # An order whose settlement was reversed gets another invoice when it is paid again.
    Column("order_id", Id, ForeignKey("orders.order_id"), nullable=False, index=True),
    Column("series", Text, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("sealed_document", LargeBinary, nullable=False),
    Column("sealed_pdf", LargeBinary),
    UniqueConstraint("series", "serial"),
)

credit_notes = Table(
    "credit_notes",
    metadata,
    Column("number", Id, primary_key=True),
    Column("order_id", Id, ForeignKey("orders.order_id"), nullable=False, index=True),
    # Empty for the one that cancels a whole invoice.
    Column("refund_key", Id, nullable=False, server_default=""),
    Column("invoice_number", Id, ForeignKey("invoices.number"), nullable=False),
    Column("series", Text, nullable=False),
    Column("serial", Integer, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("sealed_document", LargeBinary, nullable=False),
    Column("sealed_pdf", LargeBinary),
    UniqueConstraint("series", "serial"),
    UniqueConstraint("invoice_number", "refund_key"),
)

# Of invoices and of credit notes, whose series are named apart.
invoice_numbers = Table(
    "invoice_numbers",
    metadata,
    Column("series", Text, primary_key=True),
    Column("last_serial", Integer, nullable=False),
)

mail_ledger = Table(
    "mail_ledger",
    metadata,
    _order_id(),
    Column("kind", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    # A default, for the workers of the version before, which do not know the column.
    Column("about", Id, primary_key=True, server_default=""),
    Column("message_id", Text, nullable=False, unique=True),
    Column("prepared_at", Instant, nullable=False),
    Column("sent_at", Instant),
)

audit_events = Table(
    "audit_events",
    metadata,
    _order_id(),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

payment_events = Table(
    "payment_events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("xid", TransactionId, nullable=False),
    Column("order_id", Id, ForeignKey("orders.order_id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("type", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("sealed_payment", LargeBinary, nullable=False),
    UniqueConstraint("order_id", "version"),
    Index(None, "xid", "id"),
)

gateway_reports = Table(
    "gateway_reports",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    # No foreign key: a report of an order that we do not know is kept as well.
    Column("order_id", Id, nullable=False, index=True),
    Column("gateway", Text, nullable=False),
    Column("gateway_order_id", Id, nullable=False),
    Column("transaction_id", Id, nullable=False),
    Column("status", Text, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("state", Text, nullable=False, index=True),
    Column("heard_by", Text, nullable=False, server_default="notification"),
    Column("sealed_raw", LargeBinary, nullable=False),
)

cases = Table(
    "cases",
    metadata,
    Column("case_id", BigInteger, Identity(always=True), primary_key=True),
    # No foreign key: money of an order that we do not know is a case as well.
    Column("order_id", Id, nullable=False),
    Column("code", Text, nullable=False),
    Column("transaction_id", Id, nullable=False),
    # Defaults, for the workers of the version before, which do not know the columns.
    Column("money_came", Boolean, nullable=False, server_default=false()),
    Column("about", Id, nullable=False, server_default=""),
    Column("attempt", Integer, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("sealed_details", LargeBinary, nullable=False),
    Column("sealed_amount", LargeBinary),
    Column("resolved_at", Instant),
    Column("resolution", Text),
    Column("resolved_by", Text),
    Column("sealed_resolution_reason", LargeBinary),
    UniqueConstraint("order_id", "code", "transaction_id", "money_came", "about"),
)
