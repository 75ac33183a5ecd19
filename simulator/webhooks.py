"""Sends notifications, and sends them again by the documented table."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Coroutine, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import httpx

from simulator.behaviour import Behaviour
from simulator.clock import Clock
from simulator.connections import Connections
from simulator.deliveries import Delivery, DeliveryAttempt, DeliveryState
from simulator.documents import notification, sample_notification
from simulator.faults import Fault, FaultPlan
from simulator.identifiers import Identifiers
from simulator.merchants import Merchant
from simulator.transactions import Transaction
from simulator.wording import EXTRA

# Minutes before each retry, counted from the failed attempt before it.
RETRY_MINUTES = (2, 10, 30, 90, 210)
# The first retry was seen as early as 33 seconds after two announced minutes.
_SHIFT = (0.275, 1.25)
_RETRIES_BY_ANSWER = {500: 1, 503: 4, 400: 2, 404: 2, 301: 0, 302: 0, 303: 0}
_REPOSTED = frozenset({HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT})
_MOST_HOPS = 5
_MOST_AT_ONCE = 64
_TURN_SECONDS = 1.0
_REORDER_PATIENCE_SECONDS = 300.0
_HEADERS = {
    "User-Agent": "Veritrans",
    "Accept": "application/json",
    "Content-Type": "application/json",
}


_encode = json.JSONEncoder(separators=(",", ":")).encode


class WebhookSender:
    def __init__(
        self,
        clock: Clock,
        behaviour: Behaviour,
        identifiers: Identifiers,
        faults: FaultPlan,
        connections: Connections,
    ) -> None:
        self._clock = clock
        self._behaviour = behaviour
        self._identifiers = identifiers
        self._faults = faults
        self._connections = connections
        self._gate = asyncio.Semaphore(_MOST_AT_ONCE)
        self._running: set[asyncio.Task[None]] = set()
        self._held: defaultdict[str, list[Delivery]] = defaultdict(list)
        self._before_response: list[asyncio.Task[None]] = []
        self._latest: dict[tuple[str, str], asyncio.Task[None]] = {}
        self.deliveries: list[Delivery] = []

    def notify(self, transaction: Transaction) -> None:
        """Tell every URL of the transaction what it has become."""
        faults = self._faults.for_webhook(transaction.order_id, transaction.status)
        behaviour = self._behaviour
        if transaction.subscription_id:
            urls: tuple[str, ...] = (behaviour.recurring_notify_url,)
        else:
            urls = transaction.destination.urls(behaviour.notify_url)
        self._dispatch(notification(transaction), urls, faults)

    def tell_account(self, document: Mapping[str, object]) -> None:
        """Tell what became of a linked account, at the address that is for accounts."""
        faults = self._faults.for_webhook(str(document["account_id"]), "")
        self._dispatch(document, (self._behaviour.account_notify_url,), faults)

    def send_sample(self, merchant: Merchant) -> Delivery:
        """Send what the dashboard's test button sends: a notice of no transaction at all."""
        sample = sample_notification(merchant, self._identifiers.unique(), self._clock.now())
        self._dispatch(sample, (self._behaviour.notify_url,), [])
        return self.deliveries[-1]

    async def settle_before_response(self) -> None:
        """Finish what must reach the merchant before the answer to this call does."""
        tasks, self._before_response = self._before_response, []
        if tasks:
            await asyncio.wait(tasks)

    def resend(self, delivery: Delivery) -> None:
        self._send(delivery)

    async def stop(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _dispatch(
        self, document: Mapping[str, object], urls: tuple[str, ...], faults: list[Fault]
    ) -> None:
        numbers = {fault.kind: fault.number for fault in faults}
        order_id = _line(document)
        if self._behaviour.extra_fields:
            document = {**document, **EXTRA}
        overtaken = [] if "reorder" in numbers else self._held.pop(order_id, [])
        content = _encode(document).encode()
        sending = [
            task
            for url in urls or ("",)
            for _ in range(1 + int(numbers.get("duplicate", 0)))
            if (task := self._release(self._recorded(url, document, content), numbers))
        ]
        if "before_response" in numbers:
            self._before_response += sending
        if overtaken:
            self._start(self._send_after(sending, overtaken))

    def _recorded(self, url: str, document: Mapping[str, object], content: bytes) -> Delivery:
        number = len(self.deliveries) + 1
        delivery = Delivery(number, url, document, content, self._clock.now())
        self.deliveries.append(delivery)
        return delivery

    def _release(
        self, delivery: Delivery, numbers: Mapping[str, float]
    ) -> asyncio.Task[None] | None:
        if not delivery.url:
            delivery.state = DeliveryState.NO_URL
        elif "drop" in numbers:
            delivery.state = DeliveryState.DROPPED
        elif "reorder" in numbers:
            self._hold(delivery)
        elif "delay" in numbers:
            self._wait(delivery, numbers["delay"])
        else:
            return self._send(delivery)
        return None

    def _hold(self, delivery: Delivery) -> None:
        delivery.state = DeliveryState.HELD
        held = self._held[_line(delivery.document)]
        held.append(delivery)
        self._clock.call_after(_REORDER_PATIENCE_SECONDS, lambda: self._let_go(held))

    def _let_go(self, held: list[Delivery]) -> None:
        while held:
            self._send(held.pop(0))

    async def _send_after(
        self, sending: list[asyncio.Task[None]], overtaken: list[Delivery]
    ) -> None:
        # What overtakes them must have arrived, not merely have been sent earlier.
        if sending:
            await asyncio.wait(sending)
        self._let_go(overtaken)

    def _send(self, delivery: Delivery) -> asyncio.Task[None]:
        delivery.state = DeliveryState.SENDING
        delivery.next_retry_at = None
        line = (_line(delivery.document), delivery.url)
        task = self._start(self._attempt_in_turn(delivery, self._latest.get(line)))
        self._latest[line] = task
        task.add_done_callback(lambda _: self._leave(line, task))
        return task

    def _leave(self, line: tuple[str, str], task: asyncio.Task[None]) -> None:
        if self._latest.get(line) is task:
            del self._latest[line]

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _attempt_in_turn(
        self, delivery: Delivery, earlier: asyncio.Task[None] | None
    ) -> None:
        # Disorder is a fault to be asked for; a receiver that hangs holds up nothing for long.
        if earlier is not None:
            await asyncio.wait({earlier}, timeout=_TURN_SECONDS)
        await self._attempt(delivery)

    async def _attempt(self, delivery: Delivery) -> None:
        async with self._gate:
            started = self._clock.now()
            status, error = await self._post(delivery)
        delivery.attempts.append(DeliveryAttempt(started, status, error))
        if status is not None and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            delivery.state = DeliveryState.DELIVERED
            return
        retries = delivery.retries
        allowed = _RETRIES_BY_ANSWER.get(status or 0, len(RETRY_MINUTES))
        if retries >= min(allowed, len(RETRY_MINUTES)):
            delivery.state = DeliveryState.FAILED
            return
        self._wait(delivery, RETRY_MINUTES[retries] * 60 * self._identifiers.shift(*_SHIFT))

    async def _post(self, delivery: Delivery) -> tuple[int | None, str | None]:
        """Post once, following the redirects that keep method and body."""
        url = delivery.url
        patience = self._behaviour.webhook_timeout_seconds
        try:
            for _ in range(_MOST_HOPS + 1):
                reply = await self._connections.post(url, delivery.content, _HEADERS, patience)
                if reply.status not in _REPOSTED or not reply.location:
                    return reply.status, None
                url = reply.location
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return None, type(error).__name__
        return None, "TooManyRedirects"

    def _wait(self, delivery: Delivery, seconds: float) -> None:
        delivery.state = DeliveryState.WAITING
        delivery.next_retry_at = self._clock.now() + timedelta(seconds=seconds)
        delivery.timer = self._clock.call_at(delivery.next_retry_at, lambda: self._retry(delivery))

    def _retry(self, delivery: Delivery) -> None:
        if delivery.state is DeliveryState.WAITING:
            self._send(delivery)


def _line(document: Mapping[str, object]) -> str:
    """Say what the notice is about; what is about one thing keeps its order."""
    return str(document.get("order_id") or document["account_id"])
