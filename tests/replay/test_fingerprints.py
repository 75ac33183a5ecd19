"""A changed order of commands is seen, also on a path that no history has."""

import difflib
import json
from textwrap import dedent

import pytest

from tests.replay.fingerprint import RECORD, Fingerprints, fingerprints, sources

HOW_TO_GO_ON = """
What the workflows tell Temporal to do, or when, is not what is recorded. A run that is under way and
meets the change stands still: Temporal finds another command than the one in its history.

* Names only, or new code that no run under way can reach: record it, python -m tests.replay.fingerprint
* Another order, one command more or less, another branch, and a release is out with the old one:
  keep the old way behind `workflow.patched("what-changed")` (docs/versions.md), then record.
* A new path, or no release yet: a scenario in tests/replay, then make record-histories.

tests/replay must pass before and after recording. The change:
"""
ORDER = """
async def pay(self):
    \"\"\"Pay.\"\"\"
    await workflow.execute_activity(open_charge, summary="open")
    if self.asked:
        await workflow.sleep(1)
    await self.store("it")

async def store(self, what):
    await workflow.execute_local_activity(record, what, **QUICK, summary=f"store {what}")
"""


def test_the_workflows_commands_are_those_that_were_recorded() -> None:
    recorded, found = json.loads(RECORD.read_text()), fingerprints(sources())

    changed = difflib.unified_diff(
        _lines(recorded), _lines(found), "recorded", "now", lineterm="", n=2
    )

    if recorded != found:
        pytest.fail(HOW_TO_GO_ON + "\n".join(changed), pytrace=False)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(
            '    await self.store("it")\n',
            "",
            id="a command that is left out, though another function gives it",
        ),
        pytest.param("if self.asked:", "if not self.asked:", id="another branch"),
        pytest.param("sleep(1)", "wait_condition(f)", id="another command"),
        pytest.param(
            "    if self.asked:\n",
            "    if self.late:\n        return\n    if self.asked:\n",
            id="an earlier end",
        ),
        pytest.param("(open_charge", "(ask_gateway", id="another activity"),
    ],
)
def test_what_a_run_under_way_would_meet_changes_the_fingerprint(old: str, new: str) -> None:
    assert old in ORDER

    changed = fingerprints({"pay": ORDER.replace(old, new)})

    assert changed != fingerprints({"pay": ORDER})


def test_two_commands_that_change_places_change_the_fingerprint() -> None:
    first, second = "    await workflow.sleep(1)\n", "    await workflow.execute_activity(ask)\n"
    head = "async def ask(self):\n"

    assert fingerprints({"ask": head + first + second}) != fingerprints(
        {"ask": head + second + first}
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('summary="open"', 'summary="begin"', id="words for people"),
        pytest.param("**QUICK", "**SLOW", id="timeouts and retries"),
        pytest.param('"""Pay."""', "# pays", id="words for readers"),
        pytest.param(
            "    if self.asked:\n",
            "    self.count += 1\n    if self.asked:\n",
            id="code that comes to no command",
        ),
    ],
)
def test_what_no_run_would_notice_leaves_the_fingerprint_as_it_is(old: str, new: str) -> None:
    assert old in ORDER

    changed = fingerprints({"pay": ORDER.replace(old, new)})

    assert changed == fingerprints({"pay": ORDER})


def test_every_activity_that_a_workflow_starts_is_in_a_fingerprint() -> None:
    everything = "\n".join(_lines(fingerprints(sources())))

    missing = [each for each in _activities_named() if each not in everything]

    assert not missing


def _lines(found: Fingerprints) -> list[str]:
    return [line for name, lines in found.items() for line in (f"{name}:", *lines)]


def _activities_named() -> set[str]:
    """Each `…Activities.name` in the code."""
    words = dedent(" ".join(sources().values())).replace("(", " ").replace(",", " ").split()
    named = {word for word in words if "Activities." in word}
    assert named
    return named
