"""docs/operating.md: the list queries find what they promise, and people act from the Web UI."""

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.protobuf import json_format
from playwright.async_api import Locator, Page, ViewportSize, async_playwright, expect
from sqlalchemy import select
from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution
from temporalio.api.enums.v1 import UpdateWorkflowExecutionLifecycleStage as Stage
from temporalio.api.update.v1 import Input, Meta, Outcome, Request, WaitPolicy
from temporalio.api.workflowservice.v1 import UpdateWorkflowExecutionRequest

from adapters.postgres.tables import audit_events
from local_stack.processes import PROJECT
from tests.e2e.operators import decide, open_case
from tests.e2e.shop import Shop, until
from workflows.names import PAYMENT_WORKFLOW, PAYMENTS_QUEUE, workflow_id

pytestmark = pytest.mark.e2e

QUERIES = re.findall(r"```sql\n(.+?)\n```", (PROJECT / "docs" / "operating.md").read_text())
WHO = {"actor": "citra", "reason": "looked at it"}

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
VIEWPORT = ViewportSize(width=1500, height=1000)


async def waiting(shop: Shop, order_id: str) -> None:
    await shop.checkout(order_id=order_id)


async def waiting_by_qris(shop: Shop, order_id: str) -> None:
    await shop.checkout(order_id=order_id, method="qris")


async def mismatching(shop: Shop, order_id: str) -> None:
    await shop.checkout(order_id=order_id)
    await shop.customer(f"{order_id}~1", "pay", amount=35_000)


async def in_review(shop: Shop, order_id: str) -> None:
    await shop.checkout(order_id=order_id, method="credit_card", integration="snap")
    await shop.customer(f"{order_id}~1", "challenge")
    await shop.payment_when(order_id, status="in_review")


async def stuck(shop: Shop, order_id: str) -> None:
    await shop.plan_faults(
        {"operation": "status", "order_id": f"{order_id}~1", "fault": "status:401"}
    )
    await shop.checkout(order_id=order_id)


async def being_opened(shop: Shop, order_id: str) -> None:
    await shop.plan_faults(
        {"operation": "charge", "order_id": f"{order_id}~1", "fault": "slow:4000"}
    )
    await shop.checkout(order_id=order_id)


async def failed_by_the_code(shop: Shop, order_id: str) -> None:
    """What no code of ours can read is like a bug of ours."""
    await shop.temporal.start_workflow(
        PAYMENT_WORKFLOW,
        {"no": "order id"},
        id=workflow_id(order_id),
        task_queue=PAYMENTS_QUEUE,
    )


BringAbout = Callable[[Shop, str], Coroutine[None, None, None]]
ANSWERS: dict[str, BringAbout] = {
    "IS NOT NULL": mismatching,
    "= 'mismatch'": mismatching,
    "'gateway_refuses'": stuck,
    "PaymentOrderId": waiting,
    "'awaiting_payment'": waiting,
    "'preparing'": being_opened,
    "'checking'": mismatching,
    "'in_review'": in_review,
    "'qris'": waiting_by_qris,
    "TemporalReportedProblems": failed_by_the_code,
}


def asked(about: str, order_id: str, at: datetime) -> str:
    """The page's query about this, with what an operator replaces in it."""
    (query,) = (query for query in QUERIES if about in query)
    return re.sub(r"\d{4}-\S+Z", f"{at:%Y-%m-%dT%H:%M:%SZ}", query.replace("SKT-1001", order_id))


async def found(shop: Shop, query: str) -> set[str]:
    return {run.id async for run in shop.temporal.list_workflows(query)}


def test_every_query_of_the_page_is_asked_here() -> None:
    assert len(QUERIES) == len(ANSWERS)


@pytest.mark.parametrize("about", ANSWERS)
async def test_a_query_of_the_page_finds_the_payments_that_it_is_about(
    shop: Shop, about: str
) -> None:
    order_id, paid_id = shop.new_order_id(), shop.new_order_id()
    await shop.checkout(order_id=paid_id, method="qris")
    await shop.customer(f"{paid_id}~1", "pay")
    await shop.payment_when(paid_id, status="paid")
    await shop.run(paid_id).result()

    bringing_about = asyncio.create_task(ANSWERS[about](shop, order_id))

    async def look() -> set[str] | None:
        shown = await found(shop, asked(about, order_id, datetime.now(UTC) + timedelta(minutes=1)))
        return shown if workflow_id(order_id) in shown else None

    assert workflow_id(paid_id) not in await until(look)
    await bringing_about
    await shop.run(order_id).terminate()


