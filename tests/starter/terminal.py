"""Commands as a terminal runs them."""

import asyncio
from collections.abc import Mapping

from typer.testing import CliRunner, Result

from starter.__main__ import app

# Wide enough for every table, whatever terminal the tests themselves run in.
COLUMNS = {"COLUMNS": "200"}


async def invoke(
    *arguments: str, environment: Mapping[str, str] | None = None, given: str | None = None
) -> Result:
    """Run a command as a process would, which has an event loop of its own."""
    runner = CliRunner()
    return await asyncio.to_thread(
        runner.invoke, app, list(arguments), input=given, env={**COLUMNS, **(environment or {})}
    )
