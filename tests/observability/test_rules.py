"""Alerts, dashboards and what is scraped: nothing in them names what nobody measures."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.metrics import METRICS
from local_stack.processes import PROJECT

OBSERVABILITY = PROJECT / "observability"
DASHBOARDS = sorted((OBSERVABILITY / "grafana" / "dashboards").glob("*.json"))
RUNBOOK = PROJECT / "docs" / "operations.md"
# Prometheus' own.
SCRAPED = {"up"}
SEVERITIES = {"critical", "warning"}
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_WORDS = {
    *("absent", "and", "by", "histogram_quantile", "group_left", "ignoring", "increase", "le"),
    *("max", "min", "on", "or", "rate", "sum", "vector"),
}
_PARTS = {"histogram": ("_bucket", "_sum", "_count")}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((OBSERVABILITY / "alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def measured() -> set[str]:
    """Every series that exists: ours as declared, Temporal's as seen."""
    ours = {name for metrics in METRICS.values() for each in metrics for name in each.series}
    return ours | set(seen()) | SCRAPED


def seen() -> Iterator[str]:
    for line in Path(__file__).with_name("temporal_metrics.txt").read_text().splitlines():
        if not line.startswith("#"):
            name, kind = line.split()
            yield from (f"{name}{part}" for part in _PARTS.get(kind, ("",)))


def named_in(expression: str) -> set[str]:
    """The series that a query names."""
    bare = re.sub(r'"[^"]*"', "", expression)
    bare = re.sub(r"\[[^\]]*\]", "", bare)
    bare = re.sub(r"\b(by|ignoring|on|without|group_left)\s*\([^)]*\)", "", bare)
    bare = re.sub(r"\{[^}]*\}", "", bare)
    return {name for name in _NAME.findall(bare) if name not in _WORDS}


def labels_of(expression: str) -> Iterator[tuple[str, str]]:
    """Which series is asked for by which label."""
    for name, inside in re.findall(r"([a-z_:]+)\{([^}]*)\}", expression):
        for label in re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', "", inside)):
            yield name, label


def expressions() -> list[Any]:
    from_rules = [pytest.param(rule["expr"], id=rule["alert"]) for rule in rules()]
    from_panels = [
        pytest.param(target["expr"], id=f"{path.stem} {panel['id']}{target['refId']}")
        for path in DASHBOARDS
        for panel in dashboard(path)["panels"]
        for target in panel.get("targets", [])
    ]
    return [*from_rules, *from_panels]


@pytest.mark.parametrize("expression", expressions())
def test_every_series_that_is_asked_for_exists(expression: str) -> None:
    assert named_in(expression)
    assert named_in(expression) <= measured()


@pytest.mark.parametrize("expression", expressions())
def test_our_series_are_asked_for_by_labels_that_they_have(expression: str) -> None:
    labels = {
        name: {*each.labels, "le"}
        for metrics in METRICS.values()
        for each in metrics
        for name in each.series
    }

    assert [
        (name, label)
        for name, label in labels_of(expression)
        if name in labels and label not in labels[name]
    ] == []


def test_a_series_that_nobody_measures_is_found() -> None:
    found = named_in('sum by (le) (rate(payments_no_such_total{outcome!="ok"}[5m])) > 0')

    assert found == {"payments_no_such_total"}
    assert not found & measured()


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in SEVERITIES
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["runbook"] == f"docs/operations.md#{kebab(rule['alert'])}"


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_the_runbook_has_a_section_for_each_alert(rule: dict[str, Any]) -> None:
    anchors = {
        re.sub(r"[^a-z0-9 _-]", "", heading.lower()).strip().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", RUNBOOK.read_text(), re.MULTILINE)
    }

    assert rule["annotations"]["runbook"].partition("#")[2] in anchors


def test_alerts_have_names_of_their_own() -> None:
    names = [rule["alert"] for rule in rules()]

    assert len(names) == len(set(names))


def test_what_is_asked_about_a_job_is_scraped() -> None:
    scraped = yaml.safe_load((OBSERVABILITY / "prometheus.yml").read_text())["scrape_configs"]
    jobs = {each["job_name"] for each in scraped}
    asked = {job for rule in rules() for job in re.findall(r'job="([^"]*)"', rule["expr"])}

    assert asked
    assert asked <= jobs


def test_every_place_that_is_scraped_is_a_service_of_the_compose_file() -> None:
    services = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]
    scraped = yaml.safe_load((OBSERVABILITY / "prometheus.yml").read_text())["scrape_configs"]

    places = {name for job in scraped for found in job["dns_sd_configs"] for name in found["names"]}
    assert places <= services.keys()


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_asks_the_source_that_is_provisioned(path: Path) -> None:
    provisioned = OBSERVABILITY / "grafana" / "provisioning" / "datasources" / "prometheus.yml"
    [source] = yaml.safe_load(provisioned.read_text())["datasources"]
    panels = [panel for panel in dashboard(path)["panels"] if panel["type"] != "row"]

    assert {panel["datasource"]["uid"] for panel in panels} == {source["uid"]}
    assert all(panel["targets"] for panel in panels)
    ids = [panel["id"] for panel in dashboard(path)["panels"]]
    assert len(ids) == len(set(ids))


def kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
