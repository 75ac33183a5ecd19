"""Where histories are recorded: the real workflow, its stores and gateway in memory."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.worker import Worker

from activities.documents import DocumentActivities
from activities.gateway import GatewayActivities
from activities.records import RecordActivities
from adapters.keysets import load_aead
from adapters.temporal.converter import data_converter
from payments.payment import Windows
from tests.replay.scenarios import Scenario
from tests.workflows.conftest import House
from tests.workflows.memory import MemoryRecords
from tests.workflows.paper import MemoryPaper
from workflows.names import DOCUMENTS_QUEUE
from workflows.payment import PaymentWorkflow
from workflows.sandbox import RUNNER

HISTORIES = Path(__file__).with_name("histories")
# A test key: made for these histories, committed with them, used for nothing else.
KEYSET = Path(__file__).with_name("keyset.json")
NAMESPACE = "default"


def converter() -> DataConverter:
    return data_converter(load_aead(str(KEYSET)), NAMESPACE)


class Stage:
    """One worker for documents, and one for the payments of each scenario."""

    def __init__(self, client: Client, workers: AsyncExitStack) -> None:
        self._client = client
        self._workers = workers
        self._records = MemoryRecords()

    async def open(self) -> None:
        paper = MemoryPaper(self._records)
        await self._work(DOCUMENTS_QUEUE, DocumentActivities(paper, paper, paper, paper))

    async def house(self, scenario: Scenario) -> House:
        windows = Windows(
            **{name: timedelta(seconds=value) for name, value in scenario.seconds.items()}
        )
        records = MemoryRecords() if scenario.own_records else self._records
        house = House(self._client, scenario.name, records, scenario.gateway(), windows)
        await self._work(
            house.queue,
            RecordActivities(records, windows),
            GatewayActivities(house.gateway, records),
            workflows=(PaymentWorkflow,),
        )
        return house

    async def _work(self, queue: str, *holders: object, workflows: tuple[type, ...] = ()) -> None:
        worker = Worker(
            self._client,
            task_queue=queue,
            workflows=workflows,
            activities=[each for holder in holders for each in _activities(holder)],
            workflow_runner=RUNNER,
        )
        await self._workers.enter_async_context(worker)


def _activities(holder: object) -> list[Callable[..., Any]]:
    """Every activity of the class, also those that are added later."""
    members = (getattr(holder, name) for name in dir(holder) if not name.startswith("_"))
    return [each for each in members if hasattr(each, "__temporal_activity_definition")]
