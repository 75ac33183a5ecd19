"""Reconciliation: its runs, what they found, the fees of settlement files; finance's exports."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _what_is_looked_for()
    _runs()
    _rows()
    _discrepancies()
    _fees()
    _finance_exports()
    # Last, for it locks out every reader of a table that each payment writes to.
    _gateway_reports()


def downgrade() -> None:
    raise NotImplementedError("restore a backup, or write another migration")


def _gateway_reports() -> None:
    op.add_column(
        "gateway_reports",
        sa.Column("heard_by", sa.Text(), nullable=False, server_default="notification"),
    )


def _what_is_looked_for() -> None:
    op.create_index(
        "ix_payment_attempts_accepted_at_order_id_number",
        "payment_attempts",
        ["accepted_at", "order_id", "number"],
    )
    op.create_index(
        "ix_payment_attempts_open",
        "payment_attempts",
        ["order_id", "number"],
        postgresql_where=sa.text(
            "status IN ('preparing', 'unknown', 'pending', 'authorized', 'in_review')"
        ),
    )
    op.create_index(
        "ix_refunds_accepted",
        "refunds",
        ["order_id", "attempt"],
        postgresql_where=sa.text("status = 'accepted'"),
    )
    # Before 0.2 only the order knew when the money came.
    op.execute(
        "UPDATE gateway_transactions AS held SET paid_at = orders.paid_at FROM orders"
        " WHERE held.paid_at IS NULL AND held.order_id = orders.order_id"
        " AND held.attempt = orders.paid_attempt AND held.status IN"
        " ('paid', 'partially_refunded', 'refunded', 'charged_back', 'reversed')"
    )
    op.create_index(
        "ix_gateway_transactions_paid_at_order_id_attempt_transaction_id",
        "gateway_transactions",
        ["paid_at", "order_id", "attempt", "transaction_id"],
    )


def _runs() -> None:
    op.create_table(
        "reconciliation_runs",
        sa.Column("run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked", sa.Integer(), nullable=True),
        sa.Column("found", sa.Integer(), nullable=True),
        sa.Column("repaired", sa.Integer(), nullable=True),
        sa.Column("sealed_report", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_differences", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_pdf", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name="pk_reconciliation_runs"),
    )
    op.create_index(
        "ix_reconciliation_runs_started_at_run_id",
        "reconciliation_runs",
        ["started_at", "run_id"],
    )


def _rows() -> None:
    op.create_table(
        "reconciliation_rows",
        sa.Column("run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("after", sa.Text(collation="C"), nullable=False),
        sa.Column("sealed_rows", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["reconciliation_runs.run_id"], name="fk_reconciliation_rows_run_id"
        ),
        sa.PrimaryKeyConstraint("run_id", "after", name="pk_reconciliation_rows"),
    )


def _discrepancies() -> None:
    op.create_table(
        "discrepancies",
        sa.Column("discrepancy_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("gateway_order_id", sa.Text(collation="C"), nullable=False),
        sa.Column("transaction_id", sa.Text(collation="C"), nullable=False),
        sa.Column("order_id", sa.Text(collation="C"), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("last_run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("sealed_details", sa.LargeBinary(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("sealed_note", sa.LargeBinary(), nullable=True),
        sa.Column("alerted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("discrepancy_id", name="pk_discrepancies"),
    )
    op.create_index(
        "uq_discrepancies_open",
        "discrepancies",
        ["gateway_order_id", "kind", "transaction_id"],
        unique=True,
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    for column in ("gateway_order_id", "first_run_id", "last_run_id", "resolved_by"):
        op.create_index(f"ix_discrepancies_{column}", "discrepancies", [column])


def _fees() -> None:
    op.create_table(
        "gateway_fees",
        sa.Column("gateway_order_id", sa.Text(collation="C"), nullable=False),
        sa.Column("transaction_id", sa.Text(collation="C"), nullable=False),
        sa.Column("run_id", sa.Text(collation="C"), nullable=False),
        sa.Column("sealed_fee", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["reconciliation_runs.run_id"], name="fk_gateway_fees_run_id"
        ),
        sa.PrimaryKeyConstraint("gateway_order_id", "transaction_id", name="pk_gateway_fees"),
    )


def _finance_exports() -> None:
    op.create_table(
        "finance_exports",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("exported_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("exported_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_finance_exports"),
    )
    op.execute(
        "CREATE TRIGGER no_row_changes BEFORE UPDATE OR DELETE ON finance_exports"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER not_emptied BEFORE TRUNCATE ON finance_exports"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
