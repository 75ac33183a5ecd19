"""What Temporal keeps of a workflow: nothing that can be read without the keys."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.common import HeaderCodecBehavior
from temporalio.worker import Replayer

from adapters.temporal.converter import data_converter
from tests.adapters.temporal.canaries import CanaryInHeader, CanaryWorkflow, run_with_canaries
from tests.adapters.temporal.conftest import Rotation, Server

pytestmark = pytest.mark.temporal


@dataclass(frozen=True)
class Run:
    canary: str
    history: WorkflowHistory
    handle: WorkflowHandle[CanaryWorkflow, str]

    def history_bytes(self) -> bytes:
        return b"".join(event.SerializeToString() for event in self.history.events)


async def run_through(client: Client) -> Run:
    config = client.config()
    config["interceptors"] = [CanaryInHeader()]
    canary = f"canary-{uuid4()}"
    handle = await run_with_canaries(Client(**config), canary)
    return Run(canary, await handle.fetch_history(), handle)


@pytest.fixture(scope="session")
async def encrypted(server: Server, rotation: Rotation) -> Run:
    return await run_through(await server.client(rotation.before))


@pytest.fixture(scope="session")
async def plain(server: Server) -> Run:
    return await run_through(server.plain)


def test_no_canary_is_in_the_encrypted_history(encrypted: Run) -> None:
    assert encrypted.canary.encode() not in encrypted.history_bytes()


def test_every_canary_is_in_a_plain_history(plain: Run) -> None:
    """The search finds what there is to find: ten places and more."""
    assert plain.history_bytes().count(plain.canary.encode()) > 10
    assert b"in raise_in_public" in plain.history_bytes()


def test_failures_keep_message_and_stack_encoded(encrypted: Run) -> None:
    failed = [
        event.activity_task_failed_event_attributes.failure
        for event in encrypted.history.events
        if event.HasField("activity_task_failed_event_attributes")
    ]

    assert [failure.message for failure in failed] == ["Encoded failure"]
    assert failed[0].encoded_attributes.metadata["encoding"] == b"binary/encrypted"
    assert failed[0].cause.message == "Encoded failure"
    assert b"raise_in_public" not in encrypted.history_bytes()


async def test_no_canary_is_in_the_description(encrypted: Run) -> None:
    description = await encrypted.handle.describe()

    assert encrypted.canary.encode() not in description.raw_description.SerializeToString()


def test_no_canary_is_in_the_store(server: Server, encrypted: Run, plain: Run) -> None:
    stored = server.stored_bytes()

    assert encrypted.handle.id.encode() in stored
    assert plain.canary.encode() in stored
    assert encrypted.canary.encode() not in stored


async def test_a_result_is_read_after_the_keys_were_rotated(
    server: Server, encrypted: Run, rotation: Rotation
) -> None:
    client = await server.client(rotation.promoted)

    result: str = await client.get_workflow_handle(encrypted.handle.id).result()

    assert result == f"result {encrypted.canary}"


def replayer(rotation: Rotation) -> Replayer:
    return Replayer(
        workflows=[CanaryWorkflow],
        data_converter=data_converter(rotation.promoted, "default"),
        header_codec_behavior=HeaderCodecBehavior.CODEC,
    )


async def test_an_encrypted_history_replays(encrypted: Run, rotation: Rotation) -> None:
    stored = WorkflowHistory.from_json(encrypted.handle.id, encrypted.history.to_json())

    result = await replayer(rotation).replay_workflow(stored, raise_on_replay_failure=False)

    assert result.replay_failure is None


def test_every_encrypted_payload_but_a_header_names_its_run(encrypted: Run) -> None:
    found = list(sealed_payloads(encrypted.history.to_json_dict()))

    assert len(found) == 20
    assert {base64.b64decode(metadata["encryption-workflow-id"]) for metadata in found} == {
        encrypted.handle.id.encode()
    }


def sealed_payloads(document: Any) -> Iterator[dict[str, str]]:
    """The metadata of every encrypted payload in a history, however deep it is."""
    if isinstance(document, list):
        for each in document:
            yield from sealed_payloads(each)
    elif isinstance(document, dict):
        if "encryption-key-id" in document:
            yield document
        for name, each in document.items():
            # Headers, which are trace ids, are encoded without their run (SDK 1.35).
            if name != "header":
                yield from sealed_payloads(each)
