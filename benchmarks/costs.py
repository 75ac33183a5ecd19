"""What payments cost: events, state transitions, bytes, billable actions, time of processors."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

import httpx
from temporalio.client import Client

from benchmarks.figures import Figure
from benchmarks.payments import Measured
from workflows.names import workflow_id

# The server counts what Temporal Cloud would bill; not what is its own, as schedules are.
_ACTIONS = "action{"
_OWN = 'namespace="temporal_system"'
_COUNTED = ("worker", "api", "bridge", "temporal", "postgres")


async def run_figures(client: Client, measured: Measured) -> Sequence[Figure]:
    """Events of the payment that has most; of the rest, what lies in the middle."""
    runs = [await _described(client, order_id) for order_id in measured.orders]
    events, transitions, sizes = zip(*runs, strict=True)
    return (
        Figure(name="history_events_per_payment", value=max(events), unit="events", target="<= 50"),
        Figure(name="history_events_per_payment_p50", value=median(events), unit="events"),
        Figure(name="state_transitions_per_payment", value=median(transitions), unit="transitions"),
        Figure(name="history_bytes_per_payment", value=median(sizes), unit="bytes"),
    )


async def billable_actions(metrics_url: str) -> float:
    """How many the server has counted since it was started."""
    async with httpx.AsyncClient(trust_env=False) as http:
        exposition = (await http.get(metrics_url)).text
    lines = (line for line in exposition.splitlines() if line.startswith(_ACTIONS))
    return sum(float(line.rpartition(" ")[2]) for line in lines if _OWN not in line)


def processor_figures(before: Counter[str], after: Counter[str], count: int) -> Sequence[Figure]:
    """Milliseconds of processors per payment, of each part that production has too."""
    taken = {part: (after[part] - before[part]) / count for part in _COUNTED}
    return (
        *(
            Figure(name=f"processor_per_payment_{part}", value=value, unit="ms")
            for part, value in taken.items()
        ),
        Figure(name="processor_per_payment", value=sum(taken.values()), unit="ms"),
    )


async def _described(client: Client, order_id: str) -> tuple[int, int, int]:
    """Events, state transitions and bytes of a run, once it has ended."""
    handle = client.get_workflow_handle(workflow_id(order_id))
    await handle.result()
    info = (await handle.describe()).raw_description.workflow_execution_info
    return info.history_length, info.state_transition_count, info.history_size_bytes
