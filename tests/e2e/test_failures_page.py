"""docs/failures.md names the tests that prove it, and forgets none of the scenarios."""

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "failures.md").read_text()
NAMED = re.compile(r"\[`(test_\w+)`\]\(\.\./tests/([\w/]+\.py)\)")
DEFINED = re.compile(r"^(?:async )?def (test_\w+)\(", re.MULTILINE)
# What goes right, and what these pages are about.
NO_SCENARIOS = {
    "test_browser.py",
    "test_canaries.py",
    "test_checkout_to_invoice.py",
    "test_demo.py",
    "test_failures_page.py",
    "test_five_minutes.py",
    "test_invariants.py",
    "test_keys.py",
    "test_methods.py",
    "test_metrics.py",
    "test_operators_desk.py",
    "test_web_ui.py",
}


def test_every_row_names_tests_that_exist() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")][1:]

    assert [row for row in rows if not NAMED.search(row)] == []
    for name, file in NAMED.findall(PAGE):
        assert name in DEFINED.findall((TESTS / file).read_text()), f"{file}: {name}"


def test_every_scenario_is_in_the_table() -> None:
    files = [file for folder in ("e2e", "faults") for file in (TESTS / folder).glob("test_*.py")]
    defined = {
        name
        for file in files
        if file.name not in NO_SCENARIOS
        for name in DEFINED.findall(file.read_text())
    }

    assert defined - {name for name, _ in NAMED.findall(PAGE)} == set()
