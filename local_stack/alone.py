"""One server by itself, on any free port, for tests that need no more than that."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from local_stack.ports import Ports
from local_stack.postgres import Postgres, run_postgres
from local_stack.temporal import (
    SearchAttributeType,
    Temporal,
    TemporalOptions,
    TemporalPorts,
    run_temporal,
)


@asynccontextmanager
async def postgres_alone(state_dir: Path) -> AsyncIterator[Postgres]:
    async with run_postgres(state_dir, port=Ports().choose(), throw_away=True) as postgres:
        yield postgres


@asynccontextmanager
async def temporal_alone(
    state_dir: Path, search_attributes: Mapping[str, SearchAttributeType]
) -> AsyncIterator[Temporal]:
    ports = Ports()
    chosen = TemporalPorts(
        frontend=ports.choose(), http=ports.choose(), metrics=ports.choose(), ui=None
    )
    options = TemporalOptions(search_attributes=search_attributes)
    async with run_temporal(state_dir, ports=chosen, options=options) as temporal:
        yield temporal
