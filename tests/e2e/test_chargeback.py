"""The card's issuer takes the money back: a dispute that is won, or lost."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.evidence import Shown, expect
from tests.e2e.letters import alerted
from tests.e2e.operators import decide, open_case, shown
from tests.e2e.refunds import ask_back, paid
from tests.e2e.shop import Shop

pytestmark = pytest.mark.e2e

DISPUTED = Shown(
    status="charged_back",
    told="The issuer of your card has taken this payment back",
    audit=("order.paid", "transaction.charged_back", "case.chargeback"),
    gateway=("1 chargeback",),
    mails=("receipt",),
    alerts=("chargeback",),
    attention="chargeback",
)
TO_ANSWER = timedelta(days=7)


async def paid_by_card(shop: Shop) -> str:
    return await paid(shop, method="credit_card", integration="snap")


async def test_a_chargeback_waits_for_evidence_and_when_won_leaves_the_order_paid(
    shop: Shop,
) -> None:
    order_id = await paid_by_card(shop)
    earliest = datetime.now(UTC) + TO_ANSWER - timedelta(seconds=1)

    await shop.customer(f"{order_id}~1", "chargeback")

    disputed = await expect(shop, order_id, DISPUTED)
    assert disputed["fulfillable"] is False
    case = await open_case(shop, order_id, "chargeback")
    seen = await shown(shop, case)
    due = datetime.fromisoformat(seen["details"]["evidence_due"])
    assert earliest <= due <= datetime.now(UTC) + TO_ANSWER
    assert seen["amount"] == {"value": 350_000, "currency": "IDR"}
    refused = await ask_back(shop, order_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_refundable")
    assert (await decide(shop, case, "won")).exit_code == 0
    won = await expect(
        shop,
        order_id,
        replace(
            DISPUTED,
            status="paid",
            told="We have received your payment",
            audit=(*DISPUTED.audit, "case.won"),
            attention=None,
        ),
    )
    assert won["fulfillable"] is True
    assert (await shop.feed(order_id))[-3:] == [
        "payment.paid",
        "payment.charged_back",
        "payment.paid",
    ]


async def test_of_a_partial_chargeback_that_is_lost_only_the_rest_may_be_given_back(
    shop: Shop,
) -> None:
    order_id = await paid_by_card(shop)
    await shop.customer(f"{order_id}~1", "settle")

    await shop.customer(f"{order_id}~1", "chargeback", amount=100_000)

    partial = replace(DISPUTED, gateway=("1 partial_chargeback",))
    await expect(shop, order_id, partial)
    case = await open_case(shop, order_id, "chargeback")
    too_much = await decide(shop, case, "lost", "--amount", "350001")
    assert too_much.exit_code == 1
    assert "1 to 350000" in too_much.err
    assert (await decide(shop, case, "lost", "--amount", "100000")).exit_code == 0
    lost = replace(partial, audit=(*DISPUTED.audit, "case.lost"), attention=None)
    await expect(shop, order_id, lost)
    refused = await ask_back(shop, order_id, 250_001)
    [problem] = refused.json()["errors"]
    assert refused.status_code == 422
    assert problem["field"] == "amount.value"
    assert problem["rule"].startswith("1 to 250000")


async def test_a_chargeback_that_is_lost_leaves_nothing_to_give_back(shop: Shop) -> None:
    order_id = await paid_by_card(shop)
    await shop.customer(f"{order_id}~1", "chargeback")
    case = await open_case(shop, order_id, "chargeback")
    await alerted(shop, order_id, "chargeback")

    assert (await decide(shop, case, "lost")).exit_code == 0

    lost = replace(DISPUTED, audit=(*DISPUTED.audit, "case.lost"), attention=None)
    await expect(shop, order_id, lost)
    refused = await ask_back(shop, order_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_refundable")


async def test_a_refund_that_waits_for_a_second_person_is_refused_by_a_chargeback(
    shop: Shop,
) -> None:
    order_id = await paid(shop, method="credit_card", integration="snap", amount=2_000_000)
    answer = await ask_back(shop, order_id)
    approval = await open_case(shop, order_id, "refund_approval")
    await alerted(shop, order_id, "refund_approval")

    await shop.customer(f"{order_id}~1", "chargeback")

    disputed = await expect(
        shop,
        order_id,
        replace(
            DISPUTED,
            audit=(
                "order.paid",
                "case.refund_approval",
                "transaction.charged_back",
                "refund.refused",
                "case.superseded",
                "case.chargeback",
            ),
            alerts=("refund_approval", "chargeback"),
        ),
    )
    assert answer.json()["status"] == "requested"
    assert [each["status"] for each in disputed["refunds"]] == ["refused"]
    too_late = await decide(shop, approval, "approved", operator="budi")
    assert too_late.exit_code == 1
    assert "superseded already" in too_late.err


async def test_refund_and_chargeback_at_the_same_moment_never_take_the_money_twice(
    shop: Shop,
) -> None:
    together, refund_first = [await paid_by_card(shop) for _ in range(2)]
    for order_id in (together, refund_first):
        await shop.customer(f"{order_id}~1", "settle")

    await asyncio.gather(
        ask_back(shop, together, 100_000), shop.customer(f"{together}~1", "chargeback")
    )
    await ask_back(shop, refund_first, 100_000)
    await shop.customer(f"{refund_first}~1", "chargeback")

    for order_id in (together, refund_first):
        [transaction] = await shop.at_gateway(order_id)
        given_back = int(float(transaction.get("refund_amount", 0)))
        disputed = await shop.payment_when(
            order_id,
            status="charged_back",
            refunded_amount={"value": given_back, "currency": "IDR"},
        )
        assert disputed["attention"] == "chargeback"
        refused = await ask_back(shop, order_id, 1, key="return-2")
        assert (refused.status_code, refused.json()["code"]) == (409, "not_refundable")
