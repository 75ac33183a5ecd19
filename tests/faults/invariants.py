"""Everything that orders have left behind, held against the invariants.

At the gateway, in the database, in the mailbox, in the histories and in the logs.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from adapters.keysets import load_aead, load_mac
from adapters.midtrans.documents import read_object
from adapters.midtrans.reports import status_report
from adapters.midtrans.words import attempt_status
from adapters.postgres.invariants import InvariantEvidence
from adapters.postgres.sealing import Sealer
from local_stack.stack import Stack
from payments.evidence import Evidence, Hint, OrderEvidence, StrangerEvidence
from payments.gateway import StatusReport
from payments.invariants import violations as violations_of
from payments.request import split_gateway_order_id
from payments.status import AttemptStatus
from tests.e2e.shop import Shop
from workflows.names import workflow_id

# Beyond what clocks differ; an attempt whose customer may still pay is not overdue by then.
SOON = timedelta(minutes=10)
# They keep what they were sent, as Midtrans and mail servers do.
OTHERS = ("simulator.log", "mail-catcher.log")
_AT_ONCE = 20

Readable = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What others hold, by order; None where nobody looks."""

    gateway: Mapping[str, Sequence[StatusReport]] | None = None
    accepted: Mapping[str, Sequence[Hint]] | None = None
    mailbox: Sequence[EmailMessage] | None = None
    readable: Callable[[str], Awaitable[Readable]] | None = None


async def violations(
    shop: Shop, order_ids: Collection[str], due_before: datetime | None = None
) -> list[str]:
    """What contradicts an invariant, a line each, when these orders have come to rest.

    An order at rest is closed, or waits for its customer or for a human. What is older than
    `due_before`, or by default whatever has happened until now, must have been followed up; an
    attempt counts as forgotten a quarter of an hour after its time, reckoned from there.
    """
    simulator = Simulator(shop.http, shop.simulator)
    histories, logs = Histories(shop.temporal), _lines_about(shop.stack, order_ids)

    async def readable(order_id: str) -> Readable:
        return {"its history": await histories.of(order_id), "the logs": logs[order_id]}

    outside = Outside(
        gateway=await simulator.transactions(order_ids),
        accepted=await simulator.accepted(order_ids, shop.stack.addresses.notification_url),
        mailbox=shop.customers_mails(),
        readable=readable,
    )
    return await violations_in(shop.database, sealer_of(shop), order_ids, outside, due_before)


async def violations_in(
    database: AsyncEngine,
    sealer: Sealer,
    order_ids: Collection[str],
    outside: Outside,
    due_before: datetime | None = None,
) -> list[str]:
    """The same of parts that a test has put together itself."""
    due = due_before or datetime.now(UTC) + SOON
    inside = InvariantEvidence(database, sealer)
    found = list(violations_of(await inside.whole()))
    async for evidence in _of_orders(inside, order_ids, outside, due):
        found += violations_of(evidence)
    return [str(each) for each in found]


class Simulator:
    """The gateway, as its control API shows it."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http = http
        self._url = url

    async def transactions(self, order_ids: Collection[str]) -> dict[str, list[StatusReport]]:
        """What it holds of these orders."""
        held: dict[str, list[StatusReport]] = {order_id: [] for order_id in order_ids}
        for document in (await self._get("transactions"))["transactions"]:
            order_id = _order_of(document["order_id"])
            if order_id in held:
                read = read_object(json.dumps(document).encode())
                held[order_id].append(status_report(read, document["order_id"]))
        return held

    async def accepted(self, order_ids: Collection[str], url: str) -> dict[str, list[Hint]]:
        """The notifications of these orders that were answered with 200 at this address."""
        taken: dict[str, list[Hint]] = {order_id: [] for order_id in order_ids}
        for notification in (await self._get("notifications"))["notifications"]:
            order_id = _order_of(notification["order_id"] or "")
            if order_id in taken and notification["url"] == url:
                tries = (
                    each for each in notification["attempts"] if each["status"] == httpx.codes.OK
                )
                taken[order_id] += (_hint(notification["body"], each["at"]) for each in tries)
        return taken

    async def _get(self, what: str) -> dict[str, Any]:
        answer = await self._http.get(f"{self._url}/{what}")
        assert answer.is_success, answer.text
        document: dict[str, Any] = answer.json()
        return document


class Histories:
    """What anybody may read in Temporal's Web UI."""

    def __init__(self, temporal: Client) -> None:
        self._temporal = temporal
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def of(self, order_id: str) -> str:
        """The history of the order's latest run; empty without any."""
        handle = self._temporal.get_workflow_handle(workflow_id(order_id))
        async with self._turns:
            try:
                return (await handle.fetch_history()).to_json()
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return ""
                raise


