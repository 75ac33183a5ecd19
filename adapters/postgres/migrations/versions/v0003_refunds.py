"""Refunds, bank details, credit notes; money per transaction; several invoices of one order."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _orders()
    _transactions()
    _refunds()
    _bank_details()
    _invoices()
    _credit_notes()
    _mail_ledger()
    _cases()


def downgrade() -> None:
    raise NotImplementedError("restore a backup, or write another migration")


def _orders() -> None:
    op.add_column(
        "orders", sa.Column("paid_transaction_id", sa.Text(collation="C"), nullable=True)
    )
    op.add_column("orders", sa.Column("cancelled_invoice", sa.Text(collation="C"), nullable=True))
    op.drop_column("orders", "sealed_refunded_amount")
    # What was reversed before is unpaid as well now; its invoice waits to be cancelled.
    op.execute(
        "UPDATE orders SET cancelled_invoice = invoice_number, invoice_number = NULL,"
        " paid_at = NULL, paid_with = NULL, paid_attempt = NULL WHERE status = 'reversed'"
    )


def _transactions() -> None:
    op.add_column(
        "gateway_transactions", sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("gateway_transactions", sa.Column("sealed_money", sa.LargeBinary()))


def _refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("order_id", sa.Text(collation="C"), nullable=False),
        sa.Column("refund_key", sa.Text(collation="C"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("gateway_key", sa.Text(collation="C"), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("transaction_id", sa.Text(collation="C"), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gateway_code", sa.Text(), nullable=True),
        sa.Column("transferred_by", sa.Text(), nullable=True),
        sa.Column("forget_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("credit_note_number", sa.Text(collation="C"), nullable=True),
        sa.Column("sealed_refund", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="fk_refunds_order_id"),
        sa.PrimaryKeyConstraint("order_id", "refund_key", name="pk_refunds"),
    )


def _bank_details() -> None:
    op.create_table(
        "bank_details",
        sa.Column("order_id", sa.Text(collation="C"), nullable=False),
        sa.Column("refund_key", sa.Text(collation="C"), nullable=False),
        sa.Column("token_lookup", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_token", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_details", sa.LargeBinary(), nullable=True),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id", "refund_key"],
            ["refunds.order_id", "refunds.refund_key"],
            name="fk_bank_details_order_id_refund_key",
        ),
        sa.PrimaryKeyConstraint("order_id", "refund_key", name="pk_bank_details"),
        sa.UniqueConstraint("token_lookup", name="uq_bank_details_token_lookup"),
    )


def _invoices() -> None:
    op.drop_constraint("uq_invoices_order_id", "invoices", type_="unique")
    op.create_index("ix_invoices_order_id", "invoices", ["order_id"])


def _credit_notes() -> None:
    op.create_table(
        "credit_notes",
        sa.Column("number", sa.Text(collation="C"), nullable=False),
        sa.Column("order_id", sa.Text(collation="C"), nullable=False),
        sa.Column("refund_key", sa.Text(collation="C"), nullable=False, server_default=""),
        sa.Column("invoice_number", sa.Text(collation="C"), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_document", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_pdf", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="fk_credit_notes_order_id"),
        sa.ForeignKeyConstraint(
            ["invoice_number"], ["invoices.number"], name="fk_credit_notes_invoice_number"
        ),
        sa.PrimaryKeyConstraint("number", name="pk_credit_notes"),
        sa.UniqueConstraint("series", "serial", name="uq_credit_notes_series_serial"),
        sa.UniqueConstraint(
            "invoice_number", "refund_key", name="uq_credit_notes_invoice_number_refund_key"
        ),
    )
    op.create_index("ix_credit_notes_order_id", "credit_notes", ["order_id"])


def _mail_ledger() -> None:
    op.add_column(
        "mail_ledger",
        sa.Column("about", sa.Text(collation="C"), nullable=False, server_default=""),
    )
    op.drop_constraint("pk_mail_ledger", "mail_ledger", type_="primary")
    op.create_primary_key(
        "pk_mail_ledger", "mail_ledger", ["order_id", "kind", "attempt", "about"]
    )


def _cases() -> None:
    op.add_column(
        "cases", sa.Column("about", sa.Text(collation="C"), nullable=False, server_default="")
    )
    op.add_column("cases", sa.Column("sealed_amount", sa.LargeBinary(), nullable=True))
    op.drop_constraint("uq_cases_order_id_code_transaction_id_money_came", "cases", type_="unique")
    op.create_unique_constraint(
        "uq_cases_order_id_code_transaction_id_money_came_about",
        "cases",
        ["order_id", "code", "transaction_id", "money_came", "about"],
    )
