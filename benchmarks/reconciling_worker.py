"""A worker that does nothing but reconcile, in a process of its own so that its memory shows.

It lives until its parent's pipe closes; `BENCH_*` variables say how fast it may ask.
"""

import asyncio
import os
import sys
from collections.abc import Mapping

from temporalio.worker import Worker

from activities.reconciliation import ReconciliationActivities
from adapters.keysets import load_aead, load_mac
from adapters.postgres.engine import create_engine
from adapters.postgres.reconciliation_store import ReconciliationStore
from adapters.postgres.sealing import Sealer
from adapters.temporal.client import connect
from benchmarks.agreeing import AgreeingGateway, Nobody
from workflows.names import PAYMENTS_QUEUE
from workflows.reconciliation import ReconciliationWorkflow
from workflows.sandbox import RUNNER


async def serve(environment: Mapping[str, str]) -> None:
    engine = create_engine(environment["PAYMENTS_DATABASE_URL"], application_name="bench")
    sealer = Sealer(
        load_aead(environment["PAYMENTS_KEYSET_DATABASE"]),
        load_mac(environment["PAYMENTS_KEYSET_LOOKUP"]),
    )
    nobody = Nobody()
    activities = ReconciliationActivities(
        AgreeingGateway(float(environment["BENCH_GATEWAY_SECONDS"])),
        ReconciliationStore(engine, sealer),
        nobody,
        nobody,
        nobody,
        float(environment["BENCH_RATE"]),
    )
    worker = Worker(
        await connect(load_aead(environment["PAYMENTS_KEYSET_TEMPORAL"]), environment=environment),
        task_queue=PAYMENTS_QUEUE,
        workflows=[ReconciliationWorkflow],
        activities=activities.all(),
        workflow_runner=RUNNER,
    )
    async with worker:
        await asyncio.to_thread(sys.stdin.read)
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(serve(os.environ))