async def test_a_payment_that_has_just_begun_is_not_waited_for_too_long(shop: Shop) -> None:
    payment = await shop.checkout()
    order_id = payment["order_id"]
    query = asked("'awaiting_payment'", order_id, datetime.now(UTC) + timedelta(minutes=1))

    async def look() -> bool | None:
        return workflow_id(order_id) in await found(shop, query) or None

    await until(look)
    earlier = asked("'awaiting_payment'", order_id, datetime.now(UTC) - timedelta(minutes=5))
    assert workflow_id(order_id) not in await found(shop, earlier)


async def test_no_run_that_has_ended_by_itself_still_asks_for_attention(shop: Shop) -> None:
    order_id = shop.new_order_id()
    await mismatching(shop, order_id)
    case = await open_case(shop, order_id, "mismatch")
    assert (await decide(shop, case, "accepted")).exit_code == 0
    await shop.run(order_id).result()

    async def look() -> bool | None:
        ended = f"{asked('PaymentOrderId', order_id, datetime.now(UTC))} AND "
        ended += "ExecutionStatus = 'Completed' AND PaymentStatus = 'paid'"
        return workflow_id(order_id) in await found(shop, ended) or None

    await until(look)
    left = "ExecutionStatus = 'Completed' AND PaymentAttention IS NOT NULL"
    assert await found(shop, left) == set()


async def test_every_run_says_in_words_what_it_is(shop: Shop) -> None:
    order_id = shop.new_order_id()
    await waiting(shop, order_id)
    await shop.customer(f"{order_id}~1", "pay")
    await shop.run(order_id).result()
    # A notification of an order that has ended starts the next run.
    await shop.customer(f"{order_id}~1", "chargeback")
    await shop.payment_when(order_id, status="charged_back")

    async def look() -> list[tuple[str | None, str | None]] | None:
        query = f"WorkflowId = '{workflow_id(order_id)}'"
        runs = [run async for run in shop.temporal.list_workflows(query)]
        if len(runs) < 2:
            return None
        handles = [shop.temporal.get_workflow_handle(run.id, run_id=run.run_id) for run in runs]
        described = [await handle.describe() for handle in handles]
        return [(await each.static_summary(), await each.static_details()) for each in described]

    for summary, details in await until(look):
        assert summary == f"Payment of order {order_id}"
        assert details


async def typed(shop: Shop, order_id: str, update: str, members: object) -> Outcome:
    """What somebody types into the Web UI, encrypted and sent as the Web UI does it."""
    plain = Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(members).encode())
    encoded = await shop.http.post(
        f"{shop.stack.environment['PAYMENTS_CODEC_URL']}/encode",
        content=json_format.MessageToJson(Payloads(payloads=[plain])),
        headers={"Content-Type": "application/json", "X-Namespace": shop.temporal.namespace},
    )
    assert encoded.is_success, encoded.text
    answer = await shop.temporal.workflow_service.update_workflow_execution(
        UpdateWorkflowExecutionRequest(
            namespace=shop.temporal.namespace,
            workflow_execution=WorkflowExecution(workflow_id=workflow_id(order_id)),
            wait_policy=WaitPolicy(
                lifecycle_stage=Stage.UPDATE_WORKFLOW_EXECUTION_LIFECYCLE_STAGE_COMPLETED
            ),
            request=Request(
                meta=Meta(update_id=str(uuid.uuid4())),
                input=Input(name=update, args=json_format.Parse(encoded.text, Payloads())),
            ),
        )
    )
    return answer.outcome


async def actors(shop: Shop, order_id: str, event: str) -> set[str]:
    """Whom the audit log names for these events."""
    own = audit_events.c
    query = select(own.actor).where(own.order_id == order_id, own.event == event)
    async with shop.database.connect() as connection:
        return set((await connection.execute(query)).scalars())


async def test_a_name_that_somebody_has_typed_is_unverified_in_the_audit_log(shop: Shop) -> None:
    order_id = shop.new_order_id()
    await in_review(shop, order_id)

    outcome = await typed(shop, order_id, "resolve_review", {**WHO, "decision": "approve"})

    assert outcome.HasField("success"), outcome.failure.message
    assert await actors(shop, order_id, "review.approve") == {"unverified:citra"}
    await shop.payment_when(order_id, status="paid")


async def test_a_case_is_closed_from_the_web_ui(shop: Shop) -> None:
    order_id = shop.new_order_id()
    await mismatching(shop, order_id)
    case = await open_case(shop, order_id, "mismatch")
    decision = {**WHO, "case_id": int(case.case_id), "resolution": "rejected"}

    outcome = await typed(shop, order_id, "resolve_case", decision)

    assert outcome.HasField("success"), outcome.failure.message
    assert await actors(shop, order_id, "case.rejected") == {"unverified:citra"}


