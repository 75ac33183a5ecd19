"""`python -m benchmarks.reconciliation`: how fast it asks, and how much memory that takes.

Real Temporal, PostgreSQL and worker; the gateway answers inside the worker, since only the
worker's own pace and memory are in question.
"""

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

from temporalio.client import Client

from adapters.keysets import load_aead, load_mac, new_aead_keyset, new_mac_keyset
from adapters.postgres.engine import create_engine
from adapters.postgres.schema import migrate
from adapters.postgres.sealing import Sealer
from adapters.temporal.client import connect
from benchmarks.books import Books
from benchmarks.figures import Figure
from benchmarks.open_attempts import open_attempts
from local_stack.ports import Ports
from local_stack.postgres import run_postgres
from local_stack.temporal import TemporalOptions, TemporalPorts, run_temporal
from payments.reconciling import RunKind
from workflows.names import PAYMENTS_QUEUE, reconciliation_id
from workflows.reconciliation import Reconciliation, ReconciliationWorkflow

ANSWER_SECONDS = 0.01
UNLIMITED = 1_000_000.0
RATED = 1_000
KIBIBYTES = 1024
BEHIND_ALL = "ZZZ~1"


@dataclass(frozen=True)
class Place:
    """The parts that runs share; `environment` is the worker's."""

    environment: dict[str, str]
    client: Client
    books: Books


@dataclass(frozen=True)
class Measured:
    checked: int
    seconds: float
    resident_mebibytes: float

    @property
    def per_second(self) -> float:
        return self.checked / self.seconds


async def measure(rates: list[float], few: int, many: int) -> None:
    with tempfile.TemporaryDirectory(prefix="payments-bench-") as state_dir:
        async with _place(Path(state_dir)) as place:
            await _keep(place, 0, RATED)
            for rate in rates:
                _show_rate(rate, await _run(place, rate, ANSWER_SECONDS))
            await _keep(place, RATED, few)
            with_few = await _run(place, UNLIMITED, 0)
            await _keep(place, few, many)
            _show_memory(with_few, await _run(place, UNLIMITED, 0))


@contextlib.asynccontextmanager
async def _place(state_dir: Path) -> AsyncIterator[Place]:
    ports = Ports()
    chosen = TemporalPorts(ports.choose(), ports.choose(), ports.choose(), ui=None)
    async with (
        run_postgres(state_dir, port=ports.choose(), throw_away=True) as postgres,
        run_temporal(state_dir, ports=chosen, options=TemporalOptions()) as temporal,
    ):
        url = await postgres.create_database("payments")
        await migrate(url)
        environment = {
            "PAYMENTS_DATABASE_URL": url,
            "PAYMENTS_KEYSET_DATABASE": new_aead_keyset(),
            "PAYMENTS_KEYSET_LOOKUP": new_mac_keyset(),
            "PAYMENTS_KEYSET_TEMPORAL": new_aead_keyset(),
            "TEMPORAL_ADDRESS": temporal.address,
        }
        engine = create_engine(url, application_name="bench-books")
        sealer = Sealer(
            load_aead(environment["PAYMENTS_KEYSET_DATABASE"]),
            load_mac(environment["PAYMENTS_KEYSET_LOOKUP"]),
        )
        keyset = load_aead(environment["PAYMENTS_KEYSET_TEMPORAL"])
        client = await connect(keyset, environment=environment)
        yield Place(environment, client, Books(engine, sealer))
        await engine.dispose()


async def _keep(place: Place, first: int, end: int) -> None:
    """Store the attempts with these numbers."""
    began = time.perf_counter()
    kept = await place.books.keep(open_attempts(first, end))
    seconds = time.perf_counter() - began
    Figure(name="attempts_stored_for_this", value=kept / seconds, unit="1/s").show()


async def _run(place: Place, rate: float, answer_seconds: float) -> Measured:
    """One whole run over everything, by a new worker."""
    limits = {"BENCH_RATE": str(rate), "BENCH_GATEWAY_SECONDS": str(answer_seconds)}
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.reconciling_worker"),
        stdin=asyncio.subprocess.PIPE,
        env=os.environ | place.environment | limits,
    )
    try:
        # So that what is measured begins with a worker that is up.
        await _reconcile(place, after=BEHIND_ALL)
        began = time.perf_counter()
        checked = await _reconcile(place)
        seconds = time.perf_counter() - began
        return Measured(checked, seconds, _peak_mebibytes(worker.pid))
    finally:
        # Its input ends, and so does it.
        await worker.communicate(b"")


async def _reconcile(place: Place, after: str = "") -> int:
    """How many attempts were checked."""
    tally = await place.client.execute_workflow(
        ReconciliationWorkflow.run,
        Reconciliation(kind=RunKind.OPEN, after=after),
        id=f"{reconciliation_id(RunKind.OPEN)}-{uuid.uuid4()}",
        task_queue=PAYMENTS_QUEUE,
    )
    assert not tally.found, tally.found
    return tally.checked


def _peak_mebibytes(process_id: int) -> float:
    """The most memory that was resident, as the kernel saw it."""
    lines = Path(f"/proc/{process_id}/status").read_text().splitlines()
    kibibytes = next(line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(kibibytes) / KIBIBYTES


def _show_rate(rate: float, run: Measured) -> None:
    Figure(
        name=f"reconciled_at_{rate:g}_per_second",
        value=run.per_second,
        unit="1/s",
        ratio=run.per_second / rate,
        target="ratio >= 0.9",
    ).show()


def _show_memory(few: Measured, many: Measured) -> None:
    ratio = many.resident_mebibytes / few.resident_mebibytes
    Figure(name="reconciled_unlimited", value=many.per_second, unit="1/s").show()
    _memory(few).show()
    replace(_memory(many), ratio=ratio, target="ratio <= 1.1").show()


def _memory(run: Measured) -> Figure:
    return Figure(
        name=f"peak_memory_with_{run.checked}_attempts", value=run.resident_mebibytes, unit="MiB"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=float, nargs="+", default=[50, 200])
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=200_000)
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.rates, arguments.few, arguments.many))
