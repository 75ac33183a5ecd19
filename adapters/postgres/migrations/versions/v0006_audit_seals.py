"""Seals over the ends of the audit chains; the log of what operators do about no single order."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "operator_events",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_operator_events"),
    )
    op.create_table(
        "log_ends",
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_end", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("log", name="pk_log_ends"),
    )
    op.execute(
        "CREATE TRIGGER no_row_changes BEFORE UPDATE OR DELETE ON operator_events"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER not_emptied BEFORE TRUNCATE ON operator_events"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(NO_ENTRIES_YET)
    op.execute(WHERE_EXPORTS_END)
    # Last, for it locks out every reader of a table that each payment writes to.
    op.add_column("orders", sa.Column("sealed_audit_end", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("restore a backup, or write another migration")


# Nothing is sealed here: a migration has no keys. `audit seal` does it once, after this version
# has taken over.
NO_ENTRIES_YET = """
INSERT INTO log_ends (log, seq, hash)
SELECT log, 0, decode(repeat('00', 32), 'hex')
FROM (VALUES ('operator_events'), ('finance_exports')) AS logs (log)
"""
WHERE_EXPORTS_END = """
UPDATE log_ends SET seq = newest.seq, hash = newest.hash
FROM (SELECT seq, hash FROM finance_exports ORDER BY seq DESC LIMIT 1) AS newest
WHERE log = 'finance_exports'
"""
