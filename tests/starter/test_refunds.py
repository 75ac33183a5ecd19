"""Giving money back through the API, on real parts: once per key, and never more than there is."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from payments.commands import CreditNoteOrder
from payments.refunds import RefundAnswer, RefundOutcome
from starter.problems import ProblemCode
from tests.starter.conftest import REFUND_KEY, Shop
from tests.starter.orders import order
from tests.starter.test_decisions import until
from tests.starter.test_steer import pay

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]

SHORT = timedelta(seconds=0.7)
PART = {"value": 50_000, "currency": "IDR"}
MEMBERS = [
    *("refund_key", "amount", "status", "reason", "created_at", "confirmed_at"),
    *("credit_note_number", "transaction_id", "cause"),
]


def wish(**members: Any) -> dict[str, Any]:
    return {"refund_key": "wheel-1", "amount": PART, "reason": "one wheel was missing", **members}


async def paid_order(http: httpx.AsyncClient, shop: Shop, order_id: str, method: str) -> str:
    await http.post("/v1/payments", json=order(order_id, method=method))
    await pay(shop, order_id)
    return order_id


@pytest.fixture
async def desk(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """The API as the help desk calls it, which may give money back."""
    async with shop.http(key=REFUND_KEY) as client:
        yield client


@pytest.fixture
async def qris(http: httpx.AsyncClient, shop: Shop, order_id: str) -> str:
    """The address of the refunds of an order paid by QRIS, which gives money back itself."""
    await paid_order(http, shop, order_id, "qris")
    return f"/v1/payments/{order_id}/refunds"


@pytest.fixture
async def transfer(http: httpx.AsyncClient, shop: Shop, order_id: str) -> str:
    """The address of the refunds of an order paid by bank transfer, which cannot."""
    await paid_order(http, shop, order_id, "bca_va")
    return f"/v1/payments/{order_id}/refunds"


async def test_a_refund_is_taken_and_goes_its_way(
    desk: httpx.AsyncClient, shop: Shop, qris: str, order_id: str
) -> None:
    answer = await desk.post(qris, json=wish())

    assert answer.status_code == 202
    assert list(answer.json()) == MEMBERS
    assert answer.headers["location"] == f"{qris}/wheel-1"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["amount"] == PART
    assert answer.json()["reason"] == "one wheel was missing"
    assert answer.json()["cause"] == "requested"

    async def is_accepted() -> bool:
        return bool((await desk.get(f"{qris}/wheel-1")).json()["status"] == "accepted")

    await until(is_accepted)
    payment = (await desk.get(f"/v1/payments/{order_id}")).json()
    assert payment["status"] == "partially_refunded"
    assert payment["refunded_amount"] == PART
    assert payment["refunds"] == [(await desk.get(f"{qris}/wheel-1")).json()]
    assert len(shop.gateway.given_back[f"{order_id}~1"]) == 1


async def test_the_same_key_again_is_the_same_refund(
    desk: httpx.AsyncClient, shop: Shop, qris: str, order_id: str
) -> None:
    clicks = await asyncio.gather(*(desk.post(qris, json=wish()) for _ in range(5)))
    later = await desk.post(qris, json=wish(amount=None))
    other_words = await desk.post(qris, json=wish(reason="asked again"))

    assert {each.status_code for each in (*clicks, later, other_words)} == {202}
    assert {each.json()["created_at"] for each in (*clicks, later, other_words)} == {
        clicks[0].json()["created_at"]
    }
    assert other_words.json()["reason"] == "one wheel was missing"
    payment = (await desk.get(f"/v1/payments/{order_id}")).json()
    assert len(payment["refunds"]) == 1


async def test_a_key_stands_for_one_amount(
    desk: httpx.AsyncClient, qris: str, order_id: str
) -> None:
    await desk.post(qris, json=wish())

    answer = await desk.post(qris, json=wish(amount={"value": 60_000, "currency": "IDR"}))

    assert answer.status_code == 409
    assert answer.json()["code"] == ProblemCode.REFUND_CONFLICT
    payment = (await desk.get(f"/v1/payments/{order_id}")).json()
    assert [each["amount"] for each in payment["refunds"]] == [PART]


async def test_without_an_amount_all_that_is_left_goes_back(
    desk: httpx.AsyncClient, qris: str
) -> None:
    await desk.post(qris, json=wish())

    answer = await desk.post(qris, json={"refund_key": "rest", "reason": "all of it"})
    more = await desk.post(qris, json=wish(refund_key="more"))

    assert answer.json()["amount"]["value"] == 300_000
    assert more.status_code == 409
    assert more.json()["code"] == ProblemCode.NOT_REFUNDABLE


async def test_refunds_at_once_never_exceed_what_was_paid(
    desk: httpx.AsyncClient, qris: str, order_id: str
) -> None:
    each_much = {"value": 200_000, "currency": "IDR"}

    answers = await asyncio.gather(
        *(desk.post(qris, json=wish(refund_key=f"K-{n}", amount=each_much)) for n in range(4))
    )

    assert sorted(each.status_code for each in answers) == [202, 422, 422, 422]
    payment = (await desk.get(f"/v1/payments/{order_id}")).json()
    assert len(payment["refunds"]) == 1


async def test_what_was_refused_in_a_race_may_be_asked_for_again_with_the_same_key(
    desk: httpx.AsyncClient, qris: str
) -> None:
    too_much = {"value": 200_000, "currency": "IDR"}
    answers = await asyncio.gather(
        *(desk.post(qris, json=wish(refund_key=f"K-{n}", amount=too_much)) for n in range(2))
    )
    refused = next(n for n, answer in enumerate(answers) if answer.status_code != 202)

    again = await desk.post(qris, json=wish(refund_key=f"K-{refused}"))

    assert again.status_code == 202
    assert again.json()["amount"] == PART


@pytest.mark.parametrize(
    ("members", "field", "rule"),
    [
        ({"refund_key": ""}, "refund_key", "1 to 40 of A-Z a-z 0-9 - _"),
        ({"refund_key": "x" * 41}, "refund_key", "1 to 40 of A-Z a-z 0-9 - _"),
        ({"refund_key": "a/b"}, "refund_key", "1 to 40 of A-Z a-z 0-9 - _"),
        ({"reason": " "}, "reason", "1 to 500 printable characters"),
        ({"reason": "x" * 501}, "reason", "must have at most 500 characters"),
        ({"reason": "a\nb"}, "reason", "must not contain control characters"),
        (
            {"amount": {"value": 0, "currency": "IDR"}},
            "amount.value",
            "1 to 350000: what is left of the payment",
        ),
        (
            {"amount": {"value": 350_001, "currency": "IDR"}},
            "amount.value",
            "1 to 350000: what is left of the payment",
        ),
        ({"amount": {"value": 1.5, "currency": "IDR"}}, "amount.value", "must be an integer"),
        ({"amount": 50_000}, "amount", "must be an object"),
        ({"by_transfer": True}, "by_transfer", "is not a member of this request"),
    ],
)
async def test_a_wrong_wish_names_the_field_and_its_rule(
    desk: httpx.AsyncClient,
    qris: str,
    order_id: str,
    members: dict[str, Any],
    field: str,
    rule: str,
) -> None:
    answer = await desk.post(qris, json=wish(**members))

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": field, "rule": rule}]
    assert (await desk.get(f"/v1/payments/{order_id}")).json()["refunds"] == []


async def test_a_method_that_gives_back_the_whole_only_says_so(
    http: httpx.AsyncClient, desk: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    await paid_order(http, shop, order_id, "shopeepay")

    answer = await desk.post(f"/v1/payments/{order_id}/refunds", json=wish())

    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "amount.value", "rule": "shopeepay gives back the whole amount only: 350000"}
    ]


async def test_what_was_never_paid_cannot_be_given_back(
    http: httpx.AsyncClient, desk: httpx.AsyncClient, order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))

    answer = await desk.post(f"/v1/payments/{order_id}/refunds", json=wish())

    assert answer.status_code == 409
    assert answer.json()["code"] == ProblemCode.NOT_REFUNDABLE
    assert answer.json()["detail"].endswith("it is not paid")
    assert set(answer.json()["message"]) == {"id", "en"}


async def test_money_paid_by_bank_transfer_is_to_be_given_back_by_hand(
    desk: httpx.AsyncClient, transfer: str, order_id: str
) -> None:
    answer = await desk.post(transfer, json=wish())

    assert answer.status_code == 202
    assert answer.json()["status"] == "manual"
    payment = (await desk.get(f"/v1/payments/{order_id}")).json()
    assert payment["status"] == "paid"
    assert payment["attention"] == "manual_refund"
    assert "token" not in (await desk.get(f"/v1/payments/{order_id}")).text.replace('"token":', "")


async def test_a_large_refund_waits_for_a_second_person(
    desk: httpx.AsyncClient, shop: Shop, qris: str, order_id: str
) -> None:
    answer = await desk.post(qris, json=wish(amount=None))

    assert answer.json()["status"] == "requested"
    payment = (await desk.get(f"/v1/payments/{order_id}")).json()
    assert payment["attention"] == "refund_approval"
    assert f"{order_id}~1" not in shop.gateway.given_back


async def test_a_refused_refund_says_so_and_another_may_be_asked_for(
    desk: httpx.AsyncClient, shop: Shop, qris: str, order_id: str
) -> None:
    shop.gateway.refund_answers[order_id] = RefundAnswer(
        outcome=RefundOutcome.REFUSED, gateway_code="412"
    )
    await desk.post(qris, json=wish())

    async def is_refused() -> bool:
        return bool((await desk.get(f"{qris}/wheel-1")).json()["status"] == "refused")

    await until(is_refused)
    del shop.gateway.refund_answers[order_id]
    other = await desk.post(qris, json=wish(refund_key="wheel-2"))

    assert other.status_code == 202
    assert (await desk.get(f"/v1/payments/{order_id}")).json()["status"] == "paid"


@pytest.mark.parametrize("path", ["/refunds/wheel-1", "/refunds/%00", "/refunds/" + "x" * 4000])
async def test_a_refund_that_nobody_asked_for_is_not_found(
    desk: httpx.AsyncClient, qris: str, order_id: str, path: str
) -> None:
    answer = await desk.get(f"/v1/payments/{order_id}{path}")

    assert answer.status_code == 404
    assert answer.json()["code"] == ProblemCode.REFUND_UNKNOWN


async def test_of_an_unknown_order_nothing_is_given_back(
    desk: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    asked = await desk.post(f"/v1/payments/{order_id}/refunds", json=wish())
    read = await desk.get(f"/v1/payments/{order_id}/refunds/wheel-1")
    note = await desk.get(f"/v1/payments/{order_id}/credit-notes/CN-1.pdf")

    for answer in (asked, read, note):
        assert answer.status_code == 404
        assert answer.json()["code"] == ProblemCode.ORDER_UNKNOWN
    assert not await shop.knows(order_id)


async def test_only_a_key_with_the_scope_gives_money_back(
    http: httpx.AsyncClient, qris: str, order_id: str
) -> None:
    answer = await http.post(qris, json=wish())

    assert answer.status_code == 403
    assert 'scope="refund"' in answer.headers["www-authenticate"]
    assert (await http.get(f"/v1/payments/{order_id}")).json()["refunds"] == []


async def test_without_temporal_nothing_is_given_back(
    desk: httpx.AsyncClient, shop: Shop, qris: str, order_id: str
) -> None:
    nobody = await Client.connect("127.0.0.1:9", lazy=True)

    async with shop.http(key=REFUND_KEY, patience=SHORT, temporal=nobody) as without:
        answer = await without.post(qris, json=wish())

    assert answer.status_code == 503
    assert answer.json()["code"] == ProblemCode.TEMPORARILY_UNAVAILABLE
    assert (await desk.get(f"/v1/payments/{order_id}")).json()["refunds"] == []


async def test_a_refund_that_nobody_answers_in_time_is_to_be_asked_for_again(
    desk: httpx.AsyncClient, shop: Shop, qris: str
) -> None:
    async with shop.http(key=REFUND_KEY, patience=timedelta(0)) as hasty:
        answer = await hasty.post(qris, json=wish())

    assert answer.status_code == 504
    assert answer.json()["code"] == ProblemCode.NO_ANSWER
    assert (await desk.post(qris, json=wish())).status_code == 202


async def test_what_is_stored_is_answered_even_without_temporal(
    desk: httpx.AsyncClient, shop: Shop, qris: str
) -> None:
    first = await desk.post(qris, json=wish())
    nobody = await Client.connect("127.0.0.1:9", lazy=True)

    async with shop.http(key=REFUND_KEY, patience=SHORT, temporal=nobody) as without:
        again = await without.post(qris, json=wish())

    assert again.status_code == 202
    assert again.json()["created_at"] == first.json()["created_at"]


async def test_the_credit_note_is_served_once_it_is_drawn(
    desk: httpx.AsyncClient, shop: Shop, qris: str, order_id: str
) -> None:
    now = datetime.now(UTC)
    await shop.invoices.issue(order_id, now)
    await desk.post(qris, json=wish())

    async def is_accepted() -> bool:
        return bool((await desk.get(f"{qris}/wheel-1")).json()["status"] == "accepted")

    await until(is_accepted)
    note = await shop.credit_notes.issue(
        CreditNoteOrder(order_id=order_id, refund_key="wheel-1", at=now)
    )
    assert note is not None
    path = f"/v1/payments/{order_id}/credit-notes/{note.number}.pdf"
    before = await desk.get(path)
    await shop.credit_notes.store_pdf(note.number, b"%PDF-1.7 credited")

    after = await desk.get(path)
    unknown = await desk.get(f"/v1/payments/{order_id}/credit-notes/CN-1999-000001.pdf")
    junk = await desk.get(f"/v1/payments/{order_id}/credit-notes/%00.pdf")

    for missing in (before, unknown, junk):
        assert missing.status_code == 404
        assert missing.json()["code"] == ProblemCode.CREDIT_NOTE_UNKNOWN
    assert after.content == b"%PDF-1.7 credited"
    assert after.headers["content-type"] == "application/pdf"
    assert f'filename="{note.number}.pdf"' in after.headers["content-disposition"]
    assert (await desk.get(f"{qris}/wheel-1")).json()["credit_note_number"] == note.number
