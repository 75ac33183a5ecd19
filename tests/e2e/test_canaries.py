"""What payments are about is found nowhere but at the gateway and in the mails: not in Temporal's
store, not in the database, not in logs at DEBUG, metrics or traces.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from local_stack.mail_catcher import MISBEHAVE
from local_stack.postgres_programs import wheel_programs
from local_stack.stack import START_WAIT, Stack, run_stack
from tests.e2e.letters import link_in, mail_about
from tests.e2e.operators import decide, open_case
from tests.e2e.planted import Planted, files_in
from tests.e2e.shop import Shop, open_shop, until
from tests.observability.collector import Collector, running_collector

pytestmark = [pytest.mark.e2e, pytest.mark.proof]

AMOUNT = 13_571_357
PART = 12_468_024
OTHER_AMOUNT = 15_793_579
TALKATIVE = {
    "PAYMENTS_LOG_LEVEL": "debug",
    "PAYMENTS_FIRST_ASK_SECONDS": "2",
    "PAYMENTS_ABSENCE_SECONDS": "2",
    "PAYMENTS_REFUND_RETRY_SECONDS": "2",
}
CUSTOMER = {
    "name": "Kanaria Tersembunyi",
    "email": "kanaria.tersembunyi@canary.example",
    "phone": "+6281377341997",
}
ACCOUNT = {
    "bank": "BankKanaria",
    "account_number": "77344556677001",
    "account_holder": "Kanaria Pemilik",
}
# They keep what they were sent, as Midtrans and mail servers do.
OTHERS = ("simulator.log", "mail-catcher.log")


@dataclass(frozen=True)
class Told:
    """What was planted, and what the service left behind."""

    planted: Planted
    stack: Stack
    dump: Path
    metrics: Path
    traces: Path

    @property
    def logs(self) -> list[Path]:
        return [each for each in files_in(self.stack.logs) if each.name not in OTHERS]

    @property
    def temporal(self) -> list[Path]:
        return [*files_in(self.stack.state_dir / "temporal")]


@pytest.fixture(scope="module")
async def told(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    """Everything that can happen to payments, each full of values to be found."""
    state_dir = tmp_path_factory.mktemp("a talkative service")
    left = tmp_path_factory.mktemp("left behind")
    with running_collector() as collector:
        traced = {"PAYMENTS_TRACES_URL": collector.url}
        async with (
            run_stack(state_dir, {**os.environ, **TALKATIVE, **traced}, throw_away=True) as stack,
            open_shop(stack) as shop,
        ):
            yield await _told(stack, shop, collector, left)


async def _told(stack: Stack, shop: Shop, collector: Collector, left: Path) -> Told:
    planted = Planted()
    planted.plant(
        amount=AMOUNT,
        part=PART,
        other_amount=OTHER_AMOUNT,
        item="Papan Kanaria 8.0",
        reason="alasan-kanaria",
        **CUSTOMER,
        **{f"their_{name}": value for name, value in ACCOUNT.items()},
        **_keys_of(stack),
    )
    story = _Story(shop, planted, left)
    await story.tell()
    metrics = left / "metrics.txt"
    metrics.write_text(await _metrics_of(shop))
    traces = left / "traces.bin"
    traces.write_bytes(b"".join(collector.bodies))
    return Told(planted, stack, await _dump_of(stack, left), metrics, traces)


def test_the_story_really_carried_the_canaries(told: Told) -> None:
    found = told.planted.found_in(files_in(told.stack.mail_dir))

    kinds = {each.rpartition(": ")[2] for each in found}
    assert {"name", "email", "item", "amount"} <= kinds


def test_none_is_in_the_files_of_temporals_store(told: Told) -> None:
    assert told.temporal
    assert told.planted.found_in(told.temporal) == []


def test_none_is_in_a_dump_of_the_database(told: Told) -> None:
    assert b"COPY public.orders" in told.dump.read_bytes()
    assert told.planted.found_in([told.dump]) == []


def test_none_is_in_any_log_at_debug(told: Told) -> None:
    assert {"worker.log", "api.log", "bridge.log"} <= {each.name for each in told.logs}
    assert told.planted.found_in(told.logs) == []


def test_none_is_in_the_metrics(told: Told) -> None:
    assert "payments_" in told.metrics.read_text()
    assert told.planted.found_in([told.metrics]) == []


def test_none_is_in_the_traces(told: Told) -> None:
    assert b"RunActivity:send_mail" in told.traces.read_bytes()
    assert told.planted.found_in([told.traces]) == []


@dataclass(frozen=True)
class _Story:
    shop: Shop
    planted: Planted
    left: Path

    async def tell(self) -> None:
        await self._transferred_back()
        await self._denied_then_paid_by_link()
        await self._refunded_by_card()
        await self._doubted()
        await self._reviewed()
        await self._cancelled()
        await self._refused_and_forged()
        await self._gateway_in_trouble()
        await self._mail_server_in_trouble()
        await self._database_away()
        await self._told_to_finance()

    async def _checkout(self, method: str, integration: str = "core", **more: Any) -> str:
        items = [{"id": "DECK-8", "name": "Papan Kanaria 8.0", "price": AMOUNT, "quantity": 1}]
        body = {"method": method, "integration": integration, "customer": CUSTOMER, **more}
        payment = await self.shop.checkout(amount=AMOUNT, items=items, **body)
        order_id = str(payment["order_id"])
        instructions = payment["instructions"] or {}
        for name in ("va_number", "token", "redirect_url", "qr_string", "deeplink_url"):
            if instructions.get(name):
                self.planted.plant(**{f"{order_id} {name}": instructions[name]})
        token = (payment["payment_url"] or "").rpartition("/")[2]
        if token:
            self.planted.plant(**{f"{order_id} link": token})
        return order_id

    async def _paid(self, method: str, integration: str = "core") -> str:
        order_id = await self._checkout(method, integration)
        await self.shop.customer(f"{order_id}~1", "pay")
        await self.shop.payment_when(order_id, status="paid", invoice_number=...)
        return order_id

    async def _transferred_back(self) -> None:
        order_id = await self._paid("bca_va")
        await self._ask_back(order_id)
        case = await open_case(self.shop, order_id, "manual_refund")
        link = link_in(await mail_about(self.shop, order_id, "sampaikan rekening"), "/refund/")
        self.planted.plant(refund_link=link.rpartition("/")[2])
        given = await self.shop.http.post(link, data=ACCOUNT, follow_redirects=True)
        assert given.is_success
        await self._approve(order_id)
        for resolution, options in (
            ("approved", ()),
            ("transferred", ("--reference", "rujukan-kanaria")),
        ):
            ran = await decide(self.shop, case, resolution, *options, operator=resolution)
            assert ran.exit_code == 0, ran.err
        self.planted.plant(reference="rujukan-kanaria")

    async def _denied_then_paid_by_link(self) -> None:
        order_id = await self._checkout("gopay")
        await self.shop.customer(f"{order_id}~1", "deny")
        link = link_in(await mail_about(self.shop, order_id, "tidak berhasil"), "/pay/")
        self.planted.plant(link=link.rpartition("/")[2])
        assert (await self.shop.http.get(link)).is_success
        chosen = await self.shop.http.post(link, data={"method": "bni_va"}, follow_redirects=True)
        assert chosen.is_success
        await self.shop.payment_when(order_id, status="awaiting_payment", attempt=2)
        await self.shop.customer(f"{order_id}~2", "pay")
        await self.shop.payment_when(order_id, status="paid")

    async def _refunded_by_card(self) -> None:
        order_id = await self._paid("credit_card", "snap")
        await self.shop.customer(f"{order_id}~1", "settle")
        await self._ask_back(order_id, PART)
        await self._approve(order_id)
        await self.shop.payment_when(order_id, status="partially_refunded")
        too_much = {"refund_key": "return-2", "reason": "alasan-kanaria"}
        amount = {"value": AMOUNT, "currency": "IDR"}
        answer = await self.shop.post(
            f"/v1/payments/{order_id}/refunds", {**too_much, "amount": amount}
        )
        assert answer.status_code == 422, answer.text

    async def _ask_back(self, order_id: str, amount: int | None = None) -> None:
        part = {} if amount is None else {"amount": {"value": amount, "currency": "IDR"}}
        wish = {"refund_key": "return-1", "reason": "alasan-kanaria", **part}
        answer = await self.shop.post(f"/v1/payments/{order_id}/refunds", wish)
        assert answer.status_code == 202, answer.text

    async def _approve(self, order_id: str) -> None:
        """A second person, where the amount wants one."""
        for case in await self.shop.cases(order_id):
            if case.code == "refund_approval":
                ran = await decide(self.shop, case, "approved", operator="dewi")
                assert ran.exit_code == 0, ran.err

    async def _doubted(self) -> None:
        order_id = await self._checkout("bri_va")
        await self.shop.customer(f"{order_id}~1", "pay", amount=OTHER_AMOUNT)
        case = await open_case(self.shop, order_id, "mismatch")
        await self._command("cases", "show", case.case_id)
        ran = await decide(self.shop, case, "rejected")
        assert ran.exit_code == 0, ran.err

    async def _reviewed(self) -> None:
        order_id = await self._checkout("credit_card", "snap")
        await self.shop.customer(f"{order_id}~1", "challenge")
        await self.shop.payment_when(order_id, status="in_review")
        await self._command("review", order_id, "approve", "--reason", "alasan-kanaria")
        await self.shop.payment_when(order_id, status="paid")

    async def _cancelled(self) -> None:
        order_id = await self._checkout("mandiri_bill")
        answer = await self.shop.post(
            f"/v1/payments/{order_id}/cancel", {"reason": "alasan-kanaria"}
        )
        assert answer.is_success, answer.text

    async def _refused_and_forged(self) -> None:
        """What is wrong is told to who sent it, and to nobody else."""
        shop = self.shop
        wrong = shop.order(customer={**CUSTOMER, "email": "kanaria tersembunyi"}, amount=AMOUNT)
        assert (await shop.post("/v1/payments", wrong)).status_code == 422
        text = f'{{"customer": "{CUSTOMER["email"]}", '
        assert (await shop.http.post(f"{shop.api}/v1/payments", content=text)).status_code >= 400
        assert (await shop.http.get(f"{shop.api}/pay/token-kanaria-0001")).status_code == 410
        self.planted.plant(unknown_token="token-kanaria-0001")
        forged = {"order_id": "E-1~1", "gross_amount": f"{AMOUNT}.00", "customer": CUSTOMER}
        assert (await shop.notify(forged)).status_code in {400, 401}
        assert (await shop.notify(text)).status_code == 400
        wrong_key = {"Authorization": "Bearer kunci-kanaria-7341"}
        answer = await shop.http.get(f"{shop.api}/v1/payments", headers=wrong_key)
        assert answer.status_code == 401
        self.planted.plant(wrong_key="kunci-kanaria-7341")

    async def _gateway_in_trouble(self) -> None:
        for fault in ("malformed", "html:502", "status:500", "timeout_after"):
            order = self.shop.order(
                amount=AMOUNT,
                customer=CUSTOMER,
                items=[{"id": "D", "name": "Papan Kanaria 8.0", "price": AMOUNT, "quantity": 1}],
            )
            about = {"operation": "charge", "order_id": f"{order['order_id']}~1", "times": 1}
            await self.shop.plan_faults({**about, "fault": fault})
            answer = await self.shop.post("/v1/payments", order)
            assert answer.status_code < 500 or answer.status_code == 504, answer.text
        await self.shop.plan_faults()

    async def _mail_server_in_trouble(self) -> None:
        misbehave = self.shop.stack.mail_dir.with_name(MISBEHAVE)
        misbehave.write_text(f"550 5.1.1 <{CUSTOMER['email']}> is unknown to us")
        order_id = await self._checkout("cimb_va")
        try:
            await self.shop.customer(f"{order_id}~1", "pay")
            await self.shop.payment_when(order_id, status="paid", invoice_number=...)
            worker = self.shop.stack.children["worker"]
            await worker.wait_until(lambda: _said(worker.said, "mail"), START_WAIT)
        finally:
            misbehave.unlink()
        await self._command("retry-now", order_id, "--reason", "alasan-kanaria")
        await self.shop.mail(order_id)

    async def _database_away(self) -> None:
        order_id = await self._checkout("permata_va")
        postgres = self.shop.stack.children["postgres"]
        await postgres.stop()
        await self.shop.customer(f"{order_id}~1", "pay")
        assert (await self.shop.get(f"/v1/payments/{order_id}")).status_code == 503
        postgres.start()
        await until(self._database_is_back)
        await self._command("retry-now", order_id, "--reason", "alasan-kanaria")
        await self.shop.payment_when(order_id, status="paid")

    async def _database_is_back(self) -> bool | None:
        return (await self.shop.get("/v1/payments")).is_success or None

    async def _told_to_finance(self) -> None:
        await self._command("reconcile", exit_codes={0, 1})
        export = str(self.left / "november.csv")
        days = ("--from", "2026-01-01", "--to", "2099-12-31")
        await self._command("finance", "export", *days, "--output", export)

    async def _command(
        self, *arguments: str, exit_codes: frozenset[int] | set[int] = frozenset({0})
    ) -> None:
        ran = await self.shop.command(*arguments)
        assert ran.exit_code in exit_codes, ran.err


async def _said(said: Any, words: str) -> bool:
    return words in said()


def _keys_of(stack: Stack) -> dict[str, str]:
    environment = stack.environment
    secrets: dict[str, str] = {
        name: environment[name]
        for name in ("PAYMENTS_MIDTRANS_SERVER_KEY", "PAYMENTS_API_KEY", "PAYMENTS_CODEC_SECRET")
        if name in environment
    }
    for name in ("TEMPORAL", "DATABASE", "LOOKUP"):
        keyset = json.loads(Path(environment[f"PAYMENTS_KEYSET_{name}"]).read_text())
        secrets[f"keyset {name}"] = keyset["key"][0]["keyData"]["value"]
    return secrets


async def _metrics_of(shop: Shop) -> str:
    urls = shop.stack.addresses.metrics_urls
    return "\n".join([(await shop.http.get(url)).raise_for_status().text for url in urls])


async def _dump_of(stack: Stack, left: Path) -> Path:
    url = make_url(stack.environment["PAYMENTS_DATABASE_URL"])
    dump = left / "dump.sql"
    process = await asyncio.create_subprocess_exec(
        wheel_programs().directory / "pg_dump",
        *("--host", url.host or "", "--port", str(url.port), "--username", url.username or ""),
        *("--file", str(dump), url.database or ""),
        env={"PGPASSWORD": url.password or ""},
    )
    assert await process.wait() == 0
    return dump
