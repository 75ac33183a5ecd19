"""`python -m starter demo`: one order plays a scenario on the local stack, one line a step."""

import asyncio
import re
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from rich.console import Console

from local_stack.processes import running
from local_stack.stack import START_WAIT, Stack
from starter.dev import local_service, show_addresses

PATIENCE_SECONDS = 60
PAUSE_SECONDS = 0.1

Result = TypeVar("Result")


class DemoError(RuntimeError):
    """A step did not come to its end in time."""


@dataclass
class Stage:
    """A running stack and the order that is played on it; each method is somebody's doing."""

    stack: Stack
    http: httpx.AsyncClient
    order: Mapping[str, Any]
    attempt: int = 1
    mails_shown: set[Path] = field(default_factory=set)
    last_mail: EmailMessage | None = None

    @property
    def order_id(self) -> str:
        return str(self.order["order_id"])

    async def post(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """What checkout sends to the API."""
        url = f"{self.stack.addresses.api_url}/v1/payments{path}"
        return await self.http.post(url, json=body, headers=self._authorization)

    async def payment(self) -> dict[str, Any]:
        answer = await self.http.get(self._url, headers=self._authorization)
        payment: dict[str, Any] = answer.raise_for_status().json()
        return payment

    async def payment_when(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            payment = await self.payment()
            return payment if fits(payment) else None

        return await until(look)

    async def at_gateway(self, event: str, **body: object) -> None:
        """What the customer, the bank or the scheme does at Midtrans."""
        url = f"{self._simulator}/transactions/{self.order_id}~{self.attempt}/{event}"
        (await self.http.post(url, json=body)).raise_for_status()

    async def plan_faults(self, *faults: Mapping[str, object]) -> None:
        """What is to go wrong at the gateway."""
        answer = await self.http.put(f"{self._simulator}/faults", json={"faults": faults})
        answer.raise_for_status()

    async def invoice(self) -> Path:
        payment = await self.payment_when(lambda payment: payment["invoice_number"] is not None)
        return await self._drawn("invoice.pdf", str(payment["invoice_number"]))

    async def credit_note(self) -> Path:
        """The credit note of the order's first refund."""
        payment = await self.payment_when(
            lambda payment: any(each["credit_note_number"] for each in payment["refunds"])
        )
        name = payment["refunds"][0]["credit_note_number"]
        return await self._drawn(f"credit-notes/{name}.pdf", name)

    async def _drawn(self, document: str, name: str) -> Path:
        """The document's PDF, which is drawn a moment after its number is given."""

        async def look() -> bytes | None:
            answer = await self.http.get(f"{self._url}/{document}", headers=self._authorization)
            if answer.status_code == HTTPStatus.NOT_FOUND:
                return None
            return answer.raise_for_status().content

        path = self.stack.state_dir / f"{name}.pdf"
        path.write_bytes(await until(look))
        return path

    async def mail(self, recipient: str) -> str:
        """The next mail to this address."""

        async def look() -> tuple[Path, EmailMessage] | None:
            for path in sorted(set(self.stack.mail_dir.glob("*.eml")) - self.mails_shown):
                mail = message_from_bytes(path.read_bytes(), policy=policy.default)
                if recipient in str(mail["To"]):
                    return path, mail
            return None

        path, mail = await until(look)
        self.mails_shown.add(path)
        self.last_mail = mail
        return f"to {mail['To']}: {mail['Subject']}\n    {path}"

    def link(self, path: str) -> str:
        """The address under this path that the last mail names."""
        part = self.last_mail and self.last_mail.get_body(("plain",))
        found = re.search(rf"https?://\S+{path}[\w-]+", part.get_content() if part else "")
        if found is None:
            raise DemoError(f"the last mail names no address under {path}")
        return found[0]

    async def command(self, *arguments: str, operator: str) -> str:
        """An operator's command, run as a process of its own."""
        program = self.stack.program("operator", "starter", *arguments)
        environment = {**(program.environment or {}), "PAYMENTS_OPERATOR": operator}
        program = replace(program, environment=environment)
        async with running(program, self.stack.logs) as child:
            await child.finish(START_WAIT)
            return f"$ python -m starter {' '.join(arguments)}\n{child.said().strip()}"

    async def stop(self, part: str) -> None:
        await self.stack.children[part].stop()

    async def start(self, part: str) -> None:
        """Start it again, and wait until it answers."""
        self.stack.children[part].start()
        await until(self._everything_answers)

    async def _everything_answers(self) -> bool | None:
        urls = (f"{self.stack.addresses.api_url}/readyz", f"{self._simulator}/clock")
        try:
            answers = [await self.http.get(url) for url in urls]
        except httpx.TransportError:
            return None
        return all(answer.is_success for answer in answers) or None

    @property
    def _url(self) -> str:
        return f"{self.stack.addresses.api_url}/v1/payments/{self.order_id}"

    @property
    def _simulator(self) -> str:
        return f"{self.stack.addresses.simulator_url}/_simulator"

    @property
    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.stack.environment['PAYMENTS_API_KEY']}"}


# Does something, or waits for it; returns what there is to be said about it.
Act = Callable[[Stage], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is played: `order` changes the demo's order, `settings` the service's."""

    about: str
    steps: tuple[tuple[str, Act], ...]
    order: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


async def play(scenario: Scenario, order: dict[str, Any], state_dir: Path, *, stay: bool) -> None:
    """Start everything afresh, play the scenario with one order, and show where to look."""
    console = Console()
    async with local_service(state_dir, console, fresh=True, settings=scenario.settings) as stack:
        trust = ssl.create_default_context(cafile=stack.certificates.ca)
        async with httpx.AsyncClient(verify=trust, trust_env=False, timeout=30) as http:
            stage = Stage(stack, http, {**order, **scenario.order})
            for title, act in scenario.steps:
                await _step(console, stage, title, act)
        run = quote(f"payment/{stage.order_id}", safe="")
        _say(console, f"the run: {stack.web_ui_url}/namespaces/default/workflows/{run}")
        show_addresses(stack, console)
        if stay:
            console.print("Ctrl-C stops everything.")
            await asyncio.Event().wait()


async def until(look: Callable[[], Awaitable[Result | None]]) -> Result:
    """What `look` finds, once it finds something; DemoError when it does not in time."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            # What it waits for happens in other processes.
            while (found := await look()) is None:  # noqa: ASYNC110
                await asyncio.sleep(PAUSE_SECONDS)
    except TimeoutError:
        raise DemoError(f"nothing came within {PATIENCE_SECONDS} s; the logs say why") from None
    return found


async def _step(console: Console, stage: Stage, title: str, act: Act) -> None:
    began = time.monotonic()
    with console.status(title):
        told = await act(stage)
    took = time.monotonic() - began
    console.print(f"[green]✓[/green] {title} [dim]({took:.1f} s)[/dim]", highlight=False)
    if told is not None:
        _say(console, told)


def _say(console: Console, text: str) -> None:
    console.print(f"    {text}", highlight=False, soft_wrap=True, markup=False)
