"""Bringing a database to the schema of this version, and telling whether it is there.

There is no way back: a migration that lost data could not be undone by a downgrade, so what undoes
one is a backup, or another migration.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import create_migration_engine

MIGRATIONS = Path(__file__).with_name("migrations")
CONNECTION = "connection"
# Any number will do, as long as every version of this service uses the same one.
_MIGRATOR_LOCK = 7_266_352_017


async def migrate(url: str) -> None:
    """Apply every migration that is missing; of several migrators at once, one does the work."""
    engine = create_migration_engine(url)
    try:
        async with engine.connect() as connection:
            # Held by the session, until the connection is closed: migrations may commit halfway.
            await connection.execute(
                text("SELECT pg_advisory_lock(:lock)"), {"lock": _MIGRATOR_LOCK}
            )
            await connection.commit()
            await connection.run_sync(_upgrade)
            await connection.commit()
    finally:
        await engine.dispose()


async def schema_is_current(engine: AsyncEngine) -> bool:
    """Whether the database has exactly the schema that this version was written for."""
    async with engine.connect() as connection:
        return await connection.run_sync(_is_current)


def configuration(connection: Connection | None = None) -> Config:
    """What Alembic is told, without a file of its own."""
    config = Config(attributes={CONNECTION: connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("file_template", "v%%(rev)s_%%(slug)s")
    return config


def _upgrade(connection: Connection) -> None:
    command.upgrade(configuration(connection), "head")


def _is_current(connection: Connection) -> bool:
    heads = MigrationContext.configure(connection).get_current_heads()
    return set(heads) == set(ScriptDirectory.from_config(configuration()).get_heads())
