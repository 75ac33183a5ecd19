"""Money that matches nothing is kept, and matched as soon as its order is known."""

import json
from dataclasses import replace

import pytest

from tests.e2e.evidence import Shown, expect
from tests.e2e.letters import alerted
from tests.e2e.operators import decide, open_case
from tests.e2e.shop import Shop

pytestmark = pytest.mark.e2e

MATCHED = Shown(
    status="checking",
    told="do not pay again",
    audit=("order.placed", "case.matched", "case.mismatch"),
    gateway=("1 settlement",),
    alerts=("unmatched_money", "mismatch"),
    attention="mismatch",
)


async def test_money_of_an_order_that_comes_later_is_matched_and_judged_like_any_other(
    shop: Shop,
) -> None:
    order_id = shop.new_order_id()
    await shop.plant(
        order_id=f"{order_id}~1", gross_amount=350_000, custom_field1="of-another-database"
    )

    unmatched = await open_case(shop, order_id, "unmatched_money")
    await alerted(shop, order_id, "unmatched_money")
    listed = await shop.command("cases", "list", "--json")
    [seen] = [each for each in json.loads(listed.out) if each["order_id"] == order_id]
    assert seen["amount"] == {"value": 350_000, "currency": "IDR"}
    assert seen["case_id"] == int(unmatched.case_id)
    answer = await shop.post("/v1/payments", shop.order(order_id=order_id))

    assert (answer.status_code, answer.json()["status"]) == (202, "checking")
    await expect(shop, order_id, MATCHED)
    # It is not ours by its nonce: whether it counts, a human decides.
    [mismatch] = await shop.cases(order_id)
    assert (await decide(shop, mismatch, "accepted")).exit_code == 0
    paid = await expect(
        shop,
        order_id,
        replace(
            MATCHED,
            status="paid",
            told="We have received your payment",
            audit=(*MATCHED.audit, "case.accepted", "order.paid"),
            mails=("receipt",),
            attention=None,
        ),
    )
    assert paid["attempt"] == 1
