"""What operators read in a run's history: every activity, timer and write says what it is for."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from temporalio.api.common.v1 import Payload
from temporalio.api.sdk.v1 import UserMetadata

from tests.replay.stage import HISTORIES, converter, release_and_name

RECORDED = sorted(HISTORIES.rglob("*.json"))
SUMMARISED = (
    "timerStartedEventAttributes",
    "activityTaskScheduledEventAttributes",
    "markerRecordedEventAttributes",
)


@pytest.mark.parametrize("path", RECORDED, ids=release_and_name)
async def test_every_activity_and_timer_says_in_words_what_it_is_for(path: Path) -> None:
    steps = [event for event in _events(path) if any(name in event for name in SUMMARISED)]

    summaries = [await _summary(event) for event in steps]

    assert all(len(summary.split()) > 1 for summary in summaries), summaries


def _events(path: Path) -> Iterator[dict[str, Any]]:
    yield from json.loads(path.read_text())["events"]


async def _summary(event: dict[str, Any]) -> str:
    metadata = json_format.ParseDict(event.get("userMetadata", {}), UserMetadata())
    if metadata.summary == Payload():
        return ""
    (summary,) = await converter().decode([metadata.summary], [str])
    assert isinstance(summary, str)
    return summary
