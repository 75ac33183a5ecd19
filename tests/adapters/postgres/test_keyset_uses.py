"""What processes tell of the keys that they have."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.keysets import AeadKeyset
from adapters.postgres.engine import create_engine
from adapters.postgres.keyset_uses import KeysetUses, keyset_uses
from local_stack.postgres import Postgres

SOON = timedelta(milliseconds=20)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def uses(fresh_engine: AsyncEngine) -> KeysetUses:
    return KeysetUses(fresh_engine)


async def _rows(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        query = select(func.count()).select_from(keyset_uses)
        return (await connection.execute(query)).scalar_one()


async def test_a_process_tells_which_keys_it_has(uses: KeysetUses, keyset: AeadKeyset) -> None:
    async with uses.told("worker", {"database": keyset}, build="7"):
        (use,) = await uses.within(MINUTE)

    assert (use.process, use.build, use.keyset) == ("worker", "7", "database")
    assert (use.key_ids, use.primary_key_id) == (keyset.key_ids, keyset.primary_key_id)
    assert use.host


async def test_it_tells_again_that_it_still_runs(uses: KeysetUses, keyset: AeadKeyset) -> None:
    async with uses.told("worker", {"database": keyset}, every=SOON):
        (first,) = await uses.within(MINUTE)
        async with asyncio.timeout(60):
            while (again := (await uses.within(MINUTE))[0]).seen_at <= first.seen_at:
                await asyncio.sleep(0.02)

    assert again.started_at == first.started_at


async def test_one_that_ends_in_order_is_forgotten(
    fresh_engine: AsyncEngine, uses: KeysetUses, keyset: AeadKeyset
) -> None:
    async with (
        uses.told("worker", {"database": keyset}),
        uses.told("api", {"database": keyset, "lookup": keyset}),
    ):
        assert len(await uses.within(MINUTE)) == 3

    assert await _rows(fresh_engine) == 0


async def test_what_was_not_told_for_a_day_is_forgotten(
    fresh_engine: AsyncEngine, uses: KeysetUses, keyset: AeadKeyset
) -> None:
    gone, still = uses.told("worker", {"database": keyset}), uses.told("api", {"database": keyset})
    async with gone:
        async with fresh_engine.begin() as connection:
            long_ago = datetime.now(UTC) - timedelta(days=1, seconds=1)
            await connection.execute(update(keyset_uses).values(seen_at=long_ago))

        async with still:
            (use,) = await uses.within(MINUTE)
            assert use.process == "api"
            assert await _rows(fresh_engine) == 1


async def test_a_database_that_comes_up_later_is_told_then(
    postgres: Postgres, keyset: AeadKeyset, caplog: pytest.LogCaptureFixture
) -> None:
    url = await postgres.create_database("comes_up_later")
    engine = create_engine(url, application_name="tests")
    uses = KeysetUses(engine)
    async with uses.told("worker", {"database": keyset}, every=SOON):
        assert "keyset_uses.not_told" in caplog.messages
        async with engine.begin() as connection:
            await connection.run_sync(keyset_uses.create)

        async with asyncio.timeout(60):
            while not (found := await uses.within(MINUTE)):
                await asyncio.sleep(0.02)

    assert [use.process for use in found] == ["worker"]
    await engine.dispose()
