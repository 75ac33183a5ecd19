"""`python -m benchmarks`: the service on real parts, beside the engine's own limit.

Everything runs on this machine, the load included, so the ratios say more than the figures.
"""

import argparse
import asyncio
import os
import ssl
import tempfile
from pathlib import Path

import httpx

from adapters.keysets import load_aead
from adapters.temporal.client import connect
from benchmarks.bare import bare_per_second
from benchmarks.figures import Figure, percentile
from benchmarks.payments import events_per_payment, pay_all
from local_stack.stack import Stack, run_stack

MILLISECONDS = 1000


async def measure(count: int, together: int) -> None:
    with tempfile.TemporaryDirectory(prefix="payments-bench-") as state_dir:
        async with run_stack(Path(state_dir), os.environ) as stack:
            await _measure(stack, count, together)


async def _measure(stack: Stack, count: int, together: int) -> None:
    client = await connect(
        load_aead(stack.environment["PAYMENTS_KEYSET_TEMPORAL"]), environment=stack.environment
    )
    bare = await bare_per_second(client, count, together)
    trust = ssl.create_default_context(cafile=stack.certificates.ca)
    limits = httpx.Limits(max_connections=2 * together)
    async with httpx.AsyncClient(verify=trust, trust_env=False, timeout=60, limits=limits) as http:
        await pay_all(stack, http, together, together)  # warms caches and pools
        run = await pay_all(stack, http, count, together)
    rate = count / run.seconds
    events = await events_per_payment(client, run.orders[0])
    for figure in (
        Figure(name="bare_workflows", value=bare, unit="1/s"),
        Figure(name="payments_on_real_parts", value=rate, unit="1/s", ratio=rate / bare),
        _latency("checkout_p50", run.checkout_seconds, 0.5, None),
        _latency("checkout_p99", run.checkout_seconds, 0.99, "< 300 ms at half load"),
        _latency("pay_to_paid_p50", run.to_paid_seconds, 0.5, None),
        _latency("pay_to_paid_p99", run.to_paid_seconds, 0.99, "< 1000 ms at half load"),
        Figure(name="history_events_per_payment", value=events, unit="events", target="<= 50"),
    ):
        figure.show()


def _latency(name: str, seconds: list[float], share: float, target: str | None) -> Figure:
    value = percentile(seconds, share) * MILLISECONDS
    return Figure(name=name, value=value, unit="ms", target=target)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--payments", type=int, default=200)
    parser.add_argument("--together", type=int, default=10)
    arguments = parser.parse_args()
    asyncio.run(measure(arguments.payments, arguments.together))
