"""The public doors of a running stack, as a shop, its customers and Midtrans use them."""

import asyncio
import ssl
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, TypeVar

import httpx
from temporalio.client import Client, WorkflowHandle

from adapters.keysets import load_aead
from adapters.temporal.client import connect
from local_stack.stack import Stack
from workflows.names import workflow_id

Found = TypeVar("Found")

PATIENCE_SECONDS = 30.0
PAUSE_SECONDS = 0.05


@dataclass
class Shop:
    stack: Stack
    http: httpx.AsyncClient
    temporal: Client
    prefix: str = field(default_factory=lambda: f"E-{uuid.uuid4().hex[:10]}")

    def order(self, **changes: Any) -> dict[str, Any]:
        """One valid order, its id unused; `amount` also changes the only item's price."""
        amount = changes.pop("amount", 350_000)
        return {
            "order_id": f"{self.prefix}-{uuid.uuid4().hex[:6]}",
            "method": "bca_va",
            "integration": "core",
            "locale": "id",
            "amount": {"value": amount, "currency": "IDR"},
            "items": [{"id": "DECK-8", "name": "Skate deck 8.0", "price": amount, "quantity": 1}],
            "customer": {"name": "Sari Dewi", "email": "sari@example.com", "phone": None},
            **changes,
        }

    async def post(self, path: str, body: object) -> httpx.Response:
        return await self.http.post(f"{self.api}{path}", json=body, headers=self._authorization)

    async def get(self, path: str, **query: str) -> httpx.Response:
        return await self.http.get(f"{self.api}{path}", params=query, headers=self._authorization)

    async def checkout(self, **changes: Any) -> dict[str, Any]:
        answer = await self.post("/v1/payments", self.order(**changes))
        assert answer.status_code == 201, answer.text
        return _object(answer)

    async def payment(self, order_id: str) -> dict[str, Any]:
        answer = await self.get(f"/v1/payments/{order_id}")
        assert answer.status_code == 200, answer.text
        return _object(answer)

    async def payment_when(self, order_id: str, **members: object) -> dict[str, Any]:
        """The payment once these members have these values (`...`: any value but null)."""

        async def look() -> dict[str, Any] | None:
            payment = await self.payment(order_id)
            fits = (
                payment[name] == value or (value is ... and payment[name] is not None)
                for name, value in members.items()
            )
            return payment if all(fits) else None

        return await until(look)

    async def customer(self, gateway_order_id: str, event: str, **body: object) -> None:
        """What the customer, bank or scheme does at Midtrans: pay, deny, expire …"""
        answer = await self.http.post(
            f"{self.simulator}/transactions/{gateway_order_id}/{event}", json=body
        )
        assert answer.is_success, answer.text

    async def plan_faults(self, *faults: Mapping[str, object]) -> None:
        answer = await self.http.put(f"{self.simulator}/faults", json={"faults": faults})
        assert answer.is_success, answer.text

    async def at_gateway(self, order_id: str) -> list[dict[str, Any]]:
        """The transactions that Midtrans holds for an order, whatever the attempt."""
        answer = await self.http.get(f"{self.simulator}/transactions")
        return [
            transaction
            for transaction in answer.json()["transactions"]
            if transaction["order_id"].rpartition("~")[0] == order_id
        ]

    async def delivered(self, gateway_order_id: str, status: str) -> None:
        """Wait until the bridge has taken Midtrans' notification of this status."""

        async def look() -> bool | None:
            answer = await self.http.get(
                f"{self.simulator}/notifications", params={"order_id": gateway_order_id}
            )
            taken = (
                each["transaction_status"] == status and each["attempts"][-1]["status"] == 200
                for each in answer.json()["notifications"]
                if each["attempts"]
            )
            return any(taken) or None

        await until(look)

    def run(self, order_id: str) -> WorkflowHandle[Any, Any]:
        return self.temporal.get_workflow_handle(workflow_id(order_id))

    async def feed(self, order_id: str) -> list[str]:
        """The types of the order's events, in the order of the feed."""
        types: list[str] = []
        cursor: str | None = None
        while True:
            query = {"limit": "500", **({"after": cursor} if cursor else {})}
            page = (await self.get("/v1/events", **query)).json()
            types += [event["type"] for event in page["events"] if event["order_id"] == order_id]
            if not page["events"]:
                return types
            cursor = page["next_cursor"]

    async def mails(self, order_id: str) -> list[EmailMessage]:
        return [mail for mail in self._all_mails() if order_id in str(mail["Subject"])]

    async def mail(self, order_id: str) -> EmailMessage:
        """The first mail about the order, once it is there."""

        async def look() -> EmailMessage | None:
            return next(iter(await self.mails(order_id)), None)

        return await until(look)

    @property
    def api(self) -> str:
        return self.stack.addresses.api_url

    @property
    def simulator(self) -> str:
        return f"{self.stack.addresses.simulator_url}/_simulator"

    @property
    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.stack.environment['PAYMENTS_API_KEY']}"}

    def _all_mails(self) -> list[EmailMessage]:
        return [
            message_from_bytes(path.read_bytes(), policy=policy.default)
            for path in sorted(self.stack.mail_dir.glob("*.eml"))
        ]


@asynccontextmanager
async def open_shop(stack: Stack) -> AsyncIterator[Shop]:
    trust = ssl.create_default_context(cafile=stack.certificates.ca)
    keyset = load_aead(stack.environment["PAYMENTS_KEYSET_TEMPORAL"])
    temporal = await connect(keyset, environment=stack.environment)
    async with httpx.AsyncClient(verify=trust, trust_env=False, timeout=30) as http:
        yield Shop(stack, http, temporal)


async def until(look: Callable[[], Awaitable[Found | None]]) -> Found:
    """What `look` finds, once it finds something; fail when it finds nothing in time."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (found := await look()) is None:
            await asyncio.sleep(PAUSE_SECONDS)
    return found


def _object(answer: httpx.Response) -> dict[str, Any]:
    body = answer.json()
    assert isinstance(body, dict)
    return body
