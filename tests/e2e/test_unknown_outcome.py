"""Nobody knows whether the charge took effect: looked up, never charged twice, never given up."""

from typing import Any

import pytest

from tests.e2e.evidence import Shown, expect
from tests.e2e.shop import Shop

pytestmark = pytest.mark.e2e

# After the effect: the answer is spoiled. Before it: the same request has none.
LOST_ANSWER = {"nth": 1, "fault": "malformed"}


def charge(order: dict[str, Any], **fault: object) -> dict[str, object]:
    """A fault of the charge of the order's first attempt."""
    return {"operation": "charge", "order_id": f"{order['order_id']}~1", **fault}


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param([{"nth": 1, "fault": "timeout_after"}], id="timeout after the effect"),
        pytest.param([{"nth": 1, "fault": "status:202"}], id="an equal request still runs"),
        pytest.param([LOST_ANSWER], id="half an answer"),
        pytest.param([{"nth": 1, "fault": "refuse"}], id="the connection breaks"),
        pytest.param([{"nth": 1, "fault": "html:502"}], id="a proxy's page"),
        pytest.param([LOST_ANSWER, {"nth": 2, "fault": "status:503"}], id="answer lost, then 5xx"),
        # The gateway has forgotten the idempotency key, but not the order id.
        pytest.param([LOST_ANSWER, {"nth": 2, "fault": "status:406"}], id="406 duplicate"),
    ],
)
async def test_a_charge_of_unknown_outcome_is_made_once_and_then_paid(
    shop: Shop, faults: list[dict[str, Any]]
) -> None:
    order = shop.order()
    order_id = order["order_id"]
    await shop.plan_faults(*(charge(order, **fault) for fault in faults))

    answer = await shop.post("/v1/payments", order)

    assert answer.status_code == 201
    number = answer.json()["instructions"]["va_number"]
    [transaction] = await shop.at_gateway(order_id)
    assert transaction["va_numbers"][0]["va_number"] == number
    await shop.customer(f"{order_id}~1", "pay")
    await expect(
        shop,
        order_id,
        Shown(
            status="paid",
            told="We have received your payment",
            audit=("attempt.accepted", "attempt.opened", "order.paid"),
            gateway=("1 settlement",),
            mails=("receipt",),
        ),
    )


async def test_a_snap_page_of_unknown_outcome_is_opened_anew_under_the_same_id(shop: Shop) -> None:
    order = shop.order(method="any", integration="snap")
    gateway_order_id = f"{order['order_id']}~1"
    await shop.plan_faults(
        {"operation": "snap_create", "order_id": gateway_order_id, **LOST_ANSWER}
    )

    answer = await shop.post("/v1/payments", order)

    assert answer.status_code == 201
    page = await shop.http.get(answer.json()["instructions"]["redirect_url"])
    assert page.is_success, "the token that the customer was given is the one that counts"
    await shop.customer(gateway_order_id, "pay", method="gopay")
    await expect(
        shop,
        order["order_id"],
        Shown(
            status="paid",
            told="We have received your payment",
            audit=("attempt.opened", "order.paid"),
            gateway=("1 settlement",),
            mails=("receipt",),
        ),
    )


async def test_what_stays_unknown_is_checked_and_closed_and_never_charged_again(
    shop: Shop,
) -> None:
    order = shop.order()
    order_id = order["order_id"]
    gateway_order_id = f"{order_id}~1"
    await shop.plan_faults(
        charge(order, **LOST_ANSWER),
        charge(order, nth=2, times=4, fault="status:503"),
        # While the gateway does not let itself be closed, nobody knows either.
        {"operation": "expire", "order_id": gateway_order_id, "times": 2, "fault": "status:503"},
    )

    answer = await shop.post("/v1/payments", order)

    body = answer.json()
    assert (answer.status_code, body["status"]) == (202, "checking")
    assert "do not pay again" in body["message"]["en"]
    assert body["instructions"] is None
    failed = await expect(
        shop,
        order_id,
        Shown(
            status="failed",
            told="no money was taken",
            audit=("order.placed", "attempt.closing", "transaction.expired"),
            gateway=("1 expire",),
            mails=("failure",),
        ),
    )
    assert failed["methods"]


async def test_money_that_came_while_nobody_knew_is_found(shop: Shop) -> None:
    order = shop.order()
    order_id = order["order_id"]
    gateway_order_id = f"{order_id}~1"
    await shop.plan_faults(
        charge(order, **LOST_ANSWER),
        charge(order, nth=2, times=4, fault="status:503"),
        {"operation": "expire", "order_id": gateway_order_id, "times": 2, "fault": "status:503"},
        {"operation": "webhook", "order_id": gateway_order_id, "fault": "drop"},
    )

    answer = await shop.post("/v1/payments", order)
    await shop.customer(gateway_order_id, "pay")

    assert answer.json()["status"] == "checking"
    await expect(
        shop,
        order_id,
        Shown(
            status="paid",
            told="We have received your payment",
            audit=("attempt.closing", "order.paid"),
            gateway=("1 settlement",),
            mails=("receipt",),
        ),
    )
