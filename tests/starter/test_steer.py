"""Reading and cancelling payments, on real parts."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import select
from temporalio.client import Client

from adapters.postgres.tables import audit_events
from payments.commands import Answer
from payments.gateway import AttemptRef
from payments.methods import Integration
from starter.problems import ProblemCode
from tests.starter.conftest import READER_KEY, Shop
from tests.starter.orders import order

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]


async def pay(shop: Shop, order_id: str) -> None:
    """The customer pays, and the gateway's answer is recorded as the workflow would."""
    shop.gateway.pay(f"{order_id}~1")
    ref = AttemptRef(order_id=order_id, number=1, integration=Integration.CORE)
    report = await shop.gateway.ask(ref)
    now = datetime.now(UTC)
    await shop.store.record_answer(
        Answer(order_id=order_id, number=1, report=report, is_closed=False, at=now)
    )


async def test_an_order_that_nobody_knows_is_not_found(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    read = await http.get(f"/v1/payments/{order_id}")
    cancelled = await http.post(f"/v1/payments/{order_id}/cancel", json={"reason": "why not"})
    invoice = await http.get(f"/v1/payments/{order_id}/invoice.pdf")

    for answer in (read, cancelled, invoice):
        assert answer.status_code == 404
        assert answer.json()["code"] == ProblemCode.ORDER_UNKNOWN
    assert not await shop.knows(order_id)


@pytest.mark.parametrize("path", ["%00", "a%00b", "~", "%F0%9F%9B%B9", "x" * 4000])
async def test_an_id_that_no_order_can_have_is_not_found(
    http: httpx.AsyncClient, path: str
) -> None:
    answer = await http.get(f"/v1/payments/{path}")

    assert answer.status_code == 404
    assert answer.json()["code"] == ProblemCode.ORDER_UNKNOWN


async def test_a_cancelled_payment_stays_cancelled(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))

    first = await http.post(f"/v1/payments/{order_id}/cancel", json={"reason": "sold out"})
    again = await http.post(f"/v1/payments/{order_id}/cancel", json={"reason": "really"})
    restarted = await http.post("/v1/payments", json=order(order_id))

    assert (first.status_code, again.status_code, restarted.status_code) == (200, 200, 200)
    assert first.json()["status"] == "cancelled"
    assert first.json()["instructions"] is None
    assert again.json() == first.json() == restarted.json()
    assert shop.gateway.called[order_id] == 1


async def test_a_paid_order_cannot_be_cancelled(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))
    await pay(shop, order_id)

    answer = await http.post(f"/v1/payments/{order_id}/cancel", json={"reason": "too late"})

    assert answer.status_code == 409
    problem = answer.json()
    assert problem["code"] == ProblemCode.ALREADY_PAID
    assert problem["payment"]["status"] == "paid"
    assert problem["payment"]["fulfillable"] is True


async def test_money_that_was_faster_than_a_cancel_wins(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))
    shop.gateway.pay(f"{order_id}~1")

    answer = await http.post(f"/v1/payments/{order_id}/cancel", json={"reason": "changed my mind"})

    assert answer.status_code == 409
    assert answer.json()["code"] == ProblemCode.ALREADY_PAID


async def test_a_cancel_that_the_gateway_is_slow_to_carry_out_is_under_way(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    shop.gateway.stubborn.add(order_id)
    await http.post("/v1/payments", json=order(order_id))

    async with shop.http(patience=timedelta(seconds=0.7)) as hasty:
        answer = await hasty.post(f"/v1/payments/{order_id}/cancel", json={"reason": "sold out"})

    assert answer.status_code == 202
    assert answer.json()["status"] == "checking"
    assert "jangan membayar lagi" in answer.json()["message"]["id"]


async def test_without_temporal_nothing_is_cancelled(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))
    nobody = await Client.connect("127.0.0.1:9", lazy=True)

    async with shop.http(patience=timedelta(seconds=0.7), temporal=nobody) as without:
        answer = await without.post(f"/v1/payments/{order_id}/cancel", json={"reason": "sold out"})

    assert answer.status_code == 503
    read = await http.get(f"/v1/payments/{order_id}")
    assert read.json()["status"] == "awaiting_payment"


