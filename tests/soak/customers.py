"""A customer at the shop's and at the gateway's doors, who does not mind faults."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx

from tests.e2e.shop import Shop
from tests.soak.schedule import Act, Choice, Customer, Step

PATIENCE_SECONDS = 90.0
PAUSE_SECONDS = 0.3
# How long a customer waits to see a status before doing all the same what they meant to do.
LOOKS_FOR_SECONDS = 20.0
# What the contract says is to be sent again; any other answer is one.
SEND_AGAIN = frozenset({"temporarily_unavailable", "no_answer"})
# The order is as it is, or the gateway would not; anything else is no answer to a sound request.
REFUSALS = frozenset({HTTPStatus.CONFLICT, HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE})
UNDECIDED = frozenset({"preparing", "awaiting_payment", "in_review", "checking"})

Payment = dict[str, Any]


@dataclass
class Diary:
    """What was done and answered, by seconds since the beginning."""

    began: float = field(default_factory=time.monotonic)
    entries: list[str] = field(default_factory=list)

    def note(self, who: str, what: str) -> None:
        self.entries.append(f"{time.monotonic() - self.began:6.2f} {who}: {what}")


class Playing:
    """One customer, with the checkout code of the shop that acts for them."""

    def __init__(self, shop: Shop, customer: Customer, diary: Diary) -> None:
        self._shop = shop
        self._customer = customer
        self._diary = diary
        self._attempt = 1
        self._choices = {1: customer.choice}
        self.failures: list[str] = []

    async def play(self) -> None:
        """Everything to the last step; what no customer should see is in `failures`."""
        customer = self._customer
        await asyncio.sleep(customer.begins_after)
        try:
            await self._checks_out()
            for step in customer.steps:
                await self._does(step)
        except TimeoutError:
            self._fails("was not answered in time")

    async def _checks_out(self) -> None:
        choice = self._customer.choice
        order = self._shop.order(
            order_id=self._customer.order_id,
            amount=self._customer.amount,
            method=choice.method,
            integration=choice.integration,
        )
        await self._insists("checkout", "/v1/payments", order)

    async def _does(self, step: Step) -> None:
        await asyncio.sleep(step.after)
        await self._doings[step.act]()

    @property
    def _doings(self) -> dict[Act, Callable[[], Awaitable[object]]]:
        part = {"value": self._customer.amount // 5, "currency": "IDR"}
        return {
            Act.PAY: lambda: self._at_the_gateway(self._attempt, "pay"),
            Act.PAY_THE_FIRST: lambda: self._at_the_gateway(1, "pay"),
            Act.BE_DENIED: lambda: self._at_the_gateway(self._attempt, "deny"),
            Act.WAIT_UNTIL_OVER: lambda: self._looks(_is_decided),
            Act.WAIT_UNTIL_ENDED: lambda: self._looks(_has_ended),
            Act.CANCEL: lambda: self._asks("cancel", {"reason": "changed my mind"}),
            Act.SWITCH: self._switches,
            Act.RETURN_A_PART: lambda: self._returns({"refund_key": "part", "amount": part}),
            Act.RETURN_ALL: lambda: self._returns({"refund_key": "rest"}),
        }

    async def _at_the_gateway(self, attempt: int, event: str) -> None:
        """The gateway says no where there is nothing to pay, and that is the end of it."""
        gateway_order_id = f"{self._customer.order_id}~{attempt}"
        pays_with = _at_the_page(self._choices[attempt])
        answer = await self._shop.http.post(
            f"{self._shop.simulator}/transactions/{gateway_order_id}/{event}",
            json={"method": pays_with} if pays_with else {},
        )
        self._note(f"{event} {gateway_order_id}", answer)

    async def _switches(self) -> None:
        choice = self._customer.another
        wish = {"method": choice.method, "integration": choice.integration}
        answer = await self._asks("attempts", {"after_attempt": self._attempt, **wish})
        if answer.is_success:
            self._attempt = int(answer.json()["attempt"])
            self._choices[self._attempt] = choice

    async def _returns(self, wish: dict[str, object]) -> None:
        await self._looks(_is_decided)
        await self._asks("refunds", {"reason": "one wheel was missing", **wish})

    async def _asks(self, what: str, body: object) -> httpx.Response:
        return await self._insists(what, f"/v1/payments/{self._customer.order_id}/{what}", body)

    async def _insists(self, what: str, path: str, body: object) -> httpx.Response:
        """Send the same request until it is answered, as the contract tells checkout to do."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (answer := await self._sent(path, body)) is None:
                await asyncio.sleep(PAUSE_SECONDS)
        self._note(what, answer)
        if not answer.is_success and answer.status_code not in REFUSALS:
            self._fails(f"{what} was answered with {answer.status_code} {answer.text}")
        return answer

    async def _sent(self, path: str, body: object) -> httpx.Response | None:
        try:
            answer = await self._shop.post(path, body)
        except httpx.TransportError:
            return None
        return None if _code(answer) in SEND_AGAIN else answer

    async def _looks(self, fits: Callable[[Payment], bool]) -> None:
        """Wait for what is hoped for, and go on without it after a while."""
        try:
            async with asyncio.timeout(LOOKS_FOR_SECONDS):
                while (payment := await self._seen()) is None or not fits(payment):
                    await asyncio.sleep(PAUSE_SECONDS)
        except TimeoutError:
            self._diary.note(self._customer.order_id, "does not wait any longer")

    async def _seen(self) -> Payment | None:
        try:
            answer = await self._shop.get(f"/v1/payments/{self._customer.order_id}")
        except httpx.TransportError:
            return None
        return answer.json() if answer.is_success else None

    def _note(self, what: str, answer: httpx.Response) -> None:
        said = "" if answer.is_success else f" {_code(answer) or answer.text[:80]}"
        self._diary.note(self._customer.order_id, f"{what} {answer.status_code}{said}")

    def _fails(self, how: str) -> None:
        self.failures.append(f"{self._customer.order_id}: {how}")


def _is_decided(payment: Payment) -> bool:
    return payment["status"] not in UNDECIDED


def _has_ended(payment: Payment) -> bool:
    return _is_decided(payment) and not payment["methods"]


def _at_the_page(choice: Choice) -> str | None:
    """Which method the customer takes, on a page: of any the card, which needs no long window."""
    if choice.integration != "snap":
        return None
    return "credit_card" if choice.method == "any" else choice.method


def _code(answer: httpx.Response) -> str | None:
    """The stable code of a problem, where the answer is one."""
    is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    return str(answer.json()["code"]) if is_problem else None
