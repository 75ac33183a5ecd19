"""Midtrans says no before any money can move: no retry, a clear error, another method."""

import pytest

from tests.e2e.evidence import Shown, expect
from tests.e2e.shop import Shop

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    ("code", "alerts"),
    [
        pytest.param("400", (), id="the request"),
        pytest.param("401", ("gateway_refuses",), id="our key"),
        pytest.param("402", ("gateway_refuses",), id="a method that is not activated"),
    ],
)
async def test_a_refused_charge_is_told_at_once_and_alerts_when_it_is_our_fault(
    shop: Shop, code: str, alerts: tuple[str, ...]
) -> None:
    order = shop.order(method="gopay")
    order_id = order["order_id"]
    await shop.plan_faults(
        {"operation": "charge", "order_id": f"{order_id}~1", "fault": f"status:{code}"}
    )

    answer = await shop.post("/v1/payments", order)

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (502, "gateway_refused")
    assert "no money was taken" in problem["message"]["en"]
    assert "tidak ada dana" in problem["message"]["id"]
    assert problem["payment"]["status"] == "failed"
    failed = await expect(
        shop,
        order_id,
        Shown(
            status="failed",
            told="no money was taken",
            audit=("order.placed", "attempt.accepted", "attempt.refused", "mail.sent"),
            gateway=(),
            mails=("failure",),
            alerts=alerts,
        ),
    )
    assert failed["methods"][-1] == "gopay", "the one that failed is offered last"


async def test_after_a_refusal_another_method_is_paid(shop: Shop) -> None:
    order = shop.order(method="gopay")
    order_id = order["order_id"]
    await shop.plan_faults(
        {"operation": "charge", "order_id": f"{order_id}~1", "fault": "status:402"}
    )
    assert (await shop.post("/v1/payments", order)).status_code == 502

    another = {"after_attempt": 1, "method": "qris", "integration": "core"}
    answer = await shop.post(f"/v1/payments/{order_id}/attempts", another)

    assert answer.json()["instructions"]["kind"] == "qr"
    await shop.customer(f"{order_id}~2", "pay")
    await expect(
        shop,
        order_id,
        Shown(
            status="paid",
            told="We have received your payment",
            audit=("attempt.refused", "attempt.opened", "order.paid"),
            gateway=("2 settlement",),
            mails=("failure", "receipt"),
            alerts=("gateway_refuses",),
        ),
    )
