"""Record reconciliation's histories: `python -m tests.replay.record_reconciliation`."""

import asyncio
import json
import logging
import sys
from collections.abc import Awaitable, Callable

from temporalio.client import Client, WorkflowHistory
from temporalio.common import HeaderCodecBehavior
from temporalio.testing import WorkflowEnvironment

from payments.errors import PermanentError
from payments.reconciling import RunKind
from tests.conftest import TEMPORAL
from tests.replay.stage import CURRENT, converter, require_unreleased
from tests.workflows.office import Office, office_at
from tests.workflows.reconciling import MemoryNumber, awaiting
from tests.workflows.samples import request

RECONCILIATION = CURRENT / "reconciliation"
FEW_EVENTS = 10


async def daily(office: Office) -> None:
    """One order is repaired, and something old is alerted about."""
    office.gateway.pay(f"{min(office.runs.books)}~1")
    office.runs.too_long = (MemoryNumber(1),)
    await office.reconcile(RunKind.RECENT)


async def left_to_a_human(office: Office) -> None:
    order_id = min(office.runs.books)
    office.gateway.reports_amount_of(f"{order_id}~1", request(order_id, price=1))
    await office.reconcile()


async def told_to_nobody(office: Office) -> None:
    """The mail server refuses the report, and then the alert."""
    office.runs.too_long = (MemoryNumber(1),)
    office.reports.refuses_with = PermanentError("no such mailbox")
    await office.reconcile(RunKind.RECENT)


async def nothing_differs(office: Office) -> None:
    await office.reconcile()


async def continued(office: Office) -> None:
    """As a new run, while checking and while checking again."""
    for order_id in office.runs.books:
        office.gateway.pay(f"{order_id}~1")
    await office.reconcile(batch_size=1)


SCENARIOS: tuple[Callable[[Office], Awaitable[None]], ...] = (
    continued,
    daily,
    left_to_a_human,
    nothing_differs,
    told_to_nobody,
)


async def record() -> None:
    async with await WorkflowEnvironment.start_local(
        dev_server_existing_path=TEMPORAL,
        dev_server_log_level="error",
        dev_server_extra_args=(
            "--dynamic-config-value",
            f"limit.historyCount.suggestContinueAsNew={FEW_EVENTS}",
        ),
    ) as environment:
        config = environment.client.config()
        config["data_converter"] = converter()
        config["header_codec_behavior"] = HeaderCodecBehavior.CODEC
        client = Client(**config)
        played = [await _played(client, play.__name__, play) for play in SCENARIOS]
    RECONCILIATION.mkdir(parents=True, exist_ok=True)
    for old in RECONCILIATION.glob("*.json"):
        old.unlink()
    for name, history in (each for histories in played for each in histories.items()):
        document = json.loads(history.to_json())
        text = json.dumps(document, separators=(",", ":"))
        (RECONCILIATION / f"{name}.json").write_text(f"{text}\n")
        sys.stdout.write(f"{len(history.events):4} events  {name}\n")


async def _played(
    client: Client, name: str, play: Callable[[Office], Awaitable[None]]
) -> dict[str, WorkflowHistory]:
    """The histories of all runs that the scenario made, in their order."""
    office = office_at(client, {f"R-{n}": awaiting(f"R-{n}") for n in range(3)})
    await play(office)
    (run_id,) = office.runs.reports
    chain = [await client.get_workflow_handle(run_id).fetch_history()]
    while before := _continued_from(chain[0]):
        handle = client.get_workflow_handle(run_id, run_id=before)
        chain.insert(0, await handle.fetch_history())
    if len(chain) == 1:
        return {name: chain[0]}
    return {f"{name}-{number}": history for number, history in enumerate(chain, 1)}


def _continued_from(history: WorkflowHistory) -> str:
    return history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id


if __name__ == "__main__":
    # Failures are part of what is played.
    logging.disable(logging.ERROR)
    require_unreleased()
    asyncio.run(record())