async def test_a_paid_order_is_answered_as_paid_to_the_same_request(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))
    await pay(shop, order_id)

    answer = await http.post("/v1/payments", json=order(order_id))

    assert answer.status_code == 200
    assert answer.json()["status"] == "paid"
    assert answer.json()["paid_with"] == "bca_va"


async def test_the_invoice_is_served_once_it_is_drawn(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))
    before = await http.get(f"/v1/payments/{order_id}/invoice.pdf")
    await pay(shop, order_id)
    invoice = await shop.invoices.issue(order_id, datetime.now(UTC))
    await shop.invoices.store_pdf(invoice.number, b"%PDF-1.7 paid")

    after = await http.get(f"/v1/payments/{order_id}/invoice.pdf")

    assert before.status_code == 404
    assert before.json()["code"] == ProblemCode.INVOICE_UNKNOWN
    assert after.status_code == 200
    assert after.headers["content-type"] == "application/pdf"
    assert after.headers["cache-control"] == "no-store"
    assert f'filename="{invoice.number}.pdf"' in after.headers["content-disposition"]
    assert after.content == b"%PDF-1.7 paid"


async def test_payments_are_listed_newest_first_page_by_page(
    http: httpx.AsyncClient, order_id: str
) -> None:
    since = (datetime.now(UTC) - timedelta(milliseconds=1)).isoformat()
    made = [f"{order_id}-{number}" for number in range(3)]
    for each in made:
        await http.post("/v1/payments", json=order(each))
    query: dict[str, str | int] = {"from": since, "limit": 2, "status": "awaiting_payment"}

    first = (await http.get("/v1/payments", params=query)).json()
    second = (
        await http.get("/v1/payments", params={**query, "cursor": first["next_cursor"]})
    ).json()

    listed = [payment["order_id"] for payment in (*first["payments"], *second["payments"])]
    assert listed == list(reversed(made))
    assert second["next_cursor"] is None


async def test_the_feed_tells_every_change_of_status_in_order(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    after = (await http.get("/v1/events", params={"limit": 500})).json()["next_cursor"]
    await http.post("/v1/payments", json=order(order_id))
    await pay(shop, order_id)

    query = {} if after is None else {"after": after}
    page = (await http.get("/v1/events", params=query)).json()

    mine = [event for event in page["events"] if event["order_id"] == order_id]
    assert [event["type"] for event in mine] == [
        "payment.preparing",
        "payment.awaiting_payment",
        "payment.paid",
    ]
    assert [event["version"] for event in mine] == sorted(event["version"] for event in mine)
    assert mine[-1]["payment"]["status"] == "paid"
    again = (await http.get("/v1/events", params={"after": page["next_cursor"]})).json()
    assert again == {"events": [], "next_cursor": page["next_cursor"]}


async def test_methods_are_those_that_take_the_amount(http: httpx.AsyncClient) -> None:
    body = (await http.get("/v1/payment-methods", params={"amount": 10_000_001})).json()

    found = {each["method"]: each for each in body["methods"]}
    assert "qris" not in found
    assert found["permata_va"]["fulfilment_hold_seconds"] == 900
    assert found["gopay"]["refundable"] is True
    assert found["credit_card"]["integrations"] == ["snap"]
    assert found["bca_va"]["amount_max"] == {"value": 20_000_000_000, "currency": "IDR"}


async def test_the_audit_names_the_client_whose_key_it_was(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))
    await http.post(f"/v1/payments/{order_id}/cancel", json={"reason": "sold out"})

    query = select(audit_events.c.actor).where(audit_events.c.order_id == order_id)
    async with shop.engine.connect() as connection:
        actors = set((await connection.execute(query)).scalars())

    assert actors == {"api:checkout", "gateway"}


async def test_a_reader_s_key_reads_and_starts_nothing(shop: Shop, order_id: str) -> None:
    async with shop.http(key=READER_KEY) as reader:
        started = await reader.post("/v1/payments", json=order(order_id))
        cancelled = await reader.post(f"/v1/payments/{order_id}/cancel", json={"reason": "x"})
        listed = await reader.get("/v1/payments")

    assert (started.status_code, cancelled.status_code) == (403, 403)
    assert started.json()["code"] == ProblemCode.FORBIDDEN
    assert 'scope="start"' in started.headers["www-authenticate"]
    assert listed.status_code == 200
    assert not await shop.knows(order_id)
