"""Run by Alembic: applies the migrations on the connection that `schema.py` opened."""

from alembic import context

from adapters.postgres.reconciliation_tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
