"""Asking the database for nothing but the time: whether it answers, and whether its clock is right."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine


async def database_time(engine: AsyncEngine) -> datetime:
    async with engine.connect() as connection:
        now = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    assert isinstance(now, datetime), "that is its type"
    return now
