"""What the whole run shares: one Temporal server."""

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from workflows.names import SEARCH_ATTRIBUTES

# A run in several processes is given a terminal's width, which tables would keep to.
os.environ.pop("COLUMNS", None)

TEMPORAL = str(Path(sys.executable).parent / "temporal")


@pytest.fixture(scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    """A real Temporal server on the wall clock, shared by the run; tests use fresh ids."""
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=TEMPORAL,
        dev_server_log_level="error",
        search_attributes=list(SEARCH_ATTRIBUTES),
    ) as environment:
        yield environment
