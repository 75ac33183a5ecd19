"""The doctor's invariants on what is stored: what was tampered with, lost or left is named."""

import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from adapters.postgres.invoice_store import InvoiceStore
from adapters.postgres.mail_ledger import MailLedger
from local_stack.certificates import local_certificates
from local_stack.ports import LOOPBACK, Ports
from local_stack.processes import python_module, running
from payments.commands import MailOrder, UnmatchedAnswer
from payments.mails import Mail, MailKind
from payments.status import AttemptStatus
from tests.payments.samples import MERCHANT, REQUEST, after, report_of
from tests.starter.books import Books
from tests.starter.test_serving import START_WAIT

SERVER_KEY, MERCHANT_ID = "SB-Mid-server-invariants", "G812785002"


async def examined(books: Books, exit_code: int, *options: str) -> dict[str, str]:
    """What was found, by invariant, where it is not well."""
    result = await books.starter("doctor", "--invariants", "--json", *options)
    assert result.exit_code == exit_code, result.output
    findings: list[dict[str, Any]] = json.loads(result.stdout)
    assert [each["check"] for each in findings] == ["orders", *(f"I{n}" for n in range(1, 15))]
    return {each["check"]: each["found"] for each in findings if not each["ok"]}


async def finished(books: Books, order_id: str) -> None:
    """A paid order with its invoice, drawn, and its receipt, sent."""
    await books.paid(order_id)
    invoices = InvoiceStore(books.engine, books.sealer, MERCHANT)
    issued = await invoices.issue(order_id, after(minutes=2))
    await invoices.store_pdf(issued.number, b"%PDF-")
    letter = MailOrder(order_id=order_id, mail=Mail(MailKind.RECEIPT, 1), at=after(minutes=3))
    await MailLedger(books.engine, books.sealer, "skaters.example").record_sent(letter)


async def tamper(books: Books, statement: str) -> None:
    async with books.engine.begin() as connection:
        await connection.execute(text(statement))


@pytest.fixture
async def order_id(books: Books) -> str:
    await finished(books, "SKT-1")
    return "SKT-1"


async def test_orders_that_are_finished_are_well(books: Books, order_id: str) -> None:
    await finished(books, f"{order_id}-2")

    assert await examined(books, 0) == {}


async def test_an_empty_service_is_well(books: Books) -> None:
    assert await examined(books, 0) == {}


async def test_each_violation_is_named_with_its_order(books: Books, order_id: str) -> None:
    await tamper(books, "UPDATE orders SET updated_at = updated_at + interval '1 second'")
    await tamper(books, "UPDATE mail_ledger SET sent_at = NULL")
    await tamper(books, "UPDATE invoice_numbers SET last_serial = 3")

    found = await examined(books, 1)

    assert found == {
        "I6": "2026 has no number 2",
        "I7": f"{order_id} is paid, and no receipt was sent",
        "I10": f"{order_id} its last change is not in the audit log",
    }


async def test_money_of_an_order_that_is_not_stored_is_named(books: Books) -> None:
    request = replace(REQUEST, order_id="SKT-9")
    money = report_of(request, AttemptStatus.PAID)
    unmatched = UnmatchedAnswer(order_id="SKT-9", number=1, report=money, at=after(hours=1))
    await books.store.record_unmatched(unmatched)
    await tamper(books, "DELETE FROM cases")

    found = await examined(books, 1)

    assert found == {"I2": "SKT-9 trx-1 is paid at the gateway, and nobody's case"}


async def test_what_is_young_need_not_be_finished(books: Books) -> None:
    await books.paid("SKT-1")

    assert (
        await examined(books, 0, "--grace", str(timedelta(days=3650) // timedelta(minutes=1))) == {}
    )
    assert set(await examined(books, 1, "--grace", "0")) == {"I6", "I7"}


async def test_more_than_anybody_reads_is_only_counted(books: Books) -> None:
    for number in range(22):
        await books.paid(f"SKT-{number:02}")

    found = await examined(books, 1)

    assert found["I6"].count("is paid, and has no invoice") == 20
    assert found["I6"].endswith("; 2 more")
    assert set(found) == {"I6", "I7"}


async def test_people_read_the_promise_or_what_contradicts_it(books: Books, order_id: str) -> None:
    await tamper(books, "UPDATE mail_ledger SET sent_at = NULL")

    said = await books.starter("doctor", "--invariants")

    assert said.exit_code == 1
    lines = said.stdout.splitlines()
    assert "1 examined, Midtrans was not asked" in lines[0]
    assert lines[1].startswith("✓ I1")
    assert "Never paid without a settlement" in lines[1]
    assert lines[7].startswith("✗ I7")
    assert f"{order_id} is paid, and no receipt was sent → see what became of it" in lines[7]


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator["Gateway"]:
    """A Midtrans, and how the doctor is told of it."""
    certificates = local_certificates(tmp_path)
    port = Ports().choose()
    simulator = python_module(
        "simulator",
        "simulator",
        *("--port", str(port), "--merchant", f"{SERVER_KEY}:client-key:{MERCHANT_ID}"),
        *("--tls-cert", str(certificates.certificate), "--tls-key", str(certificates.key)),
    )
    url = f"https://{LOOPBACK}:{port}"
    trust = ssl.create_default_context(cafile=certificates.ca)
    async with (
        running(simulator, tmp_path / "logs") as child,
        httpx.AsyncClient(verify=trust, trust_env=False, base_url=url) as http,
    ):

        async def listens() -> bool:
            return str(port) in child.said()

        await child.wait_until(listens, START_WAIT)
        told = {
            "PAYMENTS_MIDTRANS_SERVER_KEY": SERVER_KEY,
            "PAYMENTS_MIDTRANS_MERCHANT_ID": MERCHANT_ID,
            "PAYMENTS_MIDTRANS_URL": url,
            "PAYMENTS_MIDTRANS_SNAP_URL": f"{url}/snap/v1",
            "PAYMENTS_MIDTRANS_CA_FILE": str(certificates.ca),
            "PAYMENTS_RECONCILE_RATE": "50",
        }
        yield Gateway(http, told)


@dataclass(frozen=True)
class Gateway:
    http: httpx.AsyncClient
    environment: dict[str, str]

    async def does(self, method: str, path: str, **body: object) -> None:
        answer = await self.http.request(method, f"/_simulator{path}", json=body)
        assert answer.is_success, answer.text


async def test_the_gateway_is_asked_when_that_is_wanted(
    books: Books, order_id: str, gateway: Gateway
) -> None:
    asking = replace(books, environment={**books.environment, **gateway.environment})

    found = await examined(asking, 1, "--ask")

    assert found == {"I1": f"{order_id} trx-{order_id} pays it, and the gateway does not have it"}
    assert await examined(asking, 0) == {}


async def test_an_order_about_which_the_gateway_is_silent_is_not_blamed(
    books: Books, order_id: str, gateway: Gateway
) -> None:
    asking = replace(books, environment={**books.environment, **gateway.environment})
    await gateway.does("PUT", "/faults", faults=[{"operation": "status", "fault": "refuse"}])

    found = await examined(asking, 1, "--ask")

    assert found == {"orders": "1 examined, Midtrans answered about 0"}
    assert order_id
