"""docker-compose.yml as Compose reads it: merged, and filled in from the environment.

`compose-spec.json` is the schema of github.com/compose-spec/compose-spec (Apache License 2.0, in
`compose-spec.LICENSE`), as the package check-jsonschema 0.39.0 carries it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from local_stack.processes import PROJECT

COMPOSE_FILE = PROJECT / "docker-compose.yml"
EXAMPLE_FILE = PROJECT / ".env.example"
SCHEMA_FILE = PROJECT / "tests" / "deployment" / "compose-spec.json"
OURS = "skaters-payments:"

_VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>[A-Z_]+)(?::(?P<rule>[?-])(?P<text>[^}]*))?\})")
_EXPLAINED = re.compile(r"^#?([A-Z][A-Z_]*)=(.*)$", re.MULTILINE)
_UNITS = {"s": 1, "m": 60}


@dataclass(frozen=True)
class Service:
    name: str
    told: Mapping[str, Any]

    @property
    def environment(self) -> dict[str, str | None]:
        """None: handed on from the environment that Compose runs in, when it is set there."""
        return dict(self.told.get("environment", {}))

    @property
    def is_ours(self) -> bool:
        return str(self.told["image"]).startswith(OURS)

    @property
    def is_a_job(self) -> bool:
        return self.told["restart"] not in {"unless-stopped", "no"}

    @property
    def networks(self) -> set[str]:
        return set(self.told.get("networks", ()))

    @property
    def mounted_files(self) -> list[str]:
        sources = (str(volume).split(":", 1)[0] for volume in self.told.get("volumes", ()))
        return [source for source in sources if source.startswith("./")]

    @property
    def stop_grace_seconds(self) -> int:
        told = str(self.told["stop_grace_period"])
        return int(told[:-1]) * _UNITS[told[-1]]

    @property
    def health_command(self) -> list[str]:
        test = [str(part) for part in self.told["healthcheck"]["test"]]
        assert test[0] == "CMD"
        return test[1:]


def document() -> dict[str, Any]:
    """The file as it is written, anchors merged."""
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text())
    return loaded


def services(variables: Mapping[str, str] | None = None) -> dict[str, Service]:
    """Every service; with `variables`, filled in."""
    told = document()["services"]
    if variables is not None:
        told = filled_in(told, variables)
    return {name: Service(name, each) for name, each in told.items()}


def filled_in(value: Any, variables: Mapping[str, str]) -> Any:
    match value:
        case str():
            return _VARIABLE.sub(lambda found: _meaning(found, variables), value)
        case list():
            return [filled_in(each, variables) for each in value]
        case dict():
            return {name: filled_in(each, variables) for name, each in value.items()}
    return value


def _meaning(found: re.Match[str], variables: Mapping[str, str]) -> str:
    name = found["name"]
    if name is None:
        return "$"
    if variables.get(name):
        return variables[name]
    assert found["rule"] == "-", f"{name} is not set"
    return str(found["text"])


def interpolated() -> set[str]:
    """The variables that the file asks for, in whatever way."""
    named = {found["name"] for found in _VARIABLE.finditer(COMPOSE_FILE.read_text())}
    handed_on = {
        name
        for service in services().values()
        for name, value in service.environment.items()
        if value is None
    }
    return {name for name in named | handed_on if name is not None}


def explained() -> dict[str, str]:
    """What .env.example names, and the values that it proposes."""
    return dict(_EXPLAINED.findall(EXAMPLE_FILE.read_text()))
