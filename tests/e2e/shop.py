"""The public doors of a running stack, as a shop, its customers and Midtrans use them."""

import asyncio
import json
import ssl
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, WorkflowHandle

from adapters.keysets import load_aead, load_mac
from adapters.postgres.audit_verdict import AuditVerdict, verify
from adapters.postgres.engine import create_engine
from adapters.postgres.sealing import Sealer
from adapters.postgres.tables import audit_events, cases
from adapters.temporal.client import connect
from local_stack.processes import PROJECT
from local_stack.stack import Stack
from workflows.names import workflow_id

Found = TypeVar("Found")

PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.05


class Ran(NamedTuple):
    """What a command of the operators' CLI said."""

    exit_code: int
    out: str
    err: str


class OpenCase(NamedTuple):
    case_id: str
    code: str


@dataclass
class Shop:
    stack: Stack
    http: httpx.AsyncClient
    temporal: Client
    database: AsyncEngine
    prefix: str = field(default_factory=lambda: f"E-{uuid.uuid4().hex[:10]}")

    def new_order_id(self) -> str:
        return f"{self.prefix}-{uuid.uuid4().hex[:6]}"

    def order(self, **changes: Any) -> dict[str, Any]:
        """One valid order, its id unused; `amount` also changes the only item's price."""
        amount = changes.pop("amount", 350_000)
        return {
            "order_id": self.new_order_id(),
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

    async def plant(self, **transaction: object) -> None:
        """Put a transaction into the gateway's books that we never asked for."""
        answer = await self.http.post(f"{self.simulator}/transactions", json=transaction)
        assert answer.is_success, answer.text

    async def behave(self, **knobs: object) -> None:
        """How the gateway behaves from now on."""
        answer = await self.http.put(f"{self.simulator}/behaviour", json=knobs)
        assert answer.is_success, answer.text

    async def move_gateway_clock(self, **moved: object) -> None:
        answer = await self.http.put(f"{self.simulator}/clock", json=moved)
        assert answer.is_success, answer.text

    async def notify(self, document: object) -> httpx.Response:
        """Send the bridge what claims to be a notification; bytes and text go as they are."""
        url = self.stack.addresses.notification_url
        if isinstance(document, bytes | str):
            return await self.http.post(url, content=document)
        return await self.http.post(url, json=document)

    async def command(self, *arguments: str, operator: str = "ani") -> Ran:
        """An operator's command, as a process of its own: `python -m starter …`."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "starter", *arguments),
            cwd=PROJECT,
            env={**self.stack.outer, **self.stack.environment, "PAYMENTS_OPERATOR": operator},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return Ran(process.returncode or 0, out.decode(), err.decode())

    async def cases(self, order_id: str) -> list[OpenCase]:
        """What waits for a human about the order."""
        own = cases.c
        query = select(own.case_id, own.code).where(
            own.order_id == order_id, own.resolved_at.is_(None)
        )
        async with self.database.connect() as connection:
            found = await connection.execute(query.order_by(own.case_id))
            return [OpenCase(str(row.case_id), row.code) for row in found]

    async def resolve(self, case: OpenCase, resolution: str) -> None:
        """An operator looks for the case, and closes it."""
        listed = await self.command("cases", "list", "--json")
        assert case.case_id in {str(each["case_id"]) for each in json.loads(listed.out)}
        ran = await self.command(
            *("cases", "resolve", case.case_id, "--resolution", resolution),
            *("--reason", "looked at it in the dashboard"),
        )
        assert ran.exit_code == 0, ran.err

    async def at_gateway(self, order_id: str) -> list[dict[str, Any]]:
        """The transactions that Midtrans holds for an order, whatever the attempt."""
        answer = await self.http.get(f"{self.simulator}/transactions")
        return [
            transaction
            for transaction in answer.json()["transactions"]
            if transaction["order_id"].rpartition("~")[0] == order_id
        ]

    async def notifications(self, gateway_order_id: str, status: str) -> list[dict[str, Any]]:
        """Midtrans' notifications of this status, each with its tries to deliver it."""
        answer = await self.http.get(
            f"{self.simulator}/notifications", params={"order_id": gateway_order_id}
        )
        sent = answer.json()["notifications"]
        return [each for each in sent if each["transaction_status"] == status]

    async def delivered(self, gateway_order_id: str, status: str, times: int = 1) -> None:
        """Wait until the bridge has taken Midtrans' notification of this status so often."""

        async def look() -> bool | None:
            taken = [
                each
                for each in await self.notifications(gateway_order_id, status)
                if each["attempts"] and each["attempts"][-1]["status"] == 200
            ]
            return len(taken) >= times or None

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

    async def audit(self, order_id: str) -> list[str]:
        """The events in the order's audit chain."""
        own = audit_events.c
        query = select(own.event).where(own.order_id == order_id).order_by(own.seq)
        async with self.database.connect() as connection:
            return list((await connection.execute(query)).scalars())

    async def audit_verdict(self) -> AuditVerdict:
        """What walking every chain of the database finds."""
        keysets = self.stack.environment
        sealer = Sealer(
            load_aead(keysets["PAYMENTS_KEYSET_DATABASE"]),
            load_mac(keysets["PAYMENTS_KEYSET_LOOKUP"]),
        )
        return await verify(self.database, sealer)

    async def mails(self, order_id: str) -> list[EmailMessage]:
        """What the order's customer was sent."""
        mails = self._mails_about(order_id)
        return [mail for mail in mails if _recipient(mail) != self._administrator]

    def customers_mails(self) -> list[EmailMessage]:
        """What all customers together were sent."""
        mails = map(_read, sorted(self.stack.mail_dir.glob("*.eml")))
        return [mail for mail in mails if _recipient(mail) != self._administrator]

    async def alerts(self, order_id: str) -> list[EmailMessage]:
        """What the administrator was sent about the order."""
        mails = self._mails_about(order_id)
        return [mail for mail in mails if _recipient(mail) == self._administrator]

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

    @property
    def _administrator(self) -> str:
        return self.stack.environment["PAYMENTS_ADMIN_EMAIL"]

    def _mails_about(self, order_id: str) -> list[EmailMessage]:
        mails = map(_read, sorted(self.stack.mail_dir.glob("*.eml")))
        return [mail for mail in mails if order_id in str(mail["Subject"])]


@asynccontextmanager
async def open_shop(stack: Stack) -> AsyncIterator[Shop]:
    trust = ssl.create_default_context(cafile=stack.certificates.ca)
    keyset = load_aead(stack.environment["PAYMENTS_KEYSET_TEMPORAL"])
    temporal = await connect(keyset, environment=stack.environment)
    database = create_engine(stack.environment["PAYMENTS_DATABASE_URL"], application_name="tests")
    try:
        async with httpx.AsyncClient(verify=trust, trust_env=False, timeout=60) as http:
            yield Shop(stack, http, temporal, database)
    finally:
        await database.dispose()


async def until(
    look: Callable[[], Awaitable[Found | None]], patience: float = PATIENCE_SECONDS
) -> Found:
    """What `look` finds, once it finds something; fail when it finds nothing in time."""
    async with asyncio.timeout(patience):
        while (found := await look()) is None:
            await asyncio.sleep(PAUSE_SECONDS)
    return found


@lru_cache(maxsize=1000)
def _read(mail: Path) -> EmailMessage:
    return message_from_bytes(mail.read_bytes(), policy=policy.default)


def _recipient(mail: EmailMessage) -> str:
    return str(mail["To"].addresses[0].addr_spec)


def _object(answer: httpx.Response) -> dict[str, Any]:
    body = answer.json()
    assert isinstance(body, dict)
    return body
