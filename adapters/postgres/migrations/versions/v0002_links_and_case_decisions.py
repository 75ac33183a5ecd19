"""One-time links; why a charge failed; what became of a case, also without its order."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("payment_attempts", sa.Column("failure", sa.Text(), nullable=True))
    op.create_table(
        "payment_links",
        sa.Column("order_id", sa.Text(collation="C"), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("token_lookup", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_token", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id", "attempt"],
            ["payment_attempts.order_id", "payment_attempts.number"],
            name="fk_payment_links_order_id_attempt",
        ),
        sa.PrimaryKeyConstraint("order_id", "attempt", name="pk_payment_links"),
        sa.UniqueConstraint("token_lookup", name="uq_payment_links_token_lookup"),
    )
    op.drop_constraint("fk_cases_order_id", "cases", type_="foreignkey")
    op.add_column(
        "cases",
        sa.Column("money_came", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.execute(
        "UPDATE cases SET money_came = true WHERE code IN ('late_money', 'second_payment')"
    )
    op.add_column("cases", sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("cases", sa.Column("resolution", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("resolved_by", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("sealed_resolution_reason", sa.LargeBinary(), nullable=True))
    op.drop_constraint("uq_cases_order_id_code_transaction_id", "cases", type_="unique")
    op.create_unique_constraint(
        "uq_cases_order_id_code_transaction_id_money_came",
        "cases",
        ["order_id", "code", "transaction_id", "money_came"],
    )


def downgrade() -> None:
    raise NotImplementedError("restore a backup, or write another migration")