async def test_a_payment_is_cancelled_and_a_step_tried_from_the_web_ui(shop: Shop) -> None:
    order_id = shop.new_order_id()
    await waiting(shop, order_id)

    tried = await typed(shop, order_id, "retry_now", WHO)
    cancelled = await typed(shop, order_id, "cancel", WHO)

    assert tried.HasField("success"), tried.failure.message
    assert cancelled.HasField("success"), cancelled.failure.message
    assert (await shop.payment(order_id))["status"] == "cancelled"
    assert "unverified:citra" in await actors(shop, order_id, "attempt.closing")


async def test_two_typed_names_never_let_money_go(shop: Shop) -> None:
    """It takes two people who are known: here both could be one."""
    order_id = shop.new_order_id()
    await shop.checkout(order_id=order_id, method="qris", amount=1_500_000)
    await shop.customer(f"{order_id}~1", "pay")
    await shop.payment_when(order_id, status="paid", invoice_number=...)
    refund = {"refund_key": "R-1", "reason": "broken"}
    asked_for = await shop.post(f"/v1/payments/{order_id}/refunds", refund)
    assert asked_for.status_code == 202, asked_for.text
    case = await open_case(shop, order_id, "refund_approval")
    decision = {**WHO, "case_id": int(case.case_id), "resolution": "approved"}

    outcome = await typed(shop, order_id, "resolve_case", decision)

    assert outcome.failure.message == (
        "actor: must be verified where it takes two people: use python -m starter cases resolve"
    )
    assert await shop.cases(order_id) == [case]


@pytest.mark.parametrize(
    ("update", "members", "problem"),
    [
        ("cancel", {"actor": "citra"}, "not a Cancel: reason: must be given"),
        ("cancel", {**WHO, "actor": "cli:citra"}, "actor: your name, 1 to 40 of"),
        ("retry_now", {**WHO, "reason": " "}, "reason: must not be empty"),
        ("resolve_review", {**WHO, "decision": "maybe"}, "decision: must be 'approve' or 'deny'"),
        ("resolve_case", {**WHO, "case_id": "x", "resolution": "noted"}, "must be a whole number"),
        ("resolve_case", {**WHO, "case_id": 0, "resolution": "noted"}, "has no case 0"),
        ("request_refund", {**WHO, "refund_key": "a b"}, "refund_key: 1 to 40 of"),
        ("request_refund", {**WHO, "refund_key": "R", "amout": 5}, "amout: is not known here"),
        ("request_refund", {**WHO, "refund_key": "R"}, "it is not paid"),
    ],
)
async def test_what_was_typed_wrongly_is_refused_in_words_that_the_web_ui_shows(
    shop: Shop, update: str, members: object, problem: str
) -> None:
    order_id = shop.new_order_id()
    await waiting(shop, order_id)

    outcome = await typed(shop, order_id, update, members)

    assert problem in outcome.failure.message
    assert (await shop.payment(order_id))["status"] == "awaiting_payment"


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        async with await browser.new_context(viewport=VIEWPORT) as context:
            yield await context.new_page()
        await browser.close()


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason=f"needs {CHROMIUM}")
async def test_an_operator_reads_and_decides_in_the_web_ui(
    shop: Shop, page: Page, tmp_path: Path
) -> None:
    order_id = shop.new_order_id()
    await mismatching(shop, order_id)
    case = await open_case(shop, order_id, "mismatch")
    await page.goto(f"{shop.stack.web_ui_url}/namespaces/default/workflows/payment%2F{order_id}")

    await page.get_by_text("User Metadata").click()
    current_details = page.frame_locator("iframe").last
    await expect(current_details.get_by_text("A human is needed, case")).to_be_visible()
    await page.screenshot(path=tmp_path / "desk.png")
    await page.get_by_role("button", name="More Actions").click()
    await page.get_by_role("menuitem", name="Send an Update").click()
    dialog = page.locator("dialog[open]")
    await dialog.get_by_test_id("update-select-button").click()
    option = dialog.get_by_role("option").filter(has_text="resolve_case")
    await expect(option).to_contain_text('"case_id": 7, "resolution": "noted"')
    await option.click()
    decision = {**WHO, "case_id": int(case.case_id), "resolution": "maybe"}
    await submit(dialog, decision)
    await expect(dialog).to_contain_text("resolution: must be 'noted'")
    await submit(dialog, decision | {"resolution": "rejected"})

    await expect(dialog).to_be_hidden()
    await shop.payment_when(order_id, status="failed")
    assert await actors(shop, order_id, "case.rejected") == {"unverified:citra"}


async def submit(dialog: Locator, members: object) -> None:
    field = dialog.locator(".cm-content[contenteditable=true]")
    await field.fill(json.dumps(members))
    # The dialog changes its size when the field is left, so the button would move under a click.
    await dialog.get_by_text("Single JSON payload supported.").click()
    await dialog.get_by_role("button", name="Submit").click()
