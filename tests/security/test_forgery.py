"""What only looks like Midtrans' word is refused; what is an old word of Midtrans' is but a hint."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from adapters.postgres.tables import gateway_reports
from tests.starter.conftest import Shop
from tests.starter.orders import order
from tests.starter.test_decisions import until
from tests.webhook_bridge.conftest import WEBHOOK
from tests.webhook_bridge.notifications import SERVER_KEY, notification, signature

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]

PART = {"value": 50_000, "currency": "IDR"}
GENUINE = signature("SKT-1~1", SERVER_KEY)


def genuine(gateway_order_id: str = "SKT-1~1") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(notification(gateway_order_id))
    return found


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({"order_id": "SKT-2~1"}, id="another-order"),
        pytest.param({"order_id": "SKT-1~2"}, id="another-attempt"),
        pytest.param({"order_id": "skt-1~1"}, id="another-case"),
        pytest.param({"order_id": "SKT-\uff11~1"}, id="full-width-digit"),
        pytest.param({"order_id": "\u0405KT-1~1"}, id="cyrillic-letter"),
        pytest.param({"order_id": "SKT-1~1 "}, id="trailing-space"),
        pytest.param({"order_id": "SKT-1~1\u200b"}, id="zero-width-space"),
        pytest.param({"status_code": "201"}, id="another-code"),
        pytest.param({"status_code": "\u0662\u0660\u0660"}, id="arabic-digits"),
        pytest.param({"gross_amount": "150000.0"}, id="same-amount-written-otherwise"),
        pytest.param({"gross_amount": "1500000.00"}, id="another-amount"),
        pytest.param({"signature_key": GENUINE.upper()}, id="signature-in-capitals"),
        pytest.param({"signature_key": f" {GENUINE}"}, id="signature-with-space"),
        pytest.param({"signature_key": GENUINE[:-1]}, id="signature-cut"),
        pytest.param({"signature_key": GENUINE + GENUINE}, id="signature-twice"),
        pytest.param({"signature_key": signature("SKT-1~1", "")}, id="signed-without-key"),
        pytest.param({"signature_key": signature("SKT-1~1", "other")}, id="another-account"),
        pytest.param({"signature_key": "\uff10" * 128}, id="full-width-signature"),
    ],
)
async def test_one_changed_character_is_a_forgery(
    bridge: httpx.AsyncClient, members: dict[str, object]
) -> None:
    answer = await bridge.post(WEBHOOK, json={**genuine(), **members})

    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_signature"


@pytest.mark.parametrize("name", ["order_id", "status_code", "gross_amount", "signature_key"])
@pytest.mark.parametrize("value", [None, True, [], ["200"], {}, {"$ne": ""}, 1e308, 10**400])
async def test_what_was_signed_must_be_text(
    bridge: httpx.AsyncClient, name: str, value: object
) -> None:
    answer = await bridge.post(WEBHOOK, content=json.dumps({**genuine(), name: value}))

    # An order id that is a number keeps its digits, which were not what was signed.
    assert answer.status_code == (401 if name == "order_id" and value in (1e308, 10**400) else 400)


@pytest.mark.parametrize("repeated", ["order_id", "gross_amount", "status_code", "signature_key"])
async def test_of_a_member_written_twice_the_one_that_is_read_is_the_one_that_is_checked(
    bridge: httpx.AsyncClient, repeated: str
) -> None:
    body = json.dumps(genuine())
    first = json.dumps({repeated: genuine()[repeated]})[:-1]
    forged = f'{first}, {body[1:-1]}, "{repeated}": "forged"}}'

    answer = await bridge.post(WEBHOOK, content=forged)

    assert answer.status_code == 401


@pytest.mark.parametrize(
    "number", ["NaN", "-Infinity", "1e99999", "9" * 60_000, "-0", "0.1" + "0" * 5000]
)
async def test_no_number_breaks_the_bridge(bridge: httpx.AsyncClient, number: str) -> None:
    body = notification("SKT-1~1", key="guessed")[:-1] + f', "x": {number}}}'.encode()

    assert (await bridge.post(WEBHOOK, content=body)).status_code in {400, 401}


class Sender:
    """Somebody who has a notification that Midtrans once signed, and changes what is not signed."""

    def __init__(self, bridge: httpx.AsyncClient, shop: Shop, order_id: str) -> None:
        self._bridge = bridge
        self._shop = shop
        self._order_id = order_id
        self._sent = 0

    async def send(self, **members: object) -> None:
        """Send it, and wait until the order's run has looked at it."""
        self._sent += 1
        body = {**genuine(f"{self._order_id}~1"), **members, "number": self._sent}

        answer = await self._bridge.post(WEBHOOK, json=body)

        assert answer.json() == {"status": "accepted"}
        await until(self._all_are_kept)

    async def _all_are_kept(self) -> bool:
        query = (
            select(func.count())
            .select_from(gateway_reports)
            .where(gateway_reports.c.order_id == self._order_id)
        )
        async with self._shop.engine.connect() as connection:
            return (await connection.execute(query)).scalar_one() == self._sent


