"""Histories that were sealed under a key that is the primary one no more."""

import json

import pytest
from temporalio.client import WorkflowHistory
from temporalio.common import HeaderCodecBehavior
from temporalio.converter import DataConverter
from temporalio.worker import Replayer, WorkflowReplayResult

from adapters.keyset_keys import keys_of, with_key_of, with_primary, without_key
from adapters.keyset_source import KeysetSource
from adapters.keysets import load_aead, new_aead_handle
from adapters.temporal.converter import data_converter
from tests.replay.stage import CURRENT, KEYSET, NAMESPACE
from workflows.names import workflow_id
from workflows.payment import PaymentWorkflow
from workflows.sandbox import RUNNER

RECORDED = CURRENT / "paid_by_webhook.json"


@pytest.fixture
def history() -> WorkflowHistory:
    return WorkflowHistory.from_json(workflow_id(f"R-{RECORDED.stem}"), RECORDED.read_text())


def _rotated(*, is_retired: bool) -> tuple[DataConverter, int]:
    """The keyset of the histories after a rotation, and its old key's number."""
    handle = KeysetSource(str(KEYSET)).read()
    fresh = new_aead_handle()
    (old,), (new,) = keys_of(handle), keys_of(fresh)
    rotated = with_primary(with_key_of(handle, fresh), new.key_id)
    kept = without_key(rotated, old.key_id) if is_retired else rotated
    keyset = load_aead(KeysetSource("{}").serialised(kept))
    return data_converter(keyset, NAMESPACE), old.key_id


async def _replayed(history: WorkflowHistory, converter: DataConverter) -> WorkflowReplayResult:
    replayer = Replayer(
        workflows=[PaymentWorkflow],
        namespace=NAMESPACE,
        data_converter=converter,
        header_codec_behavior=HeaderCodecBehavior.CODEC,
        workflow_runner=RUNNER,
    )
    return await replayer.replay_workflow(history, raise_on_replay_failure=False)


async def test_they_replay_while_the_old_key_is_kept(history: WorkflowHistory) -> None:
    converter, _ = _rotated(is_retired=False)

    result = await _replayed(history, converter)

    assert result.replay_failure is None


async def test_without_the_old_key_the_error_names_it_and_nothing_secret(
    history: WorkflowHistory, caplog: pytest.LogCaptureFixture
) -> None:
    converter, old = _rotated(is_retired=True)

    result = await _replayed(history, converter)

    # What Temporal is told of it is encrypted; the worker's log has the words.
    assert "Encoded failure" in str(result.replay_failure)
    assert f"no key opens the payload of key {old} in {NAMESPACE}" in caplog.text
    assert SECRET not in caplog.text


SECRET = json.loads(KEYSET.read_text())["key"][0]["keyData"]["value"]
