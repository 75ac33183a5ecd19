"""Every name that the outside keeps, as the code has it: `python -m tests.wire.names` records them.

Collected from the registered things themselves, so that nothing can be forgotten here.
"""

import asyncio
import dataclasses
import json
import typing
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import typer.main
from fastapi import FastAPI
from starlette.routing import Route
from temporalio import activity, workflow
from temporalio.api.enums.v1 import IndexedValueType
from typer.core import TyperGroup

from adapters.keysets import new_aead_keyset, new_mac_keyset
from adapters.metrics import METRICS, Metric
from adapters.midtrans.gateway import MidtransGateway
from adapters.postgres.tables import metadata
from payments.errors import PaymentError
from settings import PREFIX, Settings
from starter.__main__ import app as cli
from starter.api import create_api
from starter.services import open_services
from webhook_bridge.app import create_app
from webhook_bridge.inbox import Inbox
from worker import Duties, duties
from workflows.names import SEARCH_ATTRIBUTES, reconciliation_id, workflow_id

RECORD = Path(__file__).with_name("names.json")

Names = dict[str, dict[str, list[str]]]


async def collect() -> Names:
    """What belongs to what: kind of name -> owner -> names, all sorted."""
    settings = Settings.model_validate(_SETTINGS)
    async with open_services(settings, "names") as services:
        gateway = MidtransGateway(settings.midtrans)
        served = duties(settings, services.engine, gateway, services.temporal)
        gateway.shut_down()
        api = create_api(services.api_parts())
        bridge = create_app(Inbox(services.temporal, ()))
    return {
        "temporal": _sorted(_temporal(served)),
        "payloads": _sorted(_payloads(_signatures(served))),
        "http routes": _sorted({"api": _api_routes(api), "bridge": _routes(bridge.routes)}),
        "json documents": _sorted(_documents(api)),
        "cli": _sorted(_commands(typer.main.get_command(cli), "starter")),
        "error codes": _sorted({"PaymentError": _codes(PaymentError)}),
        "settings": _sorted(
            {PREFIX: [f"{PREFIX}{name}".upper() for name in Settings.model_fields]}
        ),
        "tables": _sorted({name: table.columns.keys() for name, table in metadata.tables.items()}),
        "metrics": _sorted({process: _metrics(each) for process, each in METRICS.items()}),
    }


def flat(names: Names) -> set[str]:
    return {
        f"{kind}: {owner}: {name}"
        for kind, owners in names.items()
        for owner, owned in owners.items()
        for name in owned
    }


def recorded() -> Names:
    names: Names = json.loads(RECORD.read_text())
    return names


def _temporal(served: Mapping[str, Duties]) -> Iterator[tuple[str, Iterable[str]]]:
    yield "task queues", served
    yield "search attributes", (f"{key.name} {_kind(key)}" for key in SEARCH_ATTRIBUTES)
    yield "workflow ids", [workflow_id("{order_id}"), reconciliation_id("{kind}")]
    for queue, duty in served.items():
        yield f"activities on {queue}", (each.name or "" for each in _activities(duty))
        definitions = _workflows(duty)
        if definitions:
            yield f"workflows on {queue}", [definition.name or "" for definition in definitions]
        for definition in definitions:
            for kind in ("signals", "updates", "queries"):
                yield f"{kind} of {definition.name}", getattr(definition, kind)


def _kind(key: Any) -> str:
    return IndexedValueType.Name(key.indexed_value_type).removeprefix("INDEXED_VALUE_TYPE_")


def _signatures(served: Mapping[str, Duties]) -> Iterator[Any]:
    """Every type that crosses Temporal."""
    for duty in served.values():
        definitions: list[Any] = [*_activities(duty)]
        for run in _workflows(duty):
            messages = (run.signals, run.updates, run.queries)
            definitions += [run, *(each for kind in messages for each in kind.values())]
        for definition in definitions:
            yield from definition.arg_types or ()
            yield getattr(definition, "ret_type", None)


# The SDK has no public way to ask what a decorated function or class is registered as.
def _activities(duty: Duties) -> list[activity._Definition]:
    return [activity._Definition.must_from_callable(each) for each in duty.activities]


def _workflows(duty: Duties) -> list[workflow._Definition]:
    return [workflow._Definition.must_from_class(each) for each in duty.workflows]


def _payloads(types: Iterable[Any]) -> dict[str, list[str]]:
    """Members of every object, values of every closed set: renamed, stored ones are unreadable."""
    found: dict[str, list[str]] = {}
    waiting = list(types)
    while waiting:
        each = waiting.pop()
        waiting += typing.get_args(each)
        if not isinstance(each, type) or each.__name__ in found:
            continue
        if issubclass(each, Enum):
            found[each.__name__] = [str(member.value) for member in each]
        elif dataclasses.is_dataclass(each):
            found[each.__name__] = [field.name for field in dataclasses.fields(each)]
            waiting += typing.get_type_hints(each).values()
    return found


def _api_routes(api: FastAPI) -> list[str]:
    described = {
        f"{verb.upper()} {path}"
        for path, operations in api.openapi()["paths"].items()
        for verb in operations
    }
    return [*described, *_routes(api.routes)]


def _routes(routes: Iterable[Any]) -> list[str]:
    return [
        f"{verb} {route.path}"
        for route in routes
        if isinstance(route, Route)
        for verb in route.methods or ()
        if verb != "HEAD"
    ]


def _documents(api: FastAPI) -> Iterator[tuple[str, Iterable[str]]]:
    for name, schema in api.openapi()["components"]["schemas"].items():
        yield name, schema.get("properties") or schema.get("enum") or ()


def _commands(command: Any, name: str) -> Iterator[tuple[str, list[str]]]:
    yield name, [option for each in command.params for option in [*each.opts, *each.secondary_opts]]
    if isinstance(command, TyperGroup):
        for child_name, child in command.commands.items():
            yield from _commands(child, f"{name} {child_name}")


def _codes(error: type[PaymentError]) -> list[str]:
    ours = [each for each in error.__subclasses__() if not each.__module__.startswith("tests.")]
    return [error.code, *(code for each in ours for code in _codes(each))]


def _metrics(metrics: Iterable[Metric]) -> list[str]:
    """Names and labels: alerts and dashboards of others ask by both."""
    return [f"{each.name} {label}".strip() for each in metrics for label in ("", *each.labels)]


def _sorted(owners: Any) -> dict[str, list[str]]:
    return {owner: sorted(set(names)) for owner, names in sorted(dict(owners).items())}


_SETTINGS = {
    "database_url": "postgresql+asyncpg://nobody@127.0.0.1/nowhere",
    "keyset_temporal": new_aead_keyset(),
    "keyset_database": new_aead_keyset(),
    "keyset_lookup": new_mac_keyset(),
    "midtrans_server_key": "none",
    "midtrans_merchant_id": "none",
    "smtp_url": "smtp://127.0.0.1:25",
}


if __name__ == "__main__":
    RECORD.write_text(json.dumps(asyncio.run(collect()), indent=1) + "\n")
