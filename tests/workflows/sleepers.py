"""A workflow that does nothing but sleep."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow

from workflows.alarm import Alarm


@dataclass(frozen=True, slots=True)
class Nap:
    name: str
    seconds: float
    begins_after: float = 0


@workflow.defn
class SleepersWorkflow:
    @workflow.run
    async def run(self, naps: list[Nap], count: int) -> list[str]:
        """Who woke, once that many have."""
        alarm, awake = Alarm(), list[str]()

        async def sleep(nap: Nap) -> None:
            if nap.begins_after:
                await workflow.sleep(nap.begins_after)
            await alarm.sleep(timedelta(seconds=nap.seconds), nap.name)
            awake.append(nap.name)

        sleeping = [asyncio.create_task(sleep(nap)) for nap in naps]
        await workflow.wait_condition(lambda: len(awake) == count)
        for task in sleeping:
            task.cancel()
        return awake