def sealer_of(shop: Shop) -> Sealer:
    given = shop.stack.environment
    return Sealer(
        load_aead(given["PAYMENTS_KEYSET_DATABASE"]), load_mac(given["PAYMENTS_KEYSET_LOOKUP"])
    )


async def _of_orders(
    inside: InvariantEvidence, order_ids: Collection[str], outside: Outside, due: datetime
) -> AsyncIterator[Evidence]:
    stored = set[str]()
    async for evidence in inside.orders(due, order_ids):
        if isinstance(evidence, OrderEvidence):
            stored.add(evidence.order_id)
            yield await _with_outside(evidence, outside)
        else:
            yield evidence
    heard_of = {each.order_id: each async for each in inside.strangers(due)}
    for order_id in sorted(set(order_ids) - stored):
        stranger = heard_of.get(order_id, StrangerEvidence(order_id=order_id, due_before=due))
        held = outside.gateway[order_id] if outside.gateway is not None else ()
        asked = tuple(map(_answer, held))
        yield replace(stranger, hints=(*stranger.hints, *asked))


async def _with_outside(evidence: OrderEvidence, outside: Outside) -> OrderEvidence:
    order_id = evidence.order_id
    gateway, accepted, readable = outside.gateway, outside.accepted, evidence.readable
    if outside.readable is not None:
        readable = {**readable, **await outside.readable(order_id)}
    return replace(
        evidence,
        gateway=None if gateway is None else tuple(gateway[order_id]),
        accepted=None if accepted is None else tuple(accepted[order_id]),
        mailbox=None if outside.mailbox is None else _message_ids(outside.mailbox, order_id),
        readable=readable,
    )


def _message_ids(mails: Sequence[EmailMessage], order_id: str) -> tuple[str, ...]:
    about = (mail for mail in mails if order_id in str(mail["Subject"]))
    return tuple(str(mail["Message-ID"]).strip() for mail in about)


def _lines_about(stack: Stack, order_ids: Collection[str]) -> Mapping[str, str]:
    """What the logs say where they name an order."""
    lines: dict[str, list[str]] = {order_id: [] for order_id in order_ids}
    for log in sorted(stack.logs.glob("*.log")):
        if log.name in OTHERS:
            continue
        with log.open(errors="replace") as file:
            for line in file:
                for order_id in order_ids:
                    if order_id in line:
                        lines[order_id].append(line)
    return {order_id: "".join(found) for order_id, found in lines.items()}


def _hint(document: Mapping[str, Any], at: str) -> Hint:
    status = attempt_status(document["transaction_status"], document.get("fraud_status"))
    return Hint(
        gateway_order_id=document["order_id"],
        transaction_id=document["transaction_id"],
        status=status or AttemptStatus.UNKNOWN,
        at=datetime.fromisoformat(at),
    )


def _answer(report: StatusReport) -> Hint:
    """As if we had asked about an order that is not stored."""
    return Hint(
        gateway_order_id=report.gateway_order_id,
        transaction_id=report.transaction_id,
        status=report.status,
        at=report.paid_at or datetime.now(UTC),
        is_matched=False,
        was_asked=True,
    )


def _order_of(gateway_order_id: str) -> str | None:
    split = split_gateway_order_id(gateway_order_id)
    return None if split is None else split[0]
