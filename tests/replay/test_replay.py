"""Payments that began under an earlier release go on under this one."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.common import HeaderCodecBehavior
from temporalio.worker import Replayer

from tests.replay.scenarios import SCENARIOS
from tests.replay.stage import (
    CURRENT,
    HISTORIES,
    NAMESPACE,
    converter,
    is_released,
    release_and_name,
)
from tests.workflows.samples import request as order
from workflows.names import workflow_id
from workflows.payment import PaymentWorkflow
from workflows.sandbox import RUNNER

RECORDED = sorted(HISTORIES.glob("*/*.json"))
HOW_TO_RECORD = "record them: make record-histories"


@pytest.fixture(params=[pytest.param(path, id=release_and_name(path)) for path in RECORDED])
def history(request: pytest.FixtureRequest) -> WorkflowHistory:
    path: Path = request.param
    return WorkflowHistory.from_json(workflow_id(f"R-{path.stem}"), path.read_text())


async def test_todays_code_decides_as_it_did_when_the_history_was_recorded(
    history: WorkflowHistory,
) -> None:
    replayer = Replayer(
        workflows=[PaymentWorkflow],
        namespace=NAMESPACE,
        data_converter=converter(),
        header_codec_behavior=HeaderCodecBehavior.CODEC,
        workflow_runner=RUNNER,
    )

    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)

    assert result.replay_failure is None


def test_every_path_of_the_workflow_has_its_history() -> None:
    names = {re.sub(r"-\d+$", "", path.stem) for path in CURRENT.glob("*.json")}

    assert names == {scenario.name for scenario in SCENARIOS}, HOW_TO_RECORD


@pytest.mark.parametrize(
    ("changelog", "released"),
    [
        ("# Changes\n\n## Unreleased\n\n- Payments, as 0.1.0 shall have them.\n", False),
        ("# Changes\n\n## Unreleased\n\n## 0.1.0 (2026-12-01)\n", True),
        ("# Changes\n\n## 0.1.01\n", False),
    ],
)
def test_a_release_is_told_by_its_heading_and_is_not_recorded_over(
    changelog: str, *, released: bool
) -> None:
    assert is_released("0.1.0", changelog) is released


def test_recorded_histories_are_encrypted_as_they_are_in_production() -> None:
    payloads = [data for path in RECORDED for data in _payloads(json.loads(path.read_text()))]
    customer = order("any").customer

    readable = [data for data in payloads if customer.email.encode() in data]

    assert payloads
    assert not readable


def _payloads(document: object) -> Iterator[bytes]:
    match document:
        case {"metadata": {"encoding": _}, "data": str(data)}:
            yield base64.b64decode(data)
        case dict():
            for member in document.values():
                yield from _payloads(member)
        case list():
            for item in document:
                yield from _payloads(item)
