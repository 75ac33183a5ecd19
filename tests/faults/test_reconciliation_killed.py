"""A worker that dies in the middle of a reconciliation run: the next goes on where it was."""

import asyncio
import os
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowHandle

from local_stack.processes import Child
from local_stack.stack import Stack, run_stack
from payments.reconciliation import Tally
from payments.reconciling import RunKind
from tests.e2e.reconciling import reconcile, rows, told
from tests.e2e.shop import Shop, open_shop, until
from workflows.names import PAYMENTS_QUEUE, reconciliation_id
from workflows.reconciliation import Phase, Reconciliation, ReconciliationWorkflow

pytestmark = [pytest.mark.e2e, pytest.mark.proof]

ATTEMPTS = 150
UNTOLD = 20
AT_ONCE = 8
BATCH = 40
# A batch takes seconds, so that the worker dies within one.
SLOWLY = {"PAYMENTS_FIRST_ASK_SECONDS": "3600", "PAYMENTS_RECONCILE_RATE": "15"}

Run = WorkflowHandle[ReconciliationWorkflow, Tally]


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    state_dir = tmp_path_factory.mktemp("a run to interrupt")
    async with run_stack(state_dir, {**os.environ, **SLOWLY}, throw_away=True) as running:
        yield running


@pytest.fixture
async def shop(stack: Stack) -> AsyncIterator[Shop]:
    async with open_shop(stack) as shop:
        yield shop


async def test_a_run_whose_worker_is_killed_goes_on_and_counts_nothing_twice(
    shop: Shop, tmp_path: Path
) -> None:
    order_ids = await bought(shop, ATTEMPTS)
    for order_id in order_ids[:UNTOLD]:
        await shop.customer(f"{order_id}~1", "pay", notify=False)
    worker = shop.stack.children["worker"]

    run = await started(shop)
    await until(lambda: in_the_second_batch(run))
    worker.kill()
    await until(lambda: is_dead(worker))
    worker.start()
    tally = await run.result()

    assert await tries(run) > 1, "the worker died within a batch"
    assert (tally.checked, tally.unanswered) == (ATTEMPTS, 0)
    assert tally.found == {"state_differs": UNTOLD}
    lines = await rows(shop, run.id, tmp_path / "rows.csv")
    assert Counter(line["order_id"] for line in lines) == dict.fromkeys(order_ids, 1)
    for order_id in order_ids[:UNTOLD]:
        await shop.payment_when(order_id, status="paid")
    await reconcile(shop)
    listed = await told(shop, "differences", "--all")
    assert sorted(each["order_id"] for each in listed) == sorted(order_ids[:UNTOLD])
    assert {each["resolved"]["resolution"] for each in listed} == {"repaired"}
    assert (await shop.audit_verdict()).broken is None


async def is_dead(worker: Child) -> bool | None:
    return worker.exit_code is not None or None


async def bought(shop: Shop, count: int) -> list[str]:
    """So many orders, each with an attempt that waits for its customer."""
    at_once = asyncio.Semaphore(AT_ONCE)

    async def one() -> str:
        async with at_once:
            return str((await shop.checkout())["order_id"])

    return await asyncio.gather(*(one() for _ in range(count)))


async def started(shop: Shop) -> Run:
    return await shop.temporal.start_workflow(
        ReconciliationWorkflow.run,
        Reconciliation(kind=RunKind.RECENT, batch_size=BATCH, settle=timedelta(seconds=1)),
        id=f"{reconciliation_id(RunKind.RECENT)}-{uuid.uuid4().hex}",
        task_queue=PAYMENTS_QUEUE,
    )


async def in_the_second_batch(run: Run) -> bool | None:
    progress = await run.query(ReconciliationWorkflow.progress)
    return (progress.phase is Phase.CHECKING and progress.tally.checked == BATCH) or None


async def tries(run: Run) -> int:
    """How often the activity was started that was started most often."""
    history = await run.fetch_history()
    begun = [each.activity_task_started_event_attributes for each in history.events]
    return max(each.attempt for each in begun)
