"""Letting everything come to rest once nothing goes wrong any more: each run over, or a human's."""

import asyncio
import time
import uuid
from collections.abc import Sequence
from typing import Any

import httpx
from sqlalchemy.exc import DBAPIError
from temporalio.client import (
    WorkflowExecutionStatus,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError, RPCStatusCode

from tests.e2e.reconciling import reconcile
from tests.e2e.shop import Shop
from tests.soak.customers import UNDECIDED
from workflows.messages import RetryNow
from workflows.payment import PaymentWorkflow

PATIENCE_SECONDS = 120.0
LOOK_EVERY_SECONDS = 0.25
# A pause is cut short that often: long enough for any step to be done between two.
HURRY_EVERY_SECONDS = 5.0
RPC_SECONDS = 5.0
ARRIVED = frozenset({"delivered", "dropped"})
ATTEMPTS_MOST = 3


async def come_to_rest(shop: Shop, order_ids: Sequence[str]) -> list[str]:
    """Let the rest of the day happen; what then still does not rest."""
    restless = await _rest(shop, order_ids)
    if not restless:
        await reconcile(shop)
        restless = await _rest(shop, order_ids)
    return [f"{order_id}: does not come to rest: {why}" for order_id, why in restless.items()]


async def _rest(shop: Shop, order_ids: Sequence[str]) -> dict[str, str]:
    """Wait for all of them; the rest, and why."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    next_hurry = time.monotonic() + HURRY_EVERY_SECONDS
    while restless := await _restless(shop, order_ids):
        if time.monotonic() > give_up:
            break
        if time.monotonic() > next_hurry:
            await asyncio.gather(*(_hurry(shop, order_id) for order_id in restless))
            next_hurry = time.monotonic() + HURRY_EVERY_SECONDS
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    return restless


async def _restless(shop: Shop, order_ids: Sequence[str]) -> dict[str, str]:
    whys = await asyncio.gather(*(_why_restless(shop, order_id) for order_id in order_ids))
    return {order_id: why for order_id, why in zip(order_ids, whys, strict=True) if why}


async def _why_restless(shop: Shop, order_id: str) -> str | None:
    try:
        return await _unheard(shop, order_id) or await _unfinished(shop, order_id)
    except (DBAPIError, OSError, RPCError, httpx.TransportError) as error:
        return f"{type(error).__name__}: {error}"


async def _unheard(shop: Shop, order_id: str) -> str | None:
    """Midtrans comes again later with what we did not take; here that is now."""
    for each in await _at_the_gateway(shop, order_id, "notifications"):
        if each["state"] not in ARRIVED | {"sending"}:
            await shop.http.post(f"{shop.simulator}/notifications/{each['id']}/resend")
        if each["state"] not in ARRIVED:
            return f"notification {each['id']} is {each['state']}"
    return None


async def _unfinished(shop: Shop, order_id: str) -> str | None:
    """Why the order's run is not over, and not a human's alone either."""
    try:
        description = await shop.run(order_id).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    if description.status is not WorkflowExecutionStatus.RUNNING:
        is_over = description.status is WorkflowExecutionStatus.COMPLETED
        return None if is_over else f"its run is {description.status}"
    answer = await shop.get(f"/v1/payments/{order_id}")
    if not answer.is_success:
        return f"reading it is answered with {answer.status_code}"
    status = answer.json()["status"]
    pending = [each.activity_type.name for each in description.raw_description.pending_activities]
    if status in UNDECIDED or pending:
        return f"{status}, under way: {', '.join(pending) or 'nothing'}"
    return None if await shop.cases(order_id) else f"{status}, but its run is open"


async def _hurry(shop: Shop, order_id: str) -> None:
    """Time passes: banks settle cards, and operators let what was broken be tried again."""
    for each in await _at_the_gateway(shop, order_id, "transactions"):
        if each["transaction_status"] == "capture":
            await shop.http.post(f"{shop.simulator}/transactions/{each['order_id']}/settle")
    wish = RetryNow(actor="operator:soak", reason="the trouble is over")
    try:
        async with asyncio.timeout(RPC_SECONDS):
            await shop.run(order_id).execute_update(
                PaymentWorkflow.retry_now, wish, id=uuid.uuid4().hex
            )
    except (
        RPCError,
        TimeoutError,
        WorkflowUpdateFailedError,
        WorkflowUpdateRPCTimeoutOrCancelledError,
    ):
        return  # It has just ended, or is tried again the next time.


async def _at_the_gateway(shop: Shop, order_id: str, what: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for number in range(1, ATTEMPTS_MOST + 1):
        answer = await shop.http.get(
            f"{shop.simulator}/{what}", params={"order_id": f"{order_id}~{number}"}
        )
        found += answer.json()[what]
    return found
