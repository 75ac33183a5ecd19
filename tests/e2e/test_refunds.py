"""Money goes back as the shop asks: once per key, in full or in parts, never more than came."""

import asyncio
import json
from dataclasses import replace
from io import BytesIO

import pytest
from pypdf import PdfReader

from tests.e2e.evidence import Shown, expect
from tests.e2e.refunds import ask_back, credit_note, credited, given_back, paid, refund_when
from tests.e2e.shop import Shop

pytestmark = pytest.mark.e2e

TAKEN = Shown(
    status="refunded",
    told="is on its way back to you",
    audit=("order.paid", "refund.requested", "refund.sent", "refund.accepted"),
    gateway=("1 refund",),
    mails=("receipt", "refund"),
)
REFUNDED = Shown(
    status="refunded",
    told="We have returned your money",
    audit=(*TAKEN.audit, "credit_note.issued", "refund.confirmed"),
    gateway=("1 refund",),
    mails=("receipt", "refund"),
)
PARTLY_TAKEN = replace(TAKEN, status="partially_refunded", gateway=("1 partial_refund",))
STILL_PAID = Shown(
    status="paid",
    told="We have received your payment",
    audit=("order.paid", "refund.requested"),
    gateway=("1 settlement",),
    mails=("receipt",),
)


@pytest.mark.parametrize("method", ["qris", "gopay"])
async def test_a_refund_is_taken_by_the_gateway_and_then_confirmed_by_the_bank(
    shop: Shop, method: str
) -> None:
    order_id = await paid(shop, method=method)

    answer = await ask_back(shop, order_id)

    assert answer.status_code == 202
    await refund_when(shop, order_id, "accepted")
    taken = await expect(shop, order_id, TAKEN)
    assert taken["fulfillable"] is False
    await shop.customer(f"{order_id}~1", "confirm_refund")
    refunded = await expect(shop, order_id, REFUNDED)
    assert refunded["refunded_amount"] == {"value": 350_000, "currency": "IDR"}
    [refund] = refunded["refunds"]
    assert refund["confirmed_at"] is not None
    assert (await shop.get(answer.headers["location"].removeprefix(shop.api))).json() == refund
    assert (await shop.feed(order_id))[-2:] == ["payment.paid", "payment.refunded"]


async def test_a_refund_has_a_credit_note_by_the_api_and_in_the_mail(shop: Shop) -> None:
    order_id = await paid(shop)

    await ask_back(shop, order_id, 100_000)

    await expect(shop, order_id, PARTLY_TAKEN)
    refund = await refund_when(shop, order_id, "accepted")
    pdf = await credit_note(shop, order_id, refund["credit_note_number"])
    assert pdf.headers["content-type"] == "application/pdf"
    text = PdfReader(BytesIO(pdf.content)).pages[0].extract_text()
    assert refund["credit_note_number"] in text
    assert (await shop.payment(order_id))["invoice_number"] in text
    assert "Rp100.000" in text
    mail = (await shop.mails(order_id))[-1]
    [attachment] = list(mail.iter_attachments())
    assert attachment.get_content() == pdf.content
    assert mail["To"].addresses[0].addr_spec == "sari@example.com"
    assert (await credit_note(shop, order_id, "CN-1")).json()["code"] == "credit_note_unknown"


async def test_the_same_key_again_is_the_same_refund_and_never_another(shop: Shop) -> None:
    order_id = await paid(shop)

    answers = await asyncio.gather(*(ask_back(shop, order_id, 100_000) for _ in range(5)))
    later = await ask_back(shop, order_id, 100_000)
    other = await ask_back(shop, order_id, 90_000)

    assert {answer.status_code for answer in (*answers, later)} == {202}
    assert len({answer.json()["created_at"] for answer in (*answers, later)}) == 1
    assert (other.status_code, other.json()["code"]) == (409, "refund_conflict")
    await expect(shop, order_id, PARTLY_TAKEN)
    assert await given_back(shop, order_id) == [100_000]


