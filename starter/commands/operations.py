"""Commands for whoever runs the service: migrate, settings, doctor."""

import os
from datetime import timedelta
from typing import Annotated

import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo
from temporalio.service import RPCError

from adapters.keysets import load_aead, new_aead_keyset
from adapters.postgres.schema import migrate as migrate_database
from adapters.temporal.client import connect, ensure_search_attributes
from settings import PREFIX, Settings, SettingsError, load_settings
from starter.commands.terminal import (
    AsJson,
    expected_errors,
    fail,
    listing,
    one_line,
    out,
    print_json,
    run,
)
from starter.doctor.examination import Finding, examine
from starter.doctor.invariants import examine_invariants
from workflows.names import SEARCH_ATTRIBUTES

# Read by Temporal's own library, which has more of them.
TEMPORAL_SETTINGS = {
    "TEMPORAL_ADDRESS": "host:port of the Temporal cluster; 127.0.0.1:7233 when unset",
    "TEMPORAL_NAMESPACE": "its namespace; default when unset",
    "TEMPORAL_API_KEY": "API key, for Temporal Cloud",
    "TEMPORAL_TLS": "whether to use TLS; on when there is an API key or a certificate",
    "TEMPORAL_TLS_CLIENT_CERT_PATH": "client certificate, for mTLS",
    "TEMPORAL_TLS_CLIENT_KEY_PATH": "its private key",
    "TEMPORAL_TLS_SERVER_CA_CERT_PATH": "CA certificates to trust for Temporal",
    "TEMPORAL_TLS_SERVER_NAME": "the name that its certificate must have",
    "TEMPORAL_CONFIG_FILE": "a TOML file with profiles",
    "TEMPORAL_PROFILE": "which profile of that file",
    "TEMPORAL_DEPLOYMENT_NAME": "worker deployment, where workers are versioned",
    "TEMPORAL_WORKER_BUILD_ID": "the worker's version in it",
}
# Hashes of keys are no secrets, but nobody needs to read them.
_WITHHELD = frozenset({"api_keys"})


def register(app: typer.Typer) -> None:
    app.command()(migrate)
    app.command("settings")(list_settings)
    app.command()(doctor)


def migrate() -> None:
    """Bring the database, and then Temporal's search attributes, to what this version needs."""
    with expected_errors():
        url = load_settings().secret("database_url")
    try:
        run(migrate_database(url))
    except ValueError as error:
        fail(f"{PREFIX}DATABASE_URL: {error}")
    out.print("the schema is up to date")
    try:
        registered = run(_register_search_attributes())
    except RPCError as error:
        fail(f"Temporal refuses to register search attributes: {error.status.name}: {error}")
    except RuntimeError as error:
        fail(f"Temporal cannot be reached: {one_line(error)} (see: python -m starter doctor)")
    except ValueError as error:
        fail(str(error))
    out.print(
        f"registered search attributes: {', '.join(registered)}"
        if registered
        else "the search attributes are registered"
    )


async def _register_search_attributes() -> tuple[str, ...]:
    # Nothing that is encrypted is sent or read here, so the service's own keys are not needed.
    client = await connect(load_aead(new_aead_keyset()))
    return await ensure_search_attributes(client, SEARCH_ATTRIBUTES)


def list_settings(*, as_json: AsJson = False) -> None:
    """List every setting, where its value comes from, and what it means."""
    with expected_errors():
        rows = [*_our_settings(load_settings()), *_temporal_settings()]
    if as_json:
        print_json(rows)
        return
    table = listing("setting", "source", "value", "meaning")
    for row in rows:
        table.add_row(row["setting"], row["source"], row["value"], row["meaning"])
    out.print(table)


def doctor(
    *,
    as_json: AsJson = False,
    patience: Annotated[float, typer.Option(help="Seconds that each check may take.")] = 10,
    invariants: Annotated[
        bool, typer.Option("--invariants", help="Examine all that is stored instead.")
    ] = False,
    ask: Annotated[
        bool, typer.Option("--ask", help="With --invariants: ask Midtrans about every order too.")
    ] = False,
    grace: Annotated[
        float, typer.Option(help="With --invariants: minutes that what is due may take.", min=0)
    ] = 60,
) -> None:
    """Check every connection, and say what is wrong and what to do."""
    try:
        settings = load_settings()
    except SettingsError as error:
        findings = [Finding("settings", is_well=False, text=str(error), remedy="correct them")]
    else:
        within = timedelta(minutes=grace)
        findings = run(
            examine_invariants(settings, ask=ask, grace=within)
            if invariants
            else examine(settings, patience)
        )
    if as_json:
        print_json([finding.as_json() for finding in findings])
    else:
        for finding in findings:
            _print_finding(finding)
    if not all(finding.is_well for finding in findings):
        raise typer.Exit(1)


def _print_finding(finding: Finding) -> None:
    well = "[yellow]![/yellow]" if finding.remedy else "[green]✓[/green]"
    mark = well if finding.is_well else "[red]✗[/red]"
    remedy = f" → {finding.remedy}" if finding.remedy else ""
    out.print(mark, f"{finding.name:<10}", end=" ")
    out.print(f"{finding.text}{remedy}", markup=False)


def _our_settings(settings: Settings) -> list[dict[str, str]]:
    return [
        {
            "setting": f"{PREFIX}{name.upper()}",
            "source": _source(settings, name, field),
            "value": _shown(settings, name),
            "meaning": field.description or "",
        }
        for name, field in Settings.model_fields.items()
    ]


def _source(settings: Settings, name: str, field: FieldInfo) -> str:
    if name in settings.model_fields_set:
        return "environment"
    return "unset" if field.default in (None, ()) else "default"


def _shown(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    if value is None or value == ():
        return ""
    if isinstance(value, SecretStr) or name in _WITHHELD:
        return "(hidden)"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _temporal_settings() -> list[dict[str, str]]:
    return [
        {
            "setting": name,
            "source": "environment" if os.environ.get(name) else "unset",
            "value": "" if name.endswith("KEY") else os.environ.get(name, ""),
            "meaning": meaning,
        }
        for name, meaning in TEMPORAL_SETTINGS.items()
    ]
