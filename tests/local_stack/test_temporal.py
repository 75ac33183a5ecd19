import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError

from local_stack.alone import temporal_alone
from local_stack.directories import private_directory
from local_stack.ports import LOOPBACK, Ports
from local_stack.processes import ChildError
from local_stack.temporal import Temporal, TemporalOptions, TemporalPorts, run_temporal

pytestmark = pytest.mark.temporal

NAMESPACE = "shop"


def some_ports(*, ui: bool = False) -> TemporalPorts:
    ports = Ports()
    return TemporalPorts(
        frontend=ports.choose(),
        http=ports.choose(),
        metrics=ports.choose(),
        ui=ports.choose() if ui else None,
    )


async def search_attributes(temporal: Temporal) -> dict[str, IndexedValueType.ValueType]:
    client = await Client.connect(temporal.address, namespace=temporal.namespace)
    answer = await client.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=temporal.namespace)
    )
    return dict(answer.custom_attributes)


@pytest.fixture(scope="module")
async def temporal(module_state_dir: Path) -> AsyncIterator[Temporal]:
    options = TemporalOptions(
        namespace=NAMESPACE,
        search_attributes={"PaymentOrderId": "Keyword"},
        dynamic_config={"limit.maxIDLength": 100},
        ui_codec_endpoint="http://127.0.0.1:9/secret-segment",
    )
    ports = some_ports(ui=True)
    async with run_temporal(module_state_dir, ports=ports, options=options) as server:
        yield server


async def test_search_attributes_are_there_from_the_start(temporal: Temporal) -> None:
    present = await search_attributes(temporal)

    assert present["PaymentOrderId"] == IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD


async def test_dynamic_configuration_reaches_the_server(temporal: Temporal) -> None:
    client = await Client.connect(temporal.address, namespace=NAMESPACE)

    with pytest.raises(RPCError, match=r"exceeds maximum allowed length \(200/100\)"):
        await client.start_workflow("Any", id="x" * 200, task_queue="nobody-listens")


async def test_the_web_ui_knows_the_codec_endpoint(temporal: Temporal) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{temporal.ui_url}/api/v1/settings")

    assert answer.json()["Codec"]["Endpoint"] == "http://127.0.0.1:9/secret-segment"


async def test_metrics_are_served(temporal: Temporal) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(temporal.metrics_url)

    assert "service_requests" in answer.text


async def test_the_store_is_written_ahead(temporal: Temporal, module_state_dir: Path) -> None:
    assert (module_state_dir / "temporal" / "temporal.db-wal").exists()


async def test_a_restart_keeps_workflows_and_adds_new_search_attributes(
    state_dir: Path,
) -> None:
    before = TemporalOptions(search_attributes={"Old": "Int"})
    after = TemporalOptions(search_attributes={"Old": "Int", "New": "KeywordList"})

    async with run_temporal(state_dir, ports=some_ports(), options=before) as temporal:
        client = await Client.connect(temporal.address)
        await client.start_workflow("Any", id="kept", task_queue="nobody-listens")
    async with run_temporal(state_dir, ports=some_ports(), options=after) as temporal:
        client = await Client.connect(temporal.address)
        kept = await client.get_workflow_handle("kept").describe()
        present = await search_attributes(temporal)

    assert kept.workflow_type == "Any"
    assert present["Old"] == IndexedValueType.INDEXED_VALUE_TYPE_INT
    assert present["New"] == IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST


async def test_settings_for_another_server_do_not_matter(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = private_directory(state_dir / "home")
    private_directory(home / ".config" / "temporalio").joinpath("temporal.yaml").write_text("{")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", "/somebody/elses.toml")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "somebody-elses")

    async with temporal_alone(state_dir, {}) as temporal:
        assert await search_attributes(temporal) == {}


async def test_a_taken_port_is_reported_in_the_words_of_the_server(state_dir: Path) -> None:
    ports = some_ports()
    with (
        socket.create_server((LOOPBACK, ports.frontend)),
        pytest.raises(ChildError, match="address already in use"),
    ):
        async with run_temporal(state_dir, ports=ports, options=TemporalOptions()):
            pass
