"""What only a human decides, from the command line: other methods, cases, reviews, stuck steps."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import httpx
import pytest
import typer
from sqlalchemy import select
from typer.core import TyperGroup

from adapters.postgres.tables import audit_events
from payments.alerts import ALERTS
from payments.commands import UnmatchedAnswer
from payments.gateway import GATEWAY, StatusReport
from payments.methods import PaymentMethod
from payments.money import Currency, Money
from payments.notice import Notice
from payments.status import AttemptStatus
from starter.__main__ import app
from starter.commands.cases import Decided
from tests.starter.conftest import Shop
from tests.starter.orders import order
from tests.starter.terminal import invoke
from workflows.names import GATEWAY_REPORTED, workflow_id

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]

SHORT = timedelta(seconds=0.7)
REASON = ("--reason", "asked the bank")


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await is_so():
            await asyncio.sleep(0.05)


async def actors(shop: Shop, order_id: str, cause: str) -> set[str]:
    query = select(audit_events.c.actor).where(
        audit_events.c.order_id == order_id, audit_events.c.cause == cause
    )
    async with shop.engine.connect() as connection:
        return set((await connection.execute(query)).scalars())


@pytest.fixture
async def unmatched(shop: Shop, order_id: str) -> str:
    """The order id of money that came for an order which is not stored."""
    report = StatusReport(
        gateway_order_id=f"{order_id}~1",
        transaction_id=f"T-{order_id}",
        status=AttemptStatus.PAID,
        payment_type="qris",
        method=PaymentMethod.QRIS,
        amount=Money(50_000, Currency.IDR),
        fee=Money(0, Currency.IDR),
    )
    now = datetime.now(UTC)
    await shop.store.record_unmatched(
        UnmatchedAnswer(order_id=order_id, number=1, report=report, at=now)
    )
    return order_id


@pytest.fixture
async def in_review(http: httpx.AsyncClient, shop: Shop, order_id: str) -> str:
    """An order whose payment the gateway holds in review."""
    await http.post("/v1/payments", json=order(order_id))
    shop.gateway.challenge(f"{order_id}~1")
    notice = Notice(
        gateway=GATEWAY,
        gateway_order_id=f"{order_id}~1",
        transaction_id=f"T-{order_id}~1",
        status=AttemptStatus.IN_REVIEW,
        received_at=datetime.now(UTC),
        raw="{}",
    )
    run = shop.temporal.get_workflow_handle(workflow_id(order_id))
    await run.signal(GATEWAY_REPORTED, notice.as_json())
    await until(lambda: has_status(http, order_id, "in_review"))
    return order_id


async def has_status(http: httpx.AsyncClient, order_id: str, status: str) -> bool:
    payment = (await http.get(f"/v1/payments/{order_id}")).json()
    return bool(payment["status"] == status)


async def cases(environment: dict[str, str], order_id: str, *options: str) -> list[dict[str, Any]]:
    result = await invoke("cases", "list", "--json", *options, environment=environment)
    assert result.exit_code == 0, result.stderr
    return [case for case in json.loads(result.stdout) if case["order_id"] == order_id]


async def test_another_method_is_tried_from_the_command_line(
    http: httpx.AsyncClient, shop: Shop, environment: dict[str, str], order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))
    wish = ("try-another-method", order_id, "--after", "1", "--method", "qris")

    tried = await invoke(*wish, "--integration", "core", "--json", environment=environment)
    other = await invoke(*wish, environment=environment)

    assert tried.exit_code == 0, tried.stderr
    assert json.loads(tried.stdout)["attempt"] == 2
    assert other.exit_code == 1
    assert "was tried with another method after this attempt already" in other.stderr
    assert all(a.startswith("cli:") for a in await actors(shop, order_id, "try_another_method"))


async def test_a_case_is_listed_with_what_to_do_and_closed_once(
    environment: dict[str, str], unmatched: str
) -> None:
    (listed,) = await cases(environment, unmatched)
    table = await invoke("cases", "list", environment=environment)
    case_id = str(listed["case_id"])

    resolved = await invoke(
        "cases", "resolve", case_id, "--resolution", "noted", *REASON, environment=environment
    )

    assert listed["code"] == "unmatched_money"
    assert listed["money_came"] is True
    assert listed["what_to_do"] == ALERTS[listed["code"]].what_to_do
    assert listed["resolved"] is None
    row = next(line for line in table.stdout.splitlines() if unmatched in line)
    assert row.split()[:3] == [case_id, unmatched, "unmatched_money"]
    assert "WIB" in row
    assert "Find out whose it is" in row
    assert resolved.stdout == f"case {case_id} of order {unmatched} is noted\n"
    assert await cases(environment, unmatched) == []
    (closed,) = await cases(environment, unmatched, "--all")
    assert closed["resolved"]["resolution"] == "noted"
    assert closed["resolved"]["reason"] == "asked the bank"
    assert closed["resolved"]["actor"].startswith("cli:")
    everything = await invoke("cases", "list", "--all", environment=environment)
    assert "asked the bank" in everything.stdout


async def test_a_resolution_that_does_not_fit_changes_nothing(
    environment: dict[str, str], unmatched: str
) -> None:
    (listed,) = await cases(environment, unmatched)

    answer = await invoke(
        *("cases", "resolve", str(listed["case_id"]), "--resolution", "accepted", *REASON),
        environment=environment,
    )

    assert answer.exit_code == 1
    # The worker of these tests logs to the same stream.
    assert answer.stderr.endswith("error: resolution: must be noted\n")
    assert await cases(environment, unmatched) == [listed]


async def test_a_case_that_is_not_there_is_one_line(environment: dict[str, str]) -> None:
    answer = await invoke(
        *("cases", "resolve", "999999999", "--resolution", "noted", *REASON),
        environment=environment,
    )

    assert answer.exit_code == 1
    assert answer.stderr == "error: no case 999999999 is stored (see: cases list)\n"


@pytest.mark.parametrize(("decision", "status"), [("approve", "paid"), ("deny", "failed")])
async def test_a_review_is_decided_and_the_gateway_is_told(
    http: httpx.AsyncClient,
    shop: Shop,
    environment: dict[str, str],
    in_review: str,
    decision: str,
    status: str,
) -> None:
    result = await invoke("review", in_review, decision, *REASON, environment=environment)

    assert result.exit_code == 0, result.stderr
    await until(lambda: has_status(http, in_review, status))
    (decider,) = await actors(shop, in_review, "resolve_review")
    assert decider.startswith("cli:")


async def test_what_is_not_in_review_cannot_be_decided(
    http: httpx.AsyncClient, environment: dict[str, str], order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))

    result = await invoke("review", order_id, "approve", *REASON, environment=environment)

    assert result.exit_code == 1
    assert result.stderr.endswith("error: the payment is not in review\n")


async def test_a_stuck_step_is_tried_again_at_once(
    http: httpx.AsyncClient, shop: Shop, environment: dict[str, str], order_id: str
) -> None:
    shop.gateway.stubborn.add(order_id)
    await http.post("/v1/payments", json=order(order_id))
    async with shop.http(patience=SHORT) as hasty:
        await hasty.post(f"/v1/payments/{order_id}/cancel", json={"reason": "sold out"})
    shop.gateway.stubborn.discard(order_id)

    result = await invoke("retry-now", order_id, environment=environment)

    assert result.exit_code == 0, result.stderr
    assert result.stdout == "tried again\n"
    await until(lambda: has_status(http, order_id, "cancelled"))


async def test_where_nothing_is_stuck_nothing_is_tried_again(
    environment: dict[str, str], order_id: str
) -> None:
    result = await invoke("retry-now", order_id, *REASON, environment=environment)

    assert result.exit_code == 0
    assert result.stdout == "nothing is waiting to be tried again\n"


async def test_a_stuck_step_is_tried_again_even_without_a_database(
    http: httpx.AsyncClient, environment: dict[str, str], order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))
    without = {
        **environment,
        "PAYMENTS_DATABASE_URL": "postgresql://payments:hunter2@127.0.0.1:9/payments",
    }

    result = await invoke("retry-now", order_id, environment=without)

    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("retry-now", "SKT-1", "--reason", " "),
        ("review", "SKT-1", "approve", "--reason", "a\nb"),
        ("cancel", "SKT-1", "--reason", "x" * 501),
    ],
    ids=["retry-now", "review", "cancel"],
)
async def test_a_reason_is_needed_that_can_be_read(
    environment: dict[str, str], arguments: tuple[str, ...]
) -> None:
    result = await invoke(*arguments, environment=environment)

    assert result.exit_code == 1
    assert result.stderr == "error: reason: 1 to 500 printable characters\n"


@pytest.mark.parametrize("text", [alert.what_to_do for alert in ALERTS.values()], ids=list(ALERTS))
def test_every_command_that_an_alert_names_is_there(text: str) -> None:
    known = typer.main.get_command(app)
    named = re.findall(r"`(?:python -m starter )?([a-z][a-z-]*(?: [a-z]+)*)", text)

    assert named
    for words in set(named) - set(get_args(Decided)):
        command = known
        for word in words.split():
            assert isinstance(command, TyperGroup)
            command = command.commands[word]
