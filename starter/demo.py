"""`python -m starter demo`: one order from checkout to invoice, one line a step."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from rich.console import Console

from local_stack.stack import Stack
from starter.dev import local_service, show_addresses

PATIENCE_SECONDS = 60
PAUSE_SECONDS = 0.1


Result = TypeVar("Result")


class DemoError(RuntimeError):
    """A step did not come to its end in time."""


async def play(order: dict[str, Any], state_dir: Path, *, stay: bool) -> None:
    """Start everything afresh, let one order be paid, and show where to look."""
    console = Console()
    async with local_service(state_dir, console, fresh=True) as stack:
        trust = ssl.create_default_context(cafile=stack.certificates.ca)
        async with httpx.AsyncClient(verify=trust, trust_env=False, timeout=30) as http:
            demo = Demo(stack, http, console)
            await demo.play(order)
        show_addresses(stack, console)
        if stay:
            console.print("Ctrl-C stops everything.")
            await asyncio.Event().wait()


@dataclass(frozen=True)
class Demo:
    stack: Stack
    http: httpx.AsyncClient
    console: Console

    async def play(self, order: dict[str, Any]) -> None:
        order_id = order["order_id"]
        payment = await self._step("checkout asks for payment", lambda: self._checkout(order))
        self._say(f"{payment['status']}: {payment['message']['en']}")
        gateway_order_id = payment["attempts"][-1]["gateway_order_id"]
        await self._step("the customer pays", lambda: self._pay(gateway_order_id))
        paid = await self._step(
            "Midtrans notifies, the order becomes paid",
            lambda: self._payment_with(order_id, "status", "paid"),
        )
        self._say(f"{paid['status']} with {paid['paid_with']} at {paid['paid_at']}")
        invoiced = await self._step(
            "the invoice is issued", lambda: self._payment_with(order_id, "invoice_number")
        )
        pdf = await self._step(
            "the invoice is drawn", lambda: self._invoice(order_id, invoiced["invoice_number"])
        )
        self._say(str(pdf))
        mail = await self._step("the receipt is mailed", self._mail)
        self._say(str(mail))
        run = quote(f"payment/{order_id}", safe="")
        self._say(f"the run: {self.stack.web_ui_url}/namespaces/default/workflows/{run}")

    async def _step(self, title: str, work: Callable[[], Awaitable[Result]]) -> Result:
        began = time.monotonic()
        with self.console.status(title):
            result = await work()
        took = time.monotonic() - began
        self.console.print(f"[green]✓[/green] {title} [dim]({took:.1f} s)[/dim]", highlight=False)
        return result

    def _say(self, text: str) -> None:
        self.console.print(f"    {text}", highlight=False, soft_wrap=True)

    async def _checkout(self, order: dict[str, Any]) -> Any:
        answer = await self.http.post(
            f"{self.stack.addresses.api_url}/v1/payments", json=order, headers=self._authorization
        )
        answer.raise_for_status()
        return answer.json()

    async def _pay(self, gateway_order_id: str) -> None:
        url = f"{self.stack.addresses.simulator_url}/_simulator/transactions"
        answer = await self.http.post(f"{url}/{gateway_order_id}/pay", json={})
        answer.raise_for_status()

    async def _payment_with(self, order_id: str, member: str, value: str | None = None) -> Any:
        async def look() -> Any:
            answer = await self.http.get(self._payment_url(order_id), headers=self._authorization)
            payment = answer.raise_for_status().json()
            found = payment[member]
            return payment if found is not None and value in (None, found) else None

        return await _until(look)

    async def _invoice(self, order_id: str, number: str) -> Path:
        async def look() -> bytes | None:
            answer = await self.http.get(
                f"{self._payment_url(order_id)}/invoice.pdf", headers=self._authorization
            )
            return answer.content if answer.is_success else None

        path = self.stack.state_dir / f"{number}.pdf"
        path.write_bytes(await _until(look))
        return path

    async def _mail(self) -> Path:
        async def look() -> Path | None:
            return next(iter(sorted(self.stack.mail_dir.glob("*.eml"))), None)

        return await _until(look)

    def _payment_url(self, order_id: str) -> str:
        return f"{self.stack.addresses.api_url}/v1/payments/{order_id}"

    @property
    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.stack.environment['PAYMENTS_API_KEY']}"}


async def _until(look: Callable[[], Awaitable[Result | None]]) -> Result:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            # What it waits for happens in other processes.
            while (found := await look()) is None:  # noqa: ASYNC110
                await asyncio.sleep(PAUSE_SECONDS)
    except TimeoutError:
        raise DemoError(f"nothing came within {PATIENCE_SECONDS} s; the logs say why") from None
    return found
