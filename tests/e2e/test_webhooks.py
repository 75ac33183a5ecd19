"""Notifications as they really come: forged, broken, twice, in any order, early, late or never."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.e2e.evidence import Shown, alert_code, expect
from tests.e2e.shop import Shop, until

pytestmark = pytest.mark.e2e

PAID = Shown(
    status="paid",
    told="We have received your payment",
    audit=("order.placed", "attempt.opened", "order.paid", "mail.sent"),
    gateway=("1 settlement",),
    mails=("receipt",),
)
UNTOUCHED = Shown(
    status="awaiting_payment",
    told="Please transfer",
    audit=("attempt.opened", "transaction.pending"),
    gateway=("1 pending",),
)


@pytest.fixture
async def customers_pay_the_fee(shop: Shop) -> AsyncIterator[None]:
    await shop.behave(customer_fee_percentage=100)
    yield
    await shop.behave(customer_fee_percentage=0)


def notice(shop: Shop, gateway_order_id: str, key: str | None = None, **changes: Any) -> object:
    """A settlement of the order, rightly signed unless another key is given."""
    document = {
        "order_id": gateway_order_id,
        "transaction_id": "513f1f01-c9da-474c-9fc9-d5c64364b709",
        "transaction_status": "settlement",
        "status_code": "200",
        "gross_amount": "350000.00",
        "payment_type": "bank_transfer",
        "merchant_id": shop.stack.environment["PAYMENTS_MIDTRANS_MERCHANT_ID"],
        "currency": "IDR",
        **changes,
    }
    key = key or shop.stack.environment["PAYMENTS_MIDTRANS_SERVER_KEY"]
    signed = f"{gateway_order_id}{document['status_code']}{document['gross_amount']}{key}"
    return {**document, "signature_key": hashlib.sha512(signed.encode()).hexdigest()}


async def test_a_forged_notification_is_refused_and_changes_nothing(shop: Shop) -> None:
    order_id = (await shop.checkout())["order_id"]

    answer = await shop.notify(notice(shop, f"{order_id}~1", key="somebody-elses-key"))

    assert answer.status_code == 401
    await expect(shop, order_id, UNTOUCHED)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\xff\xfe not even text", id="not text"),
        pytest.param("[1, 2]", id="no object"),
        pytest.param('{"order_id": "SKT-1~1"}', id="without signature"),
    ],
)
async def test_a_malformed_notification_is_refused_by_name_of_the_rule(
    shop: Shop, body: bytes | str
) -> None:
    answer = await shop.notify(body)

    assert answer.status_code == 400
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    "lie",
    [
        pytest.param({"merchant_id": "G000000000"}, id="of another merchant"),
        pytest.param({"gross_amount": "1.00"}, id="of another amount"),
        pytest.param({"currency": "USD"}, id="of another currency"),
        pytest.param({}, id="of a payment that is not there"),
    ],
)
async def test_a_notification_is_only_a_hint_so_that_an_untrue_one_pays_nothing(
    shop: Shop, lie: dict[str, Any]
) -> None:
    order_id = (await shop.checkout())["order_id"]

    answer = await shop.notify(notice(shop, f"{order_id}~1", **lie))

    assert answer.status_code == 200
    await expect(shop, order_id, UNTOUCHED)
    await shop.customer(f"{order_id}~1", "pay")
    await expect(shop, order_id, PAID)


@pytest.mark.usefixtures("customers_pay_the_fee")
async def test_a_fee_that_the_customer_bears_is_no_wrong_amount(shop: Shop) -> None:
    order_id = (await shop.checkout(method="qris"))["order_id"]

    await shop.customer(f"{order_id}~1", "pay")

    paid = await expect(shop, order_id, PAID)
    [transaction] = await shop.at_gateway(order_id)
    assert float(transaction["gross_amount"]) > 350_000
    assert paid["amount"]["value"] == 350_000


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"status": "settlement", "fault": "duplicate:4"}, id="repeated"),
        pytest.param({"status": "pending", "fault": "reorder"}, id="reordered"),
        pytest.param({"fault": "before_response"}, id="before the charge call returns"),
        pytest.param({"status": "settlement", "fault": "delay:4"}, id="late"),
        pytest.param({"fault": "drop"}, id="never"),
    ],
)
async def test_however_notifications_come_the_order_is_paid_once(
    shop: Shop, fault: dict[str, Any]
) -> None:
    order_id = shop.new_order_id()
    gateway_order_id = f"{order_id}~1"
    await shop.plan_faults({"operation": "webhook", "order_id": gateway_order_id, **fault})
    await shop.checkout(order_id=order_id)

    await shop.customer(gateway_order_id, "pay")
    await shop.payment_when(order_id, status="paid")
    if fault["fault"] != "drop":
        times = 5 if fault["fault"].startswith("duplicate") else 1
        await shop.delivered(gateway_order_id, "settlement", times)
    await shop.run(order_id).result()

    await expect(shop, order_id, PAID)
    assert (await shop.feed(order_id)).count("payment.paid") == 1


async def test_a_notification_sent_again_days_later_changes_nothing(shop: Shop) -> None:
    order_id = (await shop.checkout())["order_id"]
    gateway_order_id = f"{order_id}~1"
    await shop.customer(gateway_order_id, "pay")
    paid = await expect(shop, order_id, PAID)
    await shop.run(order_id).result()

    for status in ("pending", "settlement"):
        [sent] = await shop.notifications(gateway_order_id, status)
        await shop.http.post(f"{shop.simulator}/notifications/{sent['id']}/resend")
    await shop.delivered(gateway_order_id, "settlement")
    await shop.run(order_id).result()

    assert await expect(shop, order_id, PAID) == paid


async def test_a_notification_of_an_unknown_order_is_kept_once_when_nothing_is_there(
    shop: Shop,
) -> None:
    order_id = f"{shop.prefix}-nobodys"

    answers = [await shop.notify(notice(shop, f"{order_id}~1")) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert await shop.run(order_id).result() is None
    assert (await shop.get(f"/v1/payments/{order_id}")).status_code == 404
    assert await shop.cases(order_id) == []
    assert await shop.alerts(order_id) == []


async def test_money_of_an_unknown_order_is_a_case_for_a_human(shop: Shop) -> None:
    order_id = f"{shop.prefix}-restored"

    await shop.plant(order_id=f"{order_id}~1", gross_amount=350_000)

    async def alerted() -> list[str] | None:
        return list(map(alert_code, await shop.alerts(order_id))) or None

    assert await until(alerted) == ["unmatched_money"]
    [case] = await shop.cases(order_id)
    assert case.code == "unmatched_money"
    await shop.resolve(case, "noted")
    assert await shop.cases(order_id) == []
    assert (await shop.get(f"/v1/payments/{order_id}")).status_code == 404


async def test_the_dashboards_test_notification_is_taken(shop: Shop) -> None:
    answer = await shop.http.post(f"{shop.simulator}/notifications/test", json={})

    await shop.delivered(answer.json()["order_id"], answer.json()["transaction_status"])
