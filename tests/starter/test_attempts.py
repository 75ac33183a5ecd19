"""Paying by another method, on real parts: the old attempt is closed, one new one is opened."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client
from temporalio.exceptions import ApplicationError

from payments.errors import GatewayBusyError, GatewayRefusedError, GatewayUnknownError
from payments.methods import Integration, PaymentMethod
from payments.payment import Payment
from starter.client import PaymentClient
from starter.errors import NotRetryableError
from starter.problems import MEDIA_TYPE, ProblemCode
from tests.starter.conftest import READER_KEY, Shop
from tests.starter.gateway import QR_STRING, SNAP_URL
from tests.starter.orders import order

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]

SHORT = timedelta(seconds=0.7)
QRIS = {"after_attempt": 1, "method": "qris", "integration": "core"}
# Tried again at once, so that the last try fails soon; it never left us either.
NEVER_SENT = GatewayBusyError("too many requests", timedelta(milliseconds=1))
LOST = ApplicationError(
    "timeout", type=GatewayUnknownError.code, next_retry_delay=timedelta(milliseconds=1)
)


@dataclass(frozen=True)
class OutdatedReader:
    """Implements PaymentReader: the payment as it was once, whatever became of it."""

    was: Payment

    async def payment(self, order_id: str) -> Payment | None:
        return self.was


async def try_another(http: httpx.AsyncClient, order_id: str, **changed: Any) -> httpx.Response:
    return await http.post(f"/v1/payments/{order_id}/attempts", json={**QRIS, **changed})


async def test_another_method_is_a_new_attempt_once_the_old_one_is_closed(
    http: httpx.AsyncClient, order_id: str
) -> None:
    first = (await http.post("/v1/payments", json=order(order_id))).json()

    answer = await try_another(http, order_id)

    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/payments/{order_id}"
    body = answer.json()
    assert (body["status"], body["attempt"], body["method"]) == ("awaiting_payment", 2, "qris")
    assert body["instructions"]["qr_string"] == QR_STRING
    assert [attempt["status"] for attempt in body["attempts"]] == ["cancelled", "pending"]
    assert body["expires_at"] >= first["expires_at"]
    assert body["payment_url"] not in (None, first["payment_url"])
    assert body["message"]["id"].endswith("nomor atau kode yang lama.")
    assert body["message"]["en"].endswith("old number or code any more.")
    assert (await http.get(answer.headers["location"])).json() == body


async def test_without_an_integration_it_goes_through_snap(
    http: httpx.AsyncClient, order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))

    answer = await http.post(
        f"/v1/payments/{order_id}/attempts", json={"after_attempt": 1, "method": "gopay"}
    )

    assert answer.json()["instructions"]["redirect_url"] == SNAP_URL


async def test_the_same_wish_again_is_the_same_attempt(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))
    first = await try_another(http, order_id)

    again = await try_another(http, order_id)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert shop.gateway.called[order_id] == 2


async def test_fifty_simultaneous_clicks_are_one_attempt(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))

    answers = await asyncio.gather(*(try_another(http, order_id) for _ in range(50)))

    assert {answer.status_code for answer in answers} <= {200, 201}
    assert answers[0].json()["attempt"] == 2
    assert all(answer.json() == answers[0].json() for answer in answers)
    assert shop.gateway.called[order_id] == 2


async def test_another_method_after_the_same_attempt_is_a_conflict(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))
    first = await try_another(http, order_id)

    answer = await try_another(http, order_id, method="bni_va")

    assert answer.status_code == 409
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.json()["code"] == ProblemCode.ATTEMPT_CONFLICT
    assert answer.json()["payment"] == first.json()
    assert shop.gateway.called[order_id] == 2


async def test_two_different_wishes_at_once_leave_one_attempt(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))

    answers = await asyncio.gather(
        try_another(http, order_id), try_another(http, order_id, method="bni_va")
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {
        ProblemCode.ATTEMPT_CONFLICT
    }
    assert shop.gateway.called[order_id] == 2


async def test_money_that_was_faster_than_the_wish_wins(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))
    shop.gateway.pay(f"{order_id}~1")

    answer = await try_another(http, order_id)
    again = await try_another(http, order_id)

    for each in (answer, again):
        assert each.status_code == 409
        assert each.json()["code"] == ProblemCode.ALREADY_PAID
        assert each.json()["payment"]["status"] == "paid"
    assert shop.gateway.called[order_id] == 1


async def test_a_cancelled_order_is_not_tried_again(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))
    await http.post(f"/v1/payments/{order_id}/cancel", json={"reason": "sold out"})

    answer = await try_another(http, order_id)

    assert answer.status_code == 409
    assert answer.json()["code"] == ProblemCode.NOT_RETRYABLE
    assert answer.json()["payment"]["status"] == "cancelled"
    assert shop.gateway.called[order_id] == 1


async def test_an_order_whose_time_is_over_is_not_tried_again(shop: Shop, order_id: str) -> None:
    shop.gateway.refusals[order_id] = GatewayRefusedError("402", "channel is not active")
    async with shop.http() as http:
        await http.post("/v1/payments", json=order(order_id))
    later = datetime.now(UTC) + timedelta(hours=25)

    async with shop.http(now=lambda: later) as http:
        answer = await try_another(http, order_id)

    assert answer.status_code == 409
    assert answer.json()["code"] == ProblemCode.NOT_RETRYABLE
    assert answer.json()["payment"]["methods"] == []
    assert answer.json()["payment"]["payment_url"] is None


async def test_what_the_workflow_refuses_is_told_as_such(shop: Shop, order_id: str) -> None:
    shop.gateway.stubborn.add(order_id)
    async with shop.http(patience=SHORT) as http:
        await http.post("/v1/payments", json=order(order_id))
        was = await shop.store.payment(order_id)
        assert was is not None
        await http.post(f"/v1/payments/{order_id}/cancel", json={"reason": "sold out"})
    outdated = PaymentClient(shop.temporal, OutdatedReader(was))

    with pytest.raises(NotRetryableError):
        await outdated.try_another(order_id, 1, PaymentMethod.QRIS, Integration.CORE, "test")


async def test_an_order_that_nobody_knows_is_not_found(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    answer = await try_another(http, order_id)

    assert answer.status_code == 404
    assert answer.json()["code"] == ProblemCode.ORDER_UNKNOWN
    assert not await shop.knows(order_id)


BAD = {
    "attempt-zero": ({"after_attempt": 0}, "after_attempt", "at least 1"),
    "attempt-to-come": ({"after_attempt": 2}, "after_attempt", "1 to 1"),
    "attempt-beyond-all": ({"after_attempt": 10**30}, "after_attempt", "at most"),
    "attempt-as-text": ({"after_attempt": "1"}, "after_attempt", "an integer"),
    "unknown-method": ({"method": "paypal"}, "method", "must be one of any"),
    "method-above-its-limit": ({"method": "cimb_va"}, "method", "at most 250000000"),
    "method-not-by-core": ({"method": "dana"}, "integration", "through snap only"),
    "unknown-integration": ({"integration": "app"}, "integration", "snap or core"),
    "misspelt-member": ({"afterAttempt": 1}, "afterAttempt", "is not a member"),
}


@pytest.mark.parametrize(("changed", "field", "rule"), list(BAD.values()), ids=list(BAD))
async def test_bad_input_names_field_and_rule_and_changes_nothing(
    http: httpx.AsyncClient,
    order_id: str,
    changed: dict[str, Any],
    field: str,
    rule: str,
) -> None:
    item = {"id": "RAMP", "name": "Ramp", "price": 300_000_000, "quantity": 1}
    amount = {"value": 300_000_000, "currency": "IDR"}
    await http.post("/v1/payments", json=order(order_id, amount=amount, items=[item]))

    answer = await try_another(http, order_id, **{"method": "bni_va", **changed})

    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == ProblemCode.INVALID_REQUEST
    assert any(e["field"] == field and rule in e["rule"] for e in problem["errors"])
    read = (await http.get(f"/v1/payments/{order_id}")).json()
    assert (read["status"], read["attempt"]) == ("awaiting_payment", 1)


async def test_after_a_refusal_another_method_is_tried(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    for attempt in (1, 2):
        refusal = GatewayRefusedError("402", "channel is not active")
        shop.gateway.refusals[f"{order_id}~{attempt}"] = refusal
    await http.post("/v1/payments", json=order(order_id))

    refused = await try_another(http, order_id, method="bni_va")
    opened = await try_another(http, order_id, after_attempt=2)

    assert refused.status_code == 502
    assert refused.json()["code"] == ProblemCode.GATEWAY_REFUSED
    assert refused.json()["payment"]["status"] == "failed"
    assert refused.json()["payment"]["methods"][-1] == "bni_va"
    assert opened.status_code == 201
    assert opened.json()["attempt"] == 3


async def test_a_charge_that_was_never_sent_is_told_as_such_and_tried_otherwise(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    shop.gateway.refusals[f"{order_id}~1"] = NEVER_SENT

    answer = await http.post("/v1/payments", json=order(order_id))
    again = await http.post("/v1/payments", json=order(order_id))
    tried = await try_another(http, order_id)

    assert answer.status_code == 503
    problem = answer.json()
    assert problem["code"] == ProblemCode.GATEWAY_UNREACHABLE
    assert "tidak ada dana yang diambil" in problem["message"]["id"]
    assert "no money was taken" in problem["message"]["en"]
    assert problem["payment"]["status"] == "failed"
    assert "qris" in problem["payment"]["methods"]
    assert problem["payment"]["payment_url"] is not None
    assert again.status_code == 200
    assert again.json()["status"] == "failed"
    assert tried.status_code == 201
    assert tried.json()["status"] == "awaiting_payment"


async def test_an_attempt_that_was_never_sent_is_told_as_such(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    shop.gateway.refusals[f"{order_id}~2"] = NEVER_SENT
    await http.post("/v1/payments", json=order(order_id))

    answer = await try_another(http, order_id)

    assert answer.status_code == 503
    assert answer.json()["code"] == ProblemCode.GATEWAY_UNREACHABLE
    assert answer.json()["payment"]["attempt"] == 2


async def test_a_charge_whose_outcome_is_unknown_is_being_checked(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    shop.gateway.stubborn.add(order_id)
    shop.gateway.refusals[order_id] = LOST

    answer = await http.post("/v1/payments", json=order(order_id))
    tried = await try_another(http, order_id)

    assert answer.status_code == 202
    assert answer.json()["status"] == "checking"
    assert answer.json()["methods"] == []
    assert "do not pay again" in answer.json()["message"]["en"]
    assert tried.status_code == 409
    assert tried.json()["code"] == ProblemCode.NOT_RETRYABLE


async def test_while_the_old_attempt_cannot_be_closed_there_is_no_new_one(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    shop.gateway.stubborn.add(order_id)
    await http.post("/v1/payments", json=order(order_id))

    async with shop.http(patience=SHORT) as hasty:
        early = await try_another(hasty, order_id)
        other = await try_another(hasty, order_id, method="any", integration="snap")
    shop.gateway.stubborn.discard(order_id)
    was_stuck = await shop.operators().retry_now(order_id, "test", "the gateway is back")
    later = await try_another(http, order_id)

    assert early.status_code == other.status_code == 202
    assert early.json()["status"] == "checking"
    assert early.json()["instructions"] is None
    assert "nomor atau kode yang lama" in early.json()["message"]["id"]
    assert was_stuck
    assert later.status_code in {200, 201}
    assert later.json()["method"] == "qris"
    assert shop.gateway.called[order_id] == 2


async def test_without_temporal_nothing_is_switched(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    first = await http.post("/v1/payments", json=order(order_id))
    nobody = await Client.connect("127.0.0.1:9", lazy=True)

    async with shop.http(patience=SHORT, temporal=nobody) as without:
        answer = await try_another(without, order_id)

    assert answer.status_code == 503
    assert answer.json()["code"] == ProblemCode.TEMPORARILY_UNAVAILABLE
    assert (await http.get(f"/v1/payments/{order_id}")).json() == first.json()


async def test_a_reader_s_key_switches_nothing(
    http: httpx.AsyncClient, shop: Shop, order_id: str
) -> None:
    await http.post("/v1/payments", json=order(order_id))

    async with shop.http(key=READER_KEY) as reader:
        answer = await try_another(reader, order_id)

    assert answer.status_code == 403
    assert shop.gateway.called[order_id] == 1
