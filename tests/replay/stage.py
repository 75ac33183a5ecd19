"""Where histories are recorded: the real workflow, its stores and gateway in memory."""

import sys
import tomllib
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.worker import Worker

from activities.documents import DocumentActivities, DocumentParts
from activities.gateway import GatewayActivities
from activities.records import RecordActivities
from adapters.keysets import load_aead
from adapters.temporal.converter import data_converter
from local_stack.processes import PROJECT
from payments.changes import Terms
from payments.progress import Windows
from tests.replay import after_payment, repeats, troubles  # noqa: F401 - register their scenarios
from tests.replay.scenarios import Scenario
from tests.workflows.conftest import House
from tests.workflows.memory import MemoryRecords
from tests.workflows.paper import MemoryCreditNotes, MemoryPaper
from tests.workflows.samples import MERCHANT_ID
from workflows.names import DOCUMENTS_QUEUE
from workflows.payment import PaymentWorkflow
from workflows.sandbox import RUNNER

# A folder per release. Only that of the release to come is written: what a released one recorded
# is the witness of payments that may still be under way.
HISTORIES = Path(__file__).with_name("histories")
RELEASE: str = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
CURRENT = HISTORIES / RELEASE
# A test key: made for these histories, committed with them, used for nothing else.
KEYSET = Path(__file__).with_name("keyset.json")
NAMESPACE = "default"


def converter() -> DataConverter:
    return data_converter(load_aead(str(KEYSET)), NAMESPACE)


def release_and_name(history: Path) -> str:
    """What a test of this recorded history is called."""
    return history.relative_to(HISTORIES).with_suffix("").as_posix()


def require_unreleased() -> None:
    """Nothing is recorded over what a release was recorded with."""
    if is_released(RELEASE, (PROJECT / "CHANGELOG.md").read_text()):
        sys.exit(f"{RELEASE} is released: raise the version in pyproject.toml, then record")


def is_released(release: str, changelog: str) -> bool:
    headings = (line.split() for line in changelog.splitlines() if line.startswith("## "))
    return any(heading[1:2] == [release] for heading in headings)


class Stage:
    """One worker for documents, and one for the payments of each scenario."""

    def __init__(self, client: Client, workers: AsyncExitStack) -> None:
        self._client = client
        self._workers = workers
        self._records = MemoryRecords(_terms(Windows()))
        self._paper = MemoryPaper(self._records)
        self._credit_notes = MemoryCreditNotes(self._records)

    async def open(self) -> None:
        paper = self._paper
        parts = DocumentParts(
            payments=paper,
            invoices=paper,
            credit_notes=self._credit_notes,
            drawer=paper,
            ledger=paper,
            mailer=paper,
        )
        await self._work(DOCUMENTS_QUEUE, DocumentActivities(parts).all())

    async def house(self, scenario: Scenario) -> House:
        windows = Windows(
            **{name: timedelta(seconds=value) for name, value in scenario.seconds.items()}
        )
        # The same books for all, but each breaks down by itself.
        records = replace(self._records, terms=_terms(windows))
        gateway = scenario.gateway()
        house = House(
            client=self._client,
            queue=scenario.name,
            records=records,
            gateway=gateway,
            windows=windows,
            paper=self._paper,
            credit_notes=self._credit_notes,
        )
        await self._work(
            house.queue,
            [
                *RecordActivities(records, windows).all(),
                *GatewayActivities(gateway, records, records).all(),
            ],
            workflows=(PaymentWorkflow,),
        )
        return house

    async def _work(
        self,
        queue: str,
        activities: list[Callable[..., Any]],
        workflows: tuple[type, ...] = (),
    ) -> None:
        worker = Worker(
            self._client,
            task_queue=queue,
            workflows=workflows,
            activities=activities,
            workflow_runner=RUNNER,
        )
        await self._workers.enter_async_context(worker)


def _terms(windows: Windows) -> Terms:
    return Terms(
        merchant_id=MERCHANT_ID,
        another_method=windows.another_method,
        details_kept=timedelta(0),
    )
