from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.simulator.gateway import BCA, GOPAY, Document, Gateway, order

KEY = {"Idempotency-Key": "charge-1"}
PERMATA: Document = {"payment_type": "bank_transfer", "bank_transfer": {"bank": "permata"}}


def test_a_key_returns_the_first_answer_whatever_is_asked(gateway: Gateway) -> None:
    first = gateway.post("/v2/charge", order() | BCA, **KEY)

    assert gateway.post("/v2/charge", order("SKT-2~1") | GOPAY, **KEY) == first
    assert gateway.post("/v2/SKT-1~1/cancel", {}, **KEY) == first
    assert gateway.status()["transaction_status"] == "pending"


def test_a_key_is_forgotten_after_five_minutes(gateway: Gateway) -> None:
    gateway.post("/v2/charge", order() | BCA, **KEY)
    gateway.advance(minutes=5)

    assert gateway.post("/v2/charge", order() | BCA, **KEY)["status_code"] == "406"


@pytest.mark.parametrize(
    ("key", "method"), [("k" * 47, BCA), ("k", PERMATA)], ids=["too long", "permata"]
)
def test_a_key_that_does_not_count_is_ignored_in_silence(
    gateway: Gateway, key: str, method: Document
) -> None:
    headers = {"Idempotency-Key": key}
    gateway.post("/v2/charge", order() | method, **headers)

    assert gateway.post("/v2/charge", order() | method, **headers)["status_code"] == "406"


def test_a_refusal_is_not_kept(gateway: Gateway) -> None:
    assert gateway.post("/v2/charge", order(amount=0) | BCA, **KEY)["status_code"] == "400"

    assert gateway.post("/v2/charge", order() | BCA, **KEY)["status_code"] == "201"


def test_a_key_whose_request_still_runs_gets_http_202(gateway: Gateway) -> None:
    gateway.behave(latency_ms=500)

    def charge(_: int) -> int:
        return gateway.http.post("/v2/charge", json=order() | BCA, headers=KEY).status_code

    with ThreadPoolExecutor(2) as both:
        codes = sorted(both.map(charge, range(2)))

    assert codes == [200, 202]
    assert len(gateway.transactions()) == 1
