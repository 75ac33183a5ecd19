"""Reconciliation that began under an earlier release goes on under this one."""

import re
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.common import HeaderCodecBehavior
from temporalio.worker import Replayer

from tests.replay.record_reconciliation import RECONCILIATION, SCENARIOS
from tests.replay.stage import HISTORIES, NAMESPACE, converter, release_and_name
from workflows.names import reconciliation_id
from workflows.reconciliation import ReconciliationWorkflow
from workflows.sandbox import RUNNER

RECORDED = sorted(HISTORIES.glob("*/reconciliation/*.json"))
HOW_TO_RECORD = "record them: python -m tests.replay.record_reconciliation"


@pytest.fixture(params=[pytest.param(path, id=release_and_name(path)) for path in RECORDED])
def history(request: pytest.FixtureRequest) -> WorkflowHistory:
    path: Path = request.param
    return WorkflowHistory.from_json(reconciliation_id(path.stem), path.read_text())


async def test_todays_code_decides_as_it_did_when_the_history_was_recorded(
    history: WorkflowHistory,
) -> None:
    replayer = Replayer(
        workflows=[ReconciliationWorkflow],
        namespace=NAMESPACE,
        data_converter=converter(),
        header_codec_behavior=HeaderCodecBehavior.CODEC,
        workflow_runner=RUNNER,
    )

    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)

    assert result.replay_failure is None


def test_every_path_of_reconciliation_has_its_history() -> None:
    names = {re.sub(r"-\d+$", "", path.stem) for path in RECONCILIATION.glob("*.json")}

    assert names == {play.__name__ for play in SCENARIOS}, HOW_TO_RECORD


def test_a_run_that_goes_on_is_recorded_in_every_part() -> None:
    parts = [path for path in RECONCILIATION.glob("*.json") if re.search(r"-\d+$", path.stem)]

    assert len(parts) > 1, HOW_TO_RECORD