async def test_an_operator_gives_money_back_and_is_named_in_no_answer(shop: Shop) -> None:
    order_id = await paid(shop)
    wish = ("refund", order_id, "--key", "wheel", "--reason", "one wheel was missing", "--json")

    ran = await shop.command(*wish, operator="budi")
    again = await shop.command(*wish, operator="citra")

    assert ran.exit_code == 0, ran.err
    assert json.loads(ran.out)["refund_key"] == "wheel"
    assert again.exit_code == 0, again.err
    assert "budi" not in ran.out + again.out
    await expect(shop, order_id, TAKEN)
    assert await given_back(shop, order_id) == [350_000]


async def test_money_goes_back_in_parts_until_nothing_is_left(shop: Shop) -> None:
    order_id = await paid(shop)

    await ask_back(shop, order_id, 100_000, "wheel")
    await refund_when(shop, order_id, "accepted", "wheel")
    partly = await shop.payment_when(order_id, status="partially_refunded")
    beyond = await ask_back(shop, order_id, 250_001, "deck")
    await credited(shop, order_id, "wheel")
    await ask_back(shop, order_id, None, "deck")
    await refund_when(shop, order_id, "accepted", "deck")
    await credited(shop, order_id, "deck")
    nothing = await ask_back(shop, order_id, None, "more")
    await shop.customer(f"{order_id}~1", "confirm_refund")

    assert partly["fulfillable"] is True
    assert partly["refunded_amount"]["value"] == 100_000
    assert beyond.status_code == 422
    [problem] = beyond.json()["errors"]
    assert problem["field"] == "amount.value"
    assert "250000" in problem["rule"]
    assert (nothing.status_code, nothing.json()["code"]) == (409, "not_refundable")
    each = ("refund.requested", "refund.sent", "refund.accepted", "credit_note.issued")
    shown = await expect(
        shop,
        order_id,
        replace(
            REFUNDED,
            audit=("order.paid", *each, *each, "refund.confirmed", "refund.confirmed"),
            mails=("receipt", "refund", "refund"),
        ),
    )
    assert len({refund["credit_note_number"] for refund in shown["refunds"]}) == 2
    assert await given_back(shop, order_id) == [100_000, 250_000]


async def test_money_given_back_the_moment_it_came_is_invoiced_and_credited_all_the_same(
    shop: Shop,
) -> None:
    order_id = (await shop.checkout(method="qris"))["order_id"]
    await shop.customer(f"{order_id}~1", "pay")
    await shop.payment_when(order_id, status="paid")

    await ask_back(shop, order_id)

    shown = await expect(shop, order_id, TAKEN)
    pdf = await credit_note(shop, order_id, shown["refunds"][0]["credit_note_number"])
    assert shown["invoice_number"] in PdfReader(BytesIO(pdf.content)).pages[0].extract_text()


async def test_of_two_refunds_at_once_that_exceed_the_payment_one_is_refused(shop: Shop) -> None:
    order_id = await paid(shop)

    answers = await asyncio.gather(
        ask_back(shop, order_id, 200_000, "first"), ask_back(shop, order_id, 200_000, "second")
    )

    assert sorted(answer.status_code for answer in answers) == [202, 422]
    await expect(shop, order_id, PARTLY_TAKEN)
    assert await given_back(shop, order_id) == [200_000]


async def test_a_wallet_that_gives_back_only_everything_is_not_asked_for_a_part(shop: Shop) -> None:
    order_id = await paid(shop, method="shopeepay")

    answer = await ask_back(shop, order_id, 100_000)

    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == ["amount.value"]
    await expect(shop, order_id, replace(STILL_PAID, audit=("order.paid",)))


async def test_what_is_not_paid_cannot_be_given_back(shop: Shop) -> None:
    order_id = (await shop.checkout(method="qris"))["order_id"]

    answer = await ask_back(shop, order_id)
    unknown = await ask_back(shop, shop.new_order_id())

    assert (answer.status_code, answer.json()["code"]) == (409, "not_refundable")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "order_unknown")
    await expect(
        shop,
        order_id,
        Shown(
            status="awaiting_payment",
            told="Please",
            audit=("attempt.opened",),
            gateway=("1 pending",),
        ),
    )
