"""`python -m benchmarks`: the service beside the engine's own limit, on one server, in one run.

Everything runs on this machine, the load included, so the ratios say more than the figures.
"""

import argparse
import os
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import uvloop
from temporalio.client import Client

from adapters.keysets import load_aead
from adapters.temporal.client import connect
from benchmarks.bridge import bridge_figures
from benchmarks.costs import billable_actions, processor_figures, run_figures
from benchmarks.engine import engine_figures
from benchmarks.figures import Figure, Report, latencies
from benchmarks.loads import Load, at_pace, per_second
from benchmarks.payments import Measured, Shop, open_shop
from benchmarks.processors import milliseconds
from local_stack.ports import Ports
from local_stack.stack import START_WAIT, Stack, run_stack

RESULTS = Path(__file__).with_name("results")


@dataclass(frozen=True, slots=True)
class Loads:
    engine: Load
    payments: Load
    webhooks: Load


async def measure(loads: Loads, report: Report) -> None:
    report.add(
        Figure(name="processors", value=os.cpu_count() or 0, unit="cores"),
        Figure(name="load_before", value=os.getloadavg()[0], unit="processes"),
    )
    # Not the usual one, which another stack may take while the worker stands back.
    port = {"PAYMENTS_WORKER_PORT": str(Ports().choose())}
    with tempfile.TemporaryDirectory(prefix="payments-bench-") as state_dir:
        async with run_stack(Path(state_dir), os.environ | port) as stack:
            client = await connect(
                load_aead(stack.environment["PAYMENTS_KEYSET_TEMPORAL"]),
                environment=stack.environment,
            )
            bare = await _engine(stack, client, loads.engine, report)
            async with open_shop(stack) as shop:
                await _payments(stack, client, shop, loads.payments, bare, report)
            report.add(*await bridge_figures(stack, client, loads.webhooks))
    report.keep()


async def _engine(stack: Stack, client: Client, load: Load, report: Report) -> float:
    """Bare workflows per second; the stack's own worker stands back meanwhile."""
    worker = stack.children["worker"]
    await worker.stop()
    bare, figures = await engine_figures(client, load)
    report.add(*figures)
    worker.start()
    await worker.wait_until(partial(_is_ready, stack), START_WAIT)
    return bare


async def _payments(
    stack: Stack, client: Client, shop: Shop, load: Load, bare: float, report: Report
) -> None:
    warm, full, half = Measured(), Measured(), Measured()
    await per_second(lambda: shop.pay(warm), load.together, load.together)
    await shop.mailed(warm)
    parts = {name: child.pid for name, child in stack.children.items()}
    metrics = f"http://127.0.0.1:{stack.addresses.temporal.metrics}/metrics"
    before, billed = milliseconds(parts), await billable_actions(metrics)

    async def all_of_it() -> None:
        await per_second(lambda: shop.pay(full), load.count, load.together)
        await shop.mailed(full)

    rate = load.count * await per_second(all_of_it, 1, 1)
    report.add(
        Figure(name="payments_to_mail", value=rate, unit="1/s", ratio=rate / bare),
        *processor_figures(before, milliseconds(parts), load.count),
        *await run_figures(client, full),
        Figure(
            name="billable_actions_per_payment",
            value=(await billable_actions(metrics) - billed) / load.count,
            unit="actions",
        ),
    )
    await at_pace(lambda: shop.pay(half), rate / 2, load.count)
    await shop.mailed(half)
    report.add(
        *latencies("checkout_at_half_load", half.checkout, "< 300 ms"),
        *latencies("webhook_to_paid_at_half_load", half.to_paid, "< 1000 ms"),
    )


async def _is_ready(stack: Stack) -> bool:
    async with httpx.AsyncClient(trust_env=False) as http:
        try:
            return (await http.get(f"{stack.addresses.worker_url}/readyz")).is_success
        except httpx.TransportError:
            return False


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payments", type=int, default=200)
    parser.add_argument("--webhooks", type=int, default=1000)
    parser.add_argument("--together", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--name", default="", help=f"keep the figures under {RESULTS.name}/")
    return parser.parse_args()


if __name__ == "__main__":
    told = _arguments()
    uvloop.run(  # as our processes do
        measure(
            Loads(
                engine=Load(told.payments, told.together, told.repeats),
                payments=Load(told.payments, told.together, 1),
                webhooks=Load(told.webhooks, told.together, told.repeats),
            ),
            Report(RESULTS / f"{told.name}.jsonl" if told.name else None),
        )
    )
