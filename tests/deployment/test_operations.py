"""docs/operations.md: whoever is woken finds the section of the alert, and commands that exist."""

import re
from collections.abc import Iterator

import pytest
import typer
import yaml
from typer.main import get_command

from local_stack.processes import PROJECT
from payments.alerts import AlertCode
from payments.cases import Resolution
from starter.__main__ import app
from tests.deployment.compose import services

PAGE = (PROJECT / "docs" / "operations.md").read_text()
RULES = yaml.safe_load((PROJECT / "observability" / "alerts.yml").read_text())
ALERTS = [rule["alert"] for group in RULES["groups"] for rule in group["rules"]]
# Words of commands; what is written in capitals or as … stands for something else.
_COMMAND = re.compile(r"python -m starter ((?:[a-z][a-z-]* ?)+)((?:[^`\n]*)?)")


def sections() -> dict[str, str]:
    """The body of each section, by the anchor that its heading has."""
    parts = re.split(r"^#{2,3} (.+)$", PAGE, flags=re.MULTILINE)
    return {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-"): body
        for heading, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def commands() -> Iterator[tuple[list[str], list[str]]]:
    """Each command that the page names: its words, and its options."""
    for words, rest in _COMMAND.findall(PAGE):
        yield words.split(), re.findall(r"--[a-z-]+", rest.split(";")[0].split("#")[0])


def test_every_alert_has_a_section_that_says_where_to_look_and_what_to_do() -> None:
    found = sections()

    assert {kebab(name) for name in ALERTS} - found.keys() == set()
    for name in ALERTS:
        assert "Do: " in found[kebab(name)], name


def test_every_alert_links_to_its_own_section() -> None:
    links = {
        rule["alert"]: rule["annotations"]["runbook"]
        for group in RULES["groups"]
        for rule in group["rules"]
    }

    assert links == {name: f"docs/operations.md#{kebab(name)}" for name in ALERTS}


@pytest.mark.parametrize("code", AlertCode)
def test_every_code_has_a_row_that_says_where_to_look_and_what_to_do(code: AlertCode) -> None:
    rows = [line for line in PAGE.splitlines() if re.match(rf"\| [^|]*`{code}`", line)]

    assert len(rows) == 1
    assert all(cell.strip() for cell in rows[0].split("|")[2:4])


def test_every_command_of_the_page_exists_with_its_options() -> None:
    root = get_command(app)
    named = list(commands())

    assert len(named) > 20
    for words, options in named:
        command = root
        for position, word in enumerate(words):
            if not isinstance(command, typer.core.TyperGroup) or word not in command.commands:
                # What follows a command are its arguments.
                assert position > 0, words
                break
            command = command.commands[word]
        known = {name for each in command.params for name in each.opts}
        assert set(options) <= known, (words, options)


def test_every_resolution_that_the_page_names_exists() -> None:
    named = set(re.findall(r"--resolution ([a-z]+)", PAGE))

    assert named <= set(Resolution)


def test_every_service_that_the_page_names_exists() -> None:
    named = set(re.findall(r"docker compose (?:logs|restart|up -d|ps) ([a-z][a-z-]+)", PAGE))

    assert named
    assert named <= services().keys()


def test_every_link_leads_to_a_page_and_a_section() -> None:
    for page, anchor in re.findall(r"\]\(([a-z-]+\.md)?(?:#([a-z0-9-]+))?\)", PAGE):
        text = (PROJECT / "docs" / page).read_text() if page else PAGE
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        anchors = {re.sub(r"[^a-z0-9_ -]", "", h.lower()).replace(" ", "-") for h in headings}
        assert not anchor or anchor in anchors, (page, anchor)


def test_the_grants_are_those_that_the_audits_page_explains() -> None:
    page = (PROJECT / "docs" / "audit.md").read_text()
    explained = set(re.findall(r"^(?:GRANT|REVOKE) .+;$", page, re.MULTILINE))
    run = (PROJECT / "deployment" / "postgres" / "grants.sql").read_text()

    assert explained == set(re.findall(r"^(?:GRANT|REVOKE) .+;$", run, re.MULTILINE))
