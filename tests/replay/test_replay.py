"""Payments that began under an earlier release go on under this one."""

import re
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.common import HeaderCodecBehavior
from temporalio.worker import Replayer

from tests.replay.scenarios import SCENARIOS
from tests.replay.stage import HISTORIES, NAMESPACE, converter
from workflows.names import workflow_id
from workflows.payment import PaymentWorkflow
from workflows.sandbox import RUNNER

RECORDED = sorted(HISTORIES.glob("*.json"))
HOW_TO_RECORD = "record them: python -m tests.replay.record"


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in RECORDED])
async def test_todays_code_decides_as_it_did_when_the_history_was_recorded(path: Path) -> None:
    replayer = Replayer(
        workflows=[PaymentWorkflow],
        namespace=NAMESPACE,
        data_converter=converter(),
        header_codec_behavior=HeaderCodecBehavior.CODEC,
        workflow_runner=RUNNER,
    )
    history = WorkflowHistory.from_json(workflow_id(f"R-{path.stem}"), path.read_text())

    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)

    assert result.replay_failure is None


def test_every_path_of_the_workflow_has_its_history() -> None:
    names = {re.sub(r"-\d+$", "", path.stem) for path in RECORDED}

    assert names == {scenario.name for scenario in SCENARIOS}, HOW_TO_RECORD


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in RECORDED])
def test_a_recorded_history_holds_no_payload_in_clear(path: Path) -> None:
    in_clear = re.findall(r'"encoding":"(?!YmluYXJ5L2VuY3J5cHRlZA==")[^"]*"', path.read_text())

    assert '"encoding"' in path.read_text()
    assert set(in_clear) <= {'"encoding":"anNvbi9wbGFpbg=="'}
