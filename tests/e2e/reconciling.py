"""Letting reconciliation run, and reading what it found as operators and finance do."""

import csv
import json
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

from payments.reconciling import RunKind
from tests.e2e.shop import Ran, Shop
from workflows.names import PAYMENTS_QUEUE, reconciliation_id
from workflows.reconciliation import Reconciliation, ReconciliationWorkflow

# Only reconciliation finds money that no notification tells of, and it is not slowed down.
UNTOLD = {"PAYMENTS_FIRST_ASK_SECONDS": "3600", "PAYMENTS_RECONCILE_RATE": "200"}
_SOON = timedelta(seconds=1)


async def reconcile(shop: Shop, kind: RunKind = RunKind.RECENT) -> str:
    """One run, as its schedule starts it, except that orders get a second only; its id."""
    handle = await shop.temporal.start_workflow(
        ReconciliationWorkflow.run,
        Reconciliation(kind=kind, settle=_SOON),
        id=f"{reconciliation_id(kind)}-{uuid.uuid4().hex}",
        task_queue=PAYMENTS_QUEUE,
    )
    await handle.result()
    return handle.id


async def told(shop: Shop, *arguments: str) -> Any:
    """What `reconcile` says as JSON: 1 is its exit code when differences are open."""
    ran = await shop.command("reconcile", *arguments, "--json")
    assert ran.exit_code in {0, 1}, ran.err
    return json.loads(ran.out)


async def differences(shop: Shop, order_id: str) -> list[dict[str, Any]]:
    """Every difference about the order that was ever listed."""
    listed = await told(shop, "differences", "--all")
    return [each for each in listed if each["order_id"] == order_id]


async def found(shop: Shop, order_id: str) -> dict[str, str]:
    """How each kind of difference about the order stands; each is listed once."""
    listed = await differences(shop, order_id)
    states = {each["kind"]: _state(each) for each in listed}
    assert len(states) == len(listed), listed
    return states


async def write_pdf(shop: Shop, run_id: str, path: Path) -> None:
    await _written(shop, run_id, "--pdf", path)


async def rows(shop: Shop, run_id: str, path: Path) -> list[dict[str, str]]:
    """The lines that the run's report has about the shop's orders."""
    await _written(shop, run_id, "--csv", path)
    with path.open(newline="", encoding="utf-8-sig") as file:
        lines = list(csv.DictReader(file))
    return [line for line in lines if line["order_id"].startswith(shop.prefix)]


async def _written(shop: Shop, run_id: str, option: str, path: Path) -> Ran:
    ran = await shop.command("reconcile", "report", run_id, option, str(path))
    assert ran.exit_code == 0, ran.err
    return ran


def _state(difference: dict[str, Any]) -> str:
    resolved = difference["resolved"]
    return "open" if resolved is None else str(resolved["resolution"])
