"""The table of what operators did that is about no single order, and the ends of all such logs."""

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from adapters.postgres.tables import Instant, metadata

operator_events = Table(
    "operator_events",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

# One row for each log that is a chain of its own, as an order's row keeps the end of its chain.
log_ends = Table(
    "log_ends",
    metadata,
    Column("log", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("sealed_end", LargeBinary),
)
