"""Customers who come at a steady pace, whatever dies meanwhile, and a shop that asks again."""

import asyncio
import itertools
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.e2e.shop import Shop
from tests.faults.traces import Fate

# A second between two orders; each is under way for longer than that. A machine that is too slow
# for this pace is not also given an endless queue.
PACE_SECONDS = 1.0
MOST_UNDER_WAY = 60
PAUSE_SECONDS = 0.5
# Far more than the longest way round: a notification lost, Midtrans asked after half a minute and
# then again after a pause, and each try dead with its worker.
PATIENCE_SECONDS = 600
WAYS: tuple[tuple[str, Fate], ...] = (
    ("bca_va", Fate.PAID),
    ("qris", Fate.REFUNDED),
    ("indomaret", Fate.PAID),
    ("mandiri_bill", Fate.CANCELLED),
    ("gopay", Fate.PAID),
)
# Answers after which the contract tells a client to ask again.
NOT_YET = frozenset({202, 429, 502, 503, 504})


@dataclass
class Customers:
    """`fates`: what every order has come to, or shall come to; `repeated`: requests sent again."""

    shop: Shop
    fates: dict[str, Fate] = field(default_factory=dict)
    under_way: set[str] = field(default_factory=set)
    repeated: int = 0

    async def come_until(self, is_enough: asyncio.Event) -> None:
        """One after the other comes, whether those before are served or not; then all are seen off."""
        async with asyncio.TaskGroup() as all_of_them:
            for method, fate in itertools.cycle(WAYS):
                if len(self.under_way) < MOST_UNDER_WAY:
                    order = self.shop.order(method=method)
                    self.under_way.add(order["order_id"])
                    all_of_them.create_task(self._served(order, fate))
                with suppress(TimeoutError):
                    await asyncio.wait_for(is_enough.wait(), PACE_SECONDS)
                if is_enough.is_set():
                    return

    async def _served(self, order: Mapping[str, Any], fate: Fate) -> None:
        order_id = str(order["order_id"])
        self.fates[order_id] = fate
        path = f"/v1/payments/{order_id}"
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._insist("/v1/payments", order, {200, 201})
            if fate is Fate.CANCELLED:
                await self._insist(f"{path}/cancel", {"reason": "changed my mind"}, {200})
            else:
                await self._pay(order_id)
            if fate is Fate.REFUNDED:
                refund = {"refund_key": "return-1", "reason": "one wheel was missing"}
                await self._insist(f"{path}/refunds", refund, {202})
                paid_by = await self._when(order_id, "refunded")
                await self.shop.customer(_latest(paid_by), "confirm_refund")
        self.under_way.remove(order_id)

    async def _pay(self, order_id: str) -> None:
        """As told by the shop: a try that lacked what is needed to pay was replaced by another."""
        await self.shop.customer(_latest(await self._when(order_id, "awaiting_payment")), "pay")
        await self._when(order_id, "paid")

    async def _insist(self, path: str, body: object, done: Collection[int]) -> None:
        """The same request until it is answered, as a shop does."""
        while not await self._is_answered(path, body, done):
            self.repeated += 1
            await asyncio.sleep(PAUSE_SECONDS)

    async def _is_answered(self, path: str, body: object, done: Collection[int]) -> bool:
        try:
            answer = await self.shop.post(path, body)
        except httpx.TransportError:
            return False
        if answer.status_code in done:
            return True
        assert answer.status_code in NOT_YET, f"{path}: {answer.status_code} {answer.text}"
        return False

    async def _when(self, order_id: str, status: str) -> dict[str, Any]:
        """The payment once it has this status, however often nobody answers."""
        while True:
            with suppress(httpx.TransportError):
                answer = await self.shop.get(f"/v1/payments/{order_id}")
                if answer.is_success and answer.json()["status"] == status:
                    return dict(answer.json())
            await asyncio.sleep(PAUSE_SECONDS)


def _latest(payment: Mapping[str, Any]) -> str:
    return str(payment["attempts"][-1]["gateway_order_id"])
