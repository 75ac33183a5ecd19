"""Which keys each running process has."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "keyset_uses",
        sa.Column("instance", sa.Text(collation="C"), nullable=False),
        sa.Column("keyset", sa.Text(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("build", sa.Text(), nullable=True),
        sa.Column("key_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("primary_key_id", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("instance", "keyset", name="pk_keyset_uses"),
    )


def downgrade() -> None:
    raise NotImplementedError("restore a backup, or write another migration")
