"""Record the history of every scenario, or of those named: `python -m tests.replay.record [NAME…]`."""

import asyncio
import json
import logging
import re
import sys
from collections.abc import Collection
from contextlib import AsyncExitStack
from datetime import timedelta

from temporalio.client import Client, WorkflowHistory
from temporalio.common import HeaderCodecBehavior
from temporalio.testing import WorkflowEnvironment

from adapters.keysets import new_aead_keyset
from tests.conftest import TEMPORAL
from tests.replay.scenarios import CONTINUE_AS_NEW_EVENTS, SCENARIOS, Scenario
from tests.replay.stage import CURRENT, KEYSET, Stage, converter, require_unreleased
from workflows.names import SEARCH_ATTRIBUTES, workflow_id

# More than the tries of a policy that gives up.
PATIENCE_SECONDS = 60
AT_ONCE = 10


async def record(names: Collection[str]) -> None:
    chosen = [each for each in SCENARIOS if not names or each.name in names]
    if not KEYSET.exists():
        KEYSET.write_text(new_aead_keyset() + "\n")
    at_once = asyncio.Semaphore(AT_ONCE)
    async with AsyncExitStack() as parts:
        environment = await parts.enter_async_context(
            await WorkflowEnvironment.start_time_skipping_v2(
                dev_server_existing_path=TEMPORAL,
                dev_server_log_level="error",
                dev_server_extra_args=(
                    *("--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"),
                    "--dynamic-config-value",
                    f"limit.historyCount.suggestContinueAsNew={CONTINUE_AS_NEW_EVENTS}",
                ),
                search_attributes=list(SEARCH_ATTRIBUTES),
            )
        )
        client = await environment.connect_client(
            data_converter=converter(), header_codec_behavior=HeaderCodecBehavior.CODEC
        )
        stage = Stage(client, parts)
        await stage.open()

        async def played_in_turn(scenario: Scenario) -> dict[str, WorkflowHistory]:
            async with at_once:
                return await _play(environment, client, stage, scenario)

        played = await asyncio.gather(*map(played_in_turn, chosen))
    # All or nothing: half a record would prove half of it.
    CURRENT.mkdir(parents=True, exist_ok=True)
    for old in CURRENT.glob("*.json"):
        if not names or re.sub(r"-\d+$", "", old.stem) in names:
            old.unlink()
    for name, history in (each for histories in played for each in histories.items()):
        document = json.loads(history.to_json())
        (CURRENT / f"{name}.json").write_text(json.dumps(document, separators=(",", ":")) + "\n")
        sys.stdout.write(f"{len(history.events):4} events  {name}\n")


async def _play(
    environment: WorkflowEnvironment, client: Client, stage: Stage, scenario: Scenario
) -> dict[str, WorkflowHistory]:
    """The histories of all runs that the scenario made, in their order."""
    order_id = f"R-{scenario.name}"
    house = await stage.house(scenario)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await scenario.play(house, order_id)
            if scenario.then_a_day:
                await environment.fast_forward(house.handle(order_id), timedelta(days=1))
                await house.handle(order_id).result()
    except TimeoutError as error:
        raise RuntimeError(f"{scenario.name} does not come to its end") from error
    latest = await client.get_workflow_handle(workflow_id(order_id)).describe()
    query = f"WorkflowId = '{workflow_id(order_id)}'"
    while True:
        runs = [each async for each in client.list_workflows(query)]
        if latest.run_id in {each.run_id for each in runs}:
            break
        await asyncio.sleep(0.1)
    handles = [
        client.get_workflow_handle(each.id, run_id=each.run_id)
        for each in sorted(runs, key=lambda run: run.start_time)
    ]
    return {
        f"{scenario.name}-{number}" if len(handles) > 1 else scenario.name: (
            await handle.fetch_history()
        )
        for number, handle in enumerate(handles, 1)
    }


if __name__ == "__main__":
    # Failures are part of what is played.
    logging.disable(logging.ERROR)
    require_unreleased()
    asyncio.run(record(sys.argv[1:]))