@pytest.fixture
def sender(bridge: httpx.AsyncClient, shop: Shop, order_id: str) -> Sender:
    return Sender(bridge, shop, order_id)


@pytest.fixture
async def url(http: httpx.AsyncClient, order_id: str) -> str:
    """The address of an order that awaits payment by QRIS."""
    await http.post("/v1/payments", json=order(order_id, method="qris"))
    return f"/v1/payments/{order_id}"


@pytest.mark.parametrize(
    "members",
    [
        pytest.param({}, id="settlement"),
        pytest.param({"transaction_status": "deny"}, id="deny"),
        pytest.param({"transaction_status": "expire"}, id="expire"),
        pytest.param({"transaction_status": "refund"}, id="refund"),
        pytest.param({"transaction_status": "chargeback"}, id="chargeback"),
        pytest.param({"currency": "USD", "merchant_id": "G1"}, id="another-merchant"),
        pytest.param({"transaction_id": "';DROP/**/TABLE/**/orders;--"}, id="sql"),
    ],
)
async def test_what_midtrans_does_not_confirm_changes_nothing(
    http: httpx.AsyncClient,
    shop: Shop,
    sender: Sender,
    url: str,
    order_id: str,
    members: dict[str, object],
) -> None:
    before = (await http.get(url)).json()

    await sender.send(**members)

    async def is_asked_about() -> bool:
        return shop.gateway.asked[order_id] > 0

    await until(is_asked_about)
    await sender.send(**members)
    assert (await http.get(url)).json() == before


async def test_what_midtrans_confirms_counts(
    http: httpx.AsyncClient, shop: Shop, sender: Sender, url: str, order_id: str
) -> None:
    shop.gateway.pay(f"{order_id}~1")

    await sender.send(transaction_status="pending")

    await until(stands(http, url, "paid"))


async def test_an_old_settlement_changes_nothing_after_a_refund(
    http: httpx.AsyncClient,
    desk: httpx.AsyncClient,
    shop: Shop,
    sender: Sender,
    url: str,
    order_id: str,
) -> None:
    shop.gateway.pay(f"{order_id}~1")
    settlement = {"transaction_id": f"T-{order_id}~1"}
    await sender.send(**settlement)
    await until(stands(http, url, "paid"))
    wish = {"refund_key": "half", "reason": "sent back", "amount": PART}
    await desk.post(f"{url}/refunds", json=wish)
    await until(stands(http, url, "partially_refunded"))
    before = (await http.get(url)).json()

    for _ in range(3):
        await sender.send(**settlement)

    assert (await http.get(url)).json() == before
    assert len(shop.gateway.given_back[f"{order_id}~1"]) == 1


async def test_a_signature_that_fits_another_attempt_makes_none(
    http: httpx.AsyncClient, shop: Shop, sender: Sender, url: str, order_id: str
) -> None:
    """Nothing parts the signed members: `~1` and `200` are signed like `~12` and `00`."""
    before = (await http.get(url)).json()

    await sender.send(order_id=f"{order_id}~12", status_code="00")

    async def is_asked_about() -> bool:
        return shop.gateway.asked[order_id] > 0

    await until(is_asked_about)
    assert (await http.get(url)).json() == before


def stands(http: httpx.AsyncClient, url: str, status: str) -> Callable[[], Awaitable[bool]]:
    async def is_so() -> bool:
        return bool((await http.get(url)).json()["status"] == status)

    return is_so
