"""The first tables; the audit log can only be added to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


class TransactionId(sa.types.UserDefinedType[str]):
    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "xid8"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "gateway_reports",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("order_id", sa.Text(collation="C"), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("gateway_order_id", sa.Text(collation="C"), nullable=False),
        sa.Column("transaction_id", sa.Text(collation="C"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sealed_raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_gateway_reports"),
    )
    op.create_index("ix_gateway_reports_order_id", "gateway_reports", ["order_id"])
    op.create_index("ix_gateway_reports_state", "gateway_reports", ["state"])
    op.create_table(
        "invoice_numbers",
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("last_serial", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series", name="pk_invoice_numbers"),
    )
    op.create_table(
        "orders",
        sa.Column("order_id", sa.Text(collation="C"), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_with", sa.Text(), nullable=True),
        sa.Column("paid_attempt", sa.Integer(), nullable=True),
        sa.Column("retry_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("invoice_number", sa.Text(), nullable=True),
        sa.Column("attention", sa.Text(), nullable=True),
        sa.Column("sealed_request", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_refunded_amount", sa.LargeBinary(), nullable=False),
        sa.Column("request_fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("email_lookup", sa.LargeBinary(), nullable=False),
        sa.Column("phone_lookup", sa.LargeBinary(), nullable=True),
        sa.Column("audit_seq", sa.Integer(), nullable=False),
        sa.Column("audit_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("order_id", name="pk_orders"),
        sa.UniqueConstraint("invoice_number", name="uq_orders_invoice_number"),
    )
    op.create_index("ix_orders_created_at_order_id", "orders", ["created_at", "order_id"])
    op.create_index("ix_orders_email_lookup", "orders", ["email_lookup"])
    op.create_index("ix_orders_phone_lookup", "orders", ["phone_lookup"])
    op.create_index(
        "ix_orders_status_created_at_order_id", "orders", ["status", "created_at", "order_id"]
    )
    op.create_table(
        "audit_events",
        sa.Column("order_id", sa.Text(collation="C"), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="fk_audit_events_order_id"),
        sa.PrimaryKeyConstraint("order_id", "seq", name="pk_audit_events"),
    )
    op.create_table(
        "cases",
        sa.Column("case_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("order_id", sa.Text(collation="C"), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("transaction_id", sa.Text(collation="C"), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_details", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="fk_cases_order_id"),
        sa.PrimaryKeyConstraint("case_id", name="pk_cases"),
        sa.UniqueConstraint(
            "order_id", "code", "transaction_id", name="uq_cases_order_id_code_transaction_id"
        ),
    )
    op.create_table(
        "invoices",
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("order_id", sa.Text(collation="C"), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_document", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_pdf", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="fk_invoices_order_id"),
        sa.PrimaryKeyConstraint("number", name="pk_invoices"),
        sa.UniqueConstraint("order_id", name="uq_invoices_order_id"),
        sa.UniqueConstraint("series", "serial", name="uq_invoices_series_serial"),
    )
    op.create_table(
        "mail_ledger",
        sa.Column("order_id", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="fk_mail_ledger_order_id"),
        sa.PrimaryKeyConstraint("order_id", "kind", "attempt", name="pk_mail_ledger"),
        sa.UniqueConstraint("message_id", name="uq_mail_ledger_message_id"),
    )
    op.create_table(
        "payment_attempts",
        sa.Column("order_id", sa.Text(collation="C"), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("integration", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("closing", sa.Text(), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_nonce", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_idempotency_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_instructions", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_closing_reason", sa.LargeBinary(), nullable=True),
        sa.Column("payable_lookup", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.order_id"], name="fk_payment_attempts_order_id"
        ),
        sa.PrimaryKeyConstraint("order_id", "number", name="pk_payment_attempts"),
    )
    op.create_index("ix_payment_attempts_payable_lookup", "payment_attempts", ["payable_lookup"])
    op.create_table(
        "payment_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("xid", TransactionId(), nullable=False),
        sa.Column("order_id", sa.Text(collation="C"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_payment", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.order_id"], name="fk_payment_events_order_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_payment_events"),
        sa.UniqueConstraint("order_id", "version", name="uq_payment_events_order_id_version"),
    )
    op.create_index("ix_payment_events_xid_id", "payment_events", ["xid", "id"])
    op.create_table(
        "gateway_transactions",
        sa.Column("order_id", sa.Text(collation="C"), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("transaction_id", sa.Text(collation="C"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("payment_type", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("sealed_report", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id", "attempt"],
            ["payment_attempts.order_id", "payment_attempts.number"],
            name="fk_gateway_transactions_order_id_attempt",
        ),
        sa.PrimaryKeyConstraint(
            "order_id", "attempt", "transaction_id", name="pk_gateway_transactions"
        ),
    )
    op.create_index(
        "ix_gateway_transactions_transaction_id", "gateway_transactions", ["transaction_id"]
    )
    op.execute(REFUSE_CHANGE)
    op.execute(NO_ROW_CHANGES)
    op.execute(NOT_EMPTIED)


REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% can only be added to', TG_TABLE_NAME;
END
$$
"""
NO_ROW_CHANGES = """
CREATE TRIGGER no_row_changes BEFORE UPDATE OR DELETE ON audit_events
FOR EACH ROW EXECUTE FUNCTION refuse_change()
"""
NOT_EMPTIED = """
CREATE TRIGGER not_emptied BEFORE TRUNCATE ON audit_events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""


def downgrade() -> None:
    raise NotImplementedError("restore a backup, or write another migration")
