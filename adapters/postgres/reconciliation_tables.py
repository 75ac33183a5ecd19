"""The tables of reconciliation and of finance; `tables.py` has all others, and the rules."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
)

from adapters.postgres.tables import (
    Id,
    Instant,
    gateway_transactions,
    metadata,
    payment_attempts,
    refunds,
)
from payments.refunds import RefundStatus
from payments.status import OPEN

__all__ = ["metadata"]

reconciliation_runs = Table(
    "reconciliation_runs",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("checked", Integer),
    Column("found", Integer),
    Column("repaired", Integer),
    Column("sealed_report", LargeBinary),
    # What it found as it was when the run ended; the discrepancies themselves live on.
    Column("sealed_differences", LargeBinary),
    Column("sealed_pdf", LargeBinary),
    Index(None, "started_at", "run_id"),
)

reconciliation_rows = Table(
    "reconciliation_rows",
    metadata,
    Column("run_id", Id, ForeignKey("reconciliation_runs.run_id"), primary_key=True),
    # Where the batch began, so that a batch that is repeated replaces its own rows.
    Column("after", Id, primary_key=True),
    Column("sealed_rows", LargeBinary, nullable=False),
)

discrepancies = Table(
    "discrepancies",
    metadata,
    Column("discrepancy_id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("gateway_order_id", Id, nullable=False, index=True),
    # Empty where no transaction is known.
    Column("transaction_id", Id, nullable=False),
    # No foreign key: the gateway may name an order that we do not know.
    Column("order_id", Id),
    Column("first_seen_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("first_run_id", Id, nullable=False, index=True),
    Column("last_run_id", Id, nullable=False, index=True),
    Column("sealed_details", LargeBinary, nullable=False),
    Column("resolved_at", Instant),
    Column("resolution", Text),
    # The run that found it repaired, or who resolved it.
    Column("resolved_by", Text, index=True),
    Column("sealed_note", LargeBinary),
    Column("alerted_at", Instant),
)
Index(
    "uq_discrepancies_open",
    discrepancies.c.gateway_order_id,
    discrepancies.c.kind,
    discrepancies.c.transaction_id,
    unique=True,
    postgresql_where=discrepancies.c.resolved_at.is_(None),
)

# What the gateway kept of each payment, as its settlement files say.
gateway_fees = Table(
    "gateway_fees",
    metadata,
    Column("gateway_order_id", Id, primary_key=True),
    Column("transaction_id", Id, primary_key=True),
    Column("run_id", Id, ForeignKey("reconciliation_runs.run_id"), nullable=False),
    Column("sealed_fee", LargeBinary, nullable=False),
)

finance_exports = Table(
    "finance_exports",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("exported_from", Instant, nullable=False),
    Column("exported_to", Instant, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

# By what reconciliation and finance look for.
Index(
    None,
    payment_attempts.c.accepted_at,
    payment_attempts.c.order_id,
    payment_attempts.c.number,
)
Index(
    "ix_payment_attempts_open",
    payment_attempts.c.order_id,
    payment_attempts.c.number,
    postgresql_where=payment_attempts.c.status.in_(sorted(OPEN)),
)
Index(
    "ix_refunds_accepted",
    refunds.c.order_id,
    refunds.c.attempt,
    postgresql_where=refunds.c.status == RefundStatus.ACCEPTED,
)
Index(
    None,
    gateway_transactions.c.paid_at,
    gateway_transactions.c.order_id,
    gateway_transactions.c.attempt,
    gateway_transactions.c.transaction_id,
)
