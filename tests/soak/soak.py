"""Playing a schedule on a running stack, and holding what is left to the invariants."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from local_stack.stack import Stack, run_stack
from tests.e2e.shop import Shop, open_shop
from tests.faults.invariants import violations
from tests.soak.customers import Diary, Playing
from tests.soak.outages import strike
from tests.soak.rest import come_to_rest
from tests.soak.schedule import Schedule

# Minutes become seconds, so that deadlines pass in the middle of trouble.
HURRIED = {
    "PAYMENTS_PAYMENT_WINDOW_SECONDS": "5",
    "PAYMENTS_ANOTHER_METHOD_WINDOW_SECONDS": "5",
    "PAYMENTS_FIRST_ASK_SECONDS": "2",
    "PAYMENTS_ABSENCE_SECONDS": "2",
    "PAYMENTS_REFUND_RETRY_SECONDS": "2",
    "PAYMENTS_RECONCILE_RATE": "200",
}
BANKS_CONFIRM_AFTER_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Played:
    """What became of one seed."""

    seed: int
    orders: int
    faults_struck: int
    seconds: float
    violations: list[str]

    def line(self) -> str:
        return json.dumps(asdict(self))


def replay(seed: int) -> str:
    """The command that plays it again."""
    return f"replay: make soak SEEDS={seed}"


@asynccontextmanager
async def stack_to_soak(
    state_dir: Path, outer: Mapping[str, str] = os.environ
) -> AsyncIterator[Stack]:
    async with run_stack(state_dir, {**outer, **HURRIED}, throw_away=True) as stack:
        async with open_shop(stack) as shop:
            await shop.behave(refund_confirmation_seconds=BANKS_CONFIRM_AFTER_SECONDS)
        yield stack


async def soak(stack: Stack, schedule: Schedule) -> Played:
    """Play the schedule; what it was and what happened is left beside the logs of the stack."""
    diary = Diary()
    record = stack.logs / f"seed-{schedule.seed}.json"
    record.write_text(schedule.text())
    async with open_shop(stack) as shop:
        await shop.plan_faults(*(asdict(rule) for rule in schedule.rules))
        found = await _play(shop, schedule, diary)
        struck = len(schedule.outages) + await _strokes(shop)
        await shop.plan_faults()
        found += await come_to_rest(shop, schedule.order_ids)
        found += await violations(shop, schedule.order_ids)
    record.write_text(
        json.dumps({**schedule.document(), "diary": diary.entries, "violations": found}, indent=1)
    )
    return Played(
        seed=schedule.seed,
        orders=len(schedule.customers),
        faults_struck=struck,
        seconds=round(time.monotonic() - diary.began, 1),
        violations=found,
    )


async def _play(shop: Shop, schedule: Schedule, diary: Diary) -> list[str]:
    """Everything at once; what customers saw that they never should."""
    customers = [Playing(shop, customer, diary) for customer in schedule.customers]
    async with asyncio.TaskGroup() as tasks:
        for customer in customers:
            tasks.create_task(customer.play())
        for outage in schedule.outages:
            tasks.create_task(strike(shop, outage, diary))
    return [failure for customer in customers for failure in customer.failures]


async def _strokes(shop: Shop) -> int:
    """How often the gateway's faults struck."""
    answer = await shop.http.get(f"{shop.simulator}/faults")
    return sum(map(_struck, answer.json()["faults"]))


def _struck(rule: Mapping[str, Any]) -> int:
    return max(0, min(int(rule["seen"]), int(rule["last"])) - int(rule["first"]) + 1)
