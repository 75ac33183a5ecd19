import asyncio
from collections.abc import AsyncIterator

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.engine import create_engine
from adapters.postgres.schema import configuration, migrate, schema_is_current
from adapters.postgres.tables import TransactionId, metadata
from local_stack.postgres import Postgres


@pytest.fixture
async def empty_url(postgres: Postgres, request: pytest.FixtureRequest) -> str:
    return await postgres.create_database(request.node.name)


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(empty_url, application_name="tests")
    yield engine
    await engine.dispose()


async def test_the_migrations_make_the_tables_that_the_code_knows(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ischema_names, "xid8", TransactionId)

    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_an_old_schema_is_told_from_the_current_one(
    empty: AsyncEngine, empty_url: str
) -> None:
    assert not await schema_is_current(empty)

    await migrate(empty_url)

    assert await schema_is_current(empty)


async def test_several_migrators_do_not_collide(empty: AsyncEngine, empty_url: str) -> None:
    await asyncio.gather(*(migrate(empty_url) for _ in range(4)))

    assert await schema_is_current(empty)


async def test_there_is_no_way_back(empty: AsyncEngine, empty_url: str) -> None:
    await migrate(empty_url)

    def downgrade(connection: Connection) -> None:
        command.downgrade(configuration(connection), "base")

    async with empty.connect() as connection:
        with pytest.raises(NotImplementedError, match="restore a backup"):
            await connection.run_sync(downgrade)
